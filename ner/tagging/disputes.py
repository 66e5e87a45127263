"""Annotated entities that a tagger disputes, and entities it is sure of that the annotation lacks."""

import dataclasses
from collections.abc import Iterable, Sequence
from typing import Optional

from ner.data.examples import Example
from ner.evaluation.error_analysis import analyse
from ner.tags import Span


@dataclasses.dataclass(frozen=True)
class Dispute:
    """One entity on which tagger and annotation disagree.

    Attributes:
      example: the sentence.
      kind: a key of ``ner.evaluation.error_analysis.CATEGORIES``: ``missed`` is an annotated entity that the tagger has nothing for,
        ``spurious`` one of the tagger's that the annotation has nothing for.
      annotated: the annotated entity, None where there is none.
      proposed: the tagger's entity there, None where it has none.
      probability: the tagger's probability that the annotation is wrong: that the annotated entity is none, or that the proposed is one.
    """

    example: Example
    kind: str
    annotated: Optional[Span]
    proposed: Optional[Span]
    probability: float

    def to_dict(self) -> dict:
        """JSON-ready dict, as a line of a file of corrections; see :mod:`ner.data.corrections`."""
        text = self.example.text

        def entity(span):
            return (
                None if span is None else {"start": span.start, "end": span.end, "label": span.label, "text": text[span.start : span.end]}
            )

        return {
            "accept": False,
            "file": self.example.source,
            "line": self.example.line,
            "kind": self.kind,
            "probability": round(self.probability, 4),
            "remove": entity(self.annotated),
            "add": entity(self.proposed),
            "text": text,
        }


def find_disputes(examples: Sequence[Example], posteriors: Iterable, threshold: float = 0.9, scheme: str = "BIO") -> list[Dispute]:
    """Disputes of a corpus, the surest first.

    Args:
      examples: N sentences.
      posteriors: N ``ner.tagging.posteriors.TextPosterior``, each asked about the entities of its sentence.
      threshold: the least probability that the annotation is wrong.
      scheme: that of the examples' tags.
    """
    found = []
    for example, posterior in zip(examples, posteriors):
        spans = example.spans(scheme)
        probabilities = dict(zip(spans, posterior.given))
        for error in analyse([example.text], [spans], [posterior.spans]).errors:
            if error.gold is None:
                probability = error.score
            elif not error.misses:
                continue  # disputed already, together with another of the tagger's
            elif probabilities[error.gold] is None:
                continue
            else:
                probability = 1.0 - probabilities[error.gold]
            if probability >= threshold:
                found.append(Dispute(example, error.category, error.gold, error.predicted, probability))
    return sorted(found, key=lambda dispute: -dispute.probability)
