"""Differences between two readings of the same texts: two taggers', or a tagger's and the gold one."""

import collections
import dataclasses
from collections.abc import Sequence
from typing import Optional

from ner.evaluation.error_analysis import CATEGORIES, Error, analyse
from ner.evaluation.scores import Score, Scores, score_spans

# The kinds of ``ner.evaluation.error_analysis`` in the order of reports, in words for two readings of equal standing.
KINDS = dict(zip(CATEGORIES, ("only the first", "only the second", "other borders", "another type", "nested", "another type and borders")))


@dataclasses.dataclass(frozen=True)
class Comparison:
    """Differences between a first and a second reading.

    Attributes:
      agreement: ``Score`` of the second reading against the first: entities of both, of the second, of the first.
      differences: list of ``ner.evaluation.error_analysis.Error``; ``gold`` is the first reading's entity, ``predicted`` the second's.
      kinds: dict from a kind in words to the number of differences.
      by_type: dict from an entity type to its ``Score``, as ``agreement``.
      sentences: how many texts are read differently.
      scores: of both readings against the gold one; None without it.
      counts: for each reading, correct, predicted and gold entities of each text, ints [N, 3]; None without gold.
    """

    agreement: Score
    differences: list[Error]
    kinds: dict
    by_type: dict
    sentences: int
    scores: Optional[tuple[Scores, Scores]] = None
    counts: Optional[tuple[list, list]] = None

    def to_dict(self) -> dict:
        """JSON-ready dict of the numbers."""
        return {
            "both": self.agreement.correct,
            "first": self.agreement.support,
            "second": self.agreement.predicted,
            "f1_between": self.agreement.f1,
            "sentences_that_differ": self.sentences,
            "kinds": self.kinds,
            "by_type": {label: dataclasses.asdict(score) for label, score in self.by_type.items()},
            **({} if self.scores is None else {"scores": [scores.to_dict() for scores in self.scores]}),
        }


def compare(texts: Sequence[str], first: Sequence, second: Sequence, gold: Optional[Sequence] = None) -> Comparison:
    """Compare two readings.

    Args:
      texts: N strings.
      first, second: N lists of (``Span``, probability or None) each.
      gold: N lists of ``Span``, or None.
    """
    spans = [[[span for span, _ in entities] for entities in reading] for reading in (first, second)]
    errors = analyse(texts, spans[0], second).errors
    counts = collections.Counter(error.category for error in errors)
    scores = score_spans(*spans)
    judged = None if gold is None else tuple(score_spans(gold, reading) for reading in spans)
    rows = None if gold is None else tuple([[len({*g} & {*p}), len(p), len(g)] for g, p in zip(gold, reading)] for reading in spans)
    kinds = {words: counts[category] for category, words in KINDS.items()}
    return Comparison(scores.overall, errors, kinds, scores.per_type, len({error.sentence for error in errors}), judged, rows)
