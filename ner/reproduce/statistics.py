"""Means over seeds, and whether a difference between two systems is more than chance.

Shapes: N test sentences, R resamples.
"""

import dataclasses
import statistics

import numpy as np

RESAMPLES = 10_000
_BLOCK = 500


@dataclasses.dataclass(frozen=True)
class Difference:
    """F1, precision or recall of a first system less that of a second, in points.

    Attributes:
      value: the difference on the test set as it is.
      low, high: the middle 95 % of the resampled differences.
      p: share of the resamples in which the system that is ahead is not; small values speak against chance. 1 when neither is ahead.
    """

    value: float
    low: float
    high: float
    p: float


def mean_and_spread(values):
    """(mean, sample standard deviation) of some numbers; the latter is None for a single one."""
    values = list(values)
    return statistics.fmean(values), statistics.stdev(values) if len(values) > 1 else None


def paired_bootstrap(first, second, resamples=RESAMPLES, seed=1, measure="f1"):
    """Compare two systems by drawing test sentences with replacement, the same ones for both (Koehn, 2004).

    Args:
      first, second: int [N, 3], each sentence's correct, predicted and gold entities; summed over a system's seeds.
      resamples: R.
      seed: of the draws.
      measure: ``f1``, ``precision`` or ``recall``.

    Returns:
      ``Difference``.
    """
    counts = np.concatenate([np.asarray(first, np.float64), np.asarray(second, np.float64)], axis=1)
    random = np.random.default_rng(seed)
    differences = []
    for start in range(0, resamples, _BLOCK):
        draws = random.multinomial(len(counts), np.full(len(counts), 1.0 / len(counts)), size=min(_BLOCK, resamples - start))
        differences.append(_difference(draws @ counts, measure))
    differences = np.concatenate(differences)
    observed = float(_difference(counts.sum(axis=0), measure))
    low, high = np.percentile(differences, [2.5, 97.5])
    p = float(np.mean(differences * np.sign(observed) <= 0.0)) if observed else 1.0
    return Difference(observed, float(low), float(high), p)


def _difference(totals, measure):
    """Points of a measure from [..., 6] counts of both systems."""
    first, second = (_points(totals[..., i : i + 3], measure) for i in (0, 3))
    return first - second


def _points(counts, measure):
    correct, predicted, gold = (counts[..., i] for i in range(3))
    of = {"f1": (predicted + gold) / 2.0, "precision": predicted, "recall": gold}[measure]
    return 100.0 * correct / np.maximum(of, 0.5)
