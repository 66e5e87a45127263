"""Entity-level precision, recall and F1, per type and overall."""

import collections
import dataclasses
from collections.abc import Iterable, Sequence
from typing import Any

from ner.display import html
from ner.tags import spans_from_tags


@dataclasses.dataclass(frozen=True)
class Score:
    """Counts of one entity type, or of all (paper, eqs. 20-22).

    Attributes:
      correct: entities predicted with exactly the gold span and type.
      predicted: entities predicted.
      support: entities in the gold annotation.
    """

    correct: int
    predicted: int
    support: int

    @property
    def precision(self) -> float:
        """correct / predicted, 0 when nothing was predicted."""
        return self.correct / self.predicted if self.predicted else 0.0

    @property
    def recall(self) -> float:
        """correct / support, 0 when there is nothing to find."""
        return self.correct / self.support if self.support else 0.0

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall."""
        total = self.predicted + self.support
        return 2.0 * self.correct / total if total else 0.0

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready dict of the measures (fractions, not percent) and the counts."""
        measures = {"precision": self.precision, "recall": self.recall, "f1": self.f1}
        return {**measures, **dataclasses.asdict(self)}


@dataclasses.dataclass(frozen=True)
class Scores:
    """One reading's scores.

    Attributes:
      per_type: dict from entity type to ``Score``, sorted by type.
      overall: ``Score`` over all types (micro average).
    """

    per_type: dict[str, Score]
    overall: Score

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready dict."""
        return {"overall": self.overall.to_dict(), "per_type": {label: score.to_dict() for label, score in self.per_type.items()}}


@dataclasses.dataclass(frozen=True, repr=False)
class Evaluation:
    """Scores in both readings of tag sequences that break the scheme.

    Attributes:
      conlleval: an ``I-X`` that continues nothing opens an entity, as in the classic conlleval script and seqeval's default.
      strict: such a tag is no entity, as in seqeval's strict mode. This forgives illegal predictions, so it is not the headline.
      num_sentences: sentences scored.
    """

    conlleval: Scores
    strict: Scores
    num_sentences: int

    @property
    def readings(self) -> tuple[Scores, Scores]:
        """The two readings, the headline first."""
        return self.conlleval, self.strict

    @property
    def labels(self) -> list[str]:
        """Every entity type of either reading, sorted."""
        return sorted({label for reading in self.readings for label in reading.per_type})

    def __repr__(self) -> str:
        return format_table(self)

    def _repr_html_(self) -> str:
        header = ("", *(f"{name}{reading}" for reading in ("", ", strict") for name in ("P", "R", "F1", "support")))
        return html.table(header, ((label, *map(str.strip, cells)) for label, cells in _rows(self)))

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready dict."""
        return {"num_sentences": self.num_sentences, "conlleval": self.conlleval.to_dict(), "strict": self.strict.to_dict()}


def evaluate(gold: Sequence[Sequence[str]], predicted: Sequence[Sequence[str]], scheme: str = "BIO") -> Evaluation:
    """Score predicted tag sequences against gold ones.

    Args:
      gold, predicted: sequences of tag sequences (``["B-PER", "I-PER", "O"], …``), the same lengths in the same order.
      scheme: the tagging scheme of both.

    Returns:
      ``Evaluation``.

    Raises:
      ValueError: the numbers of sentences or the lengths of a pair differ.
    """
    if len(gold) != len(predicted):
        raise ValueError(f"evaluate: {len(gold)} gold sentences, {len(predicted)} predicted")
    for i, (g, p) in enumerate(zip(gold, predicted)):
        if len(g) != len(p):
            raise ValueError(f"evaluate: sentence {i} has {len(g)} gold tags, {len(p)} predicted")
    readings = []
    for strict in (False, True):
        gold_spans = [spans_from_tags(tags, scheme, strict) for tags in gold]
        predicted_spans = [spans_from_tags(tags, scheme, strict) for tags in predicted]
        readings.append(score_spans(gold_spans, predicted_spans))
    return Evaluation(readings[0], readings[1], len(gold))


def score_spans(gold: Iterable[Iterable[tuple[int, int, str]]], predicted: Iterable[Iterable[tuple[int, int, str]]]) -> Scores:
    """``Scores`` of predicted spans against gold spans, both one list of (start, end, label) per sentence."""
    correct: collections.Counter[str] = collections.Counter()
    found: collections.Counter[str] = collections.Counter()
    support: collections.Counter[str] = collections.Counter()
    for g, p in zip(gold, predicted):
        support.update(span[2] for span in g)
        found.update(span[2] for span in p)
        correct.update(span[2] for span in set(g) & set(p))
    labels = sorted({*support, *found})
    per_type = {label: Score(correct[label], found[label], support[label]) for label in labels}
    return Scores(per_type, Score(sum(correct.values()), sum(found.values()), sum(support.values())))


def format_table(evaluation: Evaluation) -> str:
    """The paper's Table 3 with support, in percent: the conlleval reading on the left, the strict one on the right.

    The two supports differ where the gold annotation itself breaks the scheme; a last line says so.
    """
    columns = f"{'P':>8}{'R':>8}{'F1':>8}{'support':>10}"
    lines = [f"{'':9}{'conlleval reading':>34}   {'strict reading':>34}", f"{'':9}{columns}   {columns}"]
    for label, cells in _rows(evaluation):
        lines.append(f"{label:9}" + "   ".join("".join(cells[first : first + 4]) for first in (0, 4)))
    extra = evaluation.conlleval.overall.support - evaluation.strict.overall.support
    if extra:
        lines.append(f"{extra} gold entities do not begin with the tag their scheme asks for: the strict reading leaves them out.")
    return "\n".join(lines)


def _rows(evaluation: Evaluation) -> Iterable[tuple[str, list[str]]]:
    """(label, eight cells of the table) of each type and of all together."""
    none = Score(0, 0, 0)
    rows = [(label, [reading.per_type.get(label, none) for reading in evaluation.readings]) for label in evaluation.labels]
    for label, scores in (*rows, ("overall", [reading.overall for reading in evaluation.readings])):
        yield (
            label,
            [cell for s in scores for cell in (*(f"{100 * v:8.2f}" for v in (s.precision, s.recall, s.f1)), f"{s.support:10,}")],
        )
