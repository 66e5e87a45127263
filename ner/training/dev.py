"""The dev set's scores and confusions, counted by all workers together.

Each worker tags every n-th sentence; what they find are whole numbers, whose sums are exact: no sentence is left out or counted
twice, whatever the number of workers.
"""

import dataclasses

import numpy as np

from ner.evaluation.scores import Evaluation, Score, Scores, evaluate
from ner.tags import spans_from_tags


@dataclasses.dataclass(frozen=True)
class DevResult:
    """Results of a model on the dev set.

    Attributes:
      evaluation: ``Evaluation``.
      types: the entity types.
      confusion: int64 [len(types) + 1, len(types) + 1], gold type by predicted type of the entities with the same start and
        end; the last row and column count those without such a counterpart.
    """

    evaluation: Evaluation
    types: tuple
    confusion: np.ndarray

    def columns(self):
        """dict of floats in [0, 1] for the history: ``dev_precision``, ``dev_recall``, ``dev_f1``, and those of each type behind a slash.

        Conlleval reading; a type that occurs neither in the annotation nor among what was found has zeros.
        """
        scores = self.evaluation.conlleval
        none = Score(0, 0, 0)
        rows = [("", scores.overall), *((f"/{label}", scores.per_type.get(label, none)) for label in self.types)]
        return {f"dev_{name}{suffix}": getattr(score, name) for suffix, score in rows for name in ("precision", "recall", "f1")}


class DevSet:
    """Scores a model on the dev set.

    Args:
      predictor: ``Predictor`` of the model.
      examples: all of the dev set's ``Example``s.
      distribution: ``Distribution``.
    """

    def __init__(self, predictor, examples, distribution):
        self._predictor = predictor
        self._share = examples[distribution.worker :: distribution.num_workers]
        self._distribution = distribution

    def __call__(self, progress=None):
        """``DevResult``; every worker has to call this. ``progress`` is called with the sentences done after each batch."""
        tag_set = self._predictor.tag_set
        types = tuple(tag_set.types)
        gold = [example.tags for example in self._share]
        predicted = self._predictor.tags([example.text for example in self._share], progress)
        share = evaluate(gold, predicted, tag_set.scheme)
        counts = np.concatenate(
            [
                [share.num_sentences],
                *(_counts(reading, types) for reading in share.readings),
                confusion(gold, predicted, types, tag_set.scheme).ravel(),
            ]
        )
        total = self._distribution.sum_over_workers(counts)
        size = 3 * len(types)
        readings = (_scores(total[1 + i * size : 1 + (i + 1) * size], types) for i in range(2))
        matrix = total[1 + 2 * size :].reshape([len(types) + 1, len(types) + 1])
        return DevResult(Evaluation(*readings, int(total[0])), types, matrix)


def confusion(gold, predicted, types, scheme):
    """``DevResult.confusion`` of tag sequences in the conlleval reading."""
    index = {label: i for i, label in enumerate(types)}
    none = len(types)
    matrix = np.zeros([none + 1, none + 1], np.int64)
    for g, p in zip(gold, predicted):
        gold_spans = {(span.start, span.end): index[span.label] for span in spans_from_tags(g, scheme)}
        found = {(span.start, span.end): index[span.label] for span in spans_from_tags(p, scheme)}
        for place in {*gold_spans, *found}:
            matrix[gold_spans.get(place, none), found.get(place, none)] += 1
    return matrix


def _counts(scores, types):
    none = Score(0, 0, 0)
    return [n for label in types for n in dataclasses.astuple(scores.per_type.get(label, none))]


def _scores(counts, types):
    counts = counts.reshape([len(types), 3])
    # As ``evaluate`` has it: types that occur neither in the annotation nor among what was found are left out.
    per_type = {label: Score(*map(int, row)) for label, row in sorted(zip(types, counts)) if row.any()}
    return Scores(per_type, Score(*(int(n) for n in counts.sum(axis=0))))
