"""Calibration: do scores match the observed precision? Of the entities scored 0.8, 80 % should be correct."""

import dataclasses

import numpy as np

from albert.errors import FieldError
from albert.files import atomic_write


@dataclasses.dataclass(frozen=True)
class Bin:
    """Entities with a score in ``(low, high]`` (the first bin also has those scored 0).

    Attributes:
      low, high: the bin's edges.
      count: its entities.
      confidence: mean of their scores, 0 in an empty bin.
      precision: share of them that are correct, 0 in an empty bin.
    """

    low: float
    high: float
    count: int
    confidence: float
    precision: float


@dataclasses.dataclass(frozen=True)
class Calibration:
    """Distance of scores from the observed precision (Guo et al., 2017, "On calibration of modern neural networks").

    Attributes:
      bins: tuple of :class:`Bin` of equal width.
      expected_error: expected calibration error: mean of |precision - confidence| over the bins, weighted by their counts.
      maximum_error: the largest |precision - confidence| of a bin that is not empty.
      brier_score: mean squared difference of score and correctness (1 or 0).
      count: all entities.
    """

    bins: tuple
    expected_error: float
    maximum_error: float
    brier_score: float
    count: int

    def to_dict(self):
        """JSON-ready dict."""
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, values):
        """Calibration from ``to_dict``'s result."""
        return cls(**{**values, "bins": tuple(Bin(**row) for row in values["bins"])})


def calibrate(scores, correct, num_bins=10):
    """Compare the scores of predicted entities with how often they are right.

    Args:
      scores: N numbers in [0, 1].
      correct: N bools, whether the entity is in the gold annotation with exactly this span and type.
      num_bins: bins of equal width.

    Returns:
      :class:`Calibration`; all errors are 0 when there is no entity.
    """
    scores, correct = np.asarray(scores, np.float64), np.asarray(correct, bool)
    # i / n and i · (1 / n) may differ in their last bit; a score that is either is still below the edge.
    edges = np.maximum(np.linspace(0.0, 1.0, num_bins + 1), np.arange(num_bins + 1) / num_bins)
    places = np.clip(np.searchsorted(edges, scores) - 1, 0, num_bins - 1)
    counts = np.bincount(places, minlength=num_bins)
    filled = np.maximum(counts, 1)
    confidence = np.bincount(places, scores, num_bins) / filled
    precision = np.bincount(places, correct, num_bins) / filled
    gaps = np.abs(precision - confidence)
    return Calibration(
        bins=tuple(
            Bin(*map(float, row[:2]), int(row[2]), *map(float, row[3:])) for row in zip(edges, edges[1:], counts, confidence, precision)
        ),
        expected_error=float((gaps * counts).sum() / max(len(scores), 1)),
        maximum_error=float(gaps.max(where=counts > 0, initial=0.0)),
        brier_score=float(((scores - correct) ** 2).mean()) if len(scores) else 0.0,
        count=len(scores),
    )


def plot_reliability(calibration, path):
    """Write the reliability diagram of a :class:`Calibration` as PNG, whole or not at all.

    Raises:
      UserError: matplotlib is not installed, or the file cannot be written.
    """
    try:
        from matplotlib.figure import Figure  # noqa: PLC0415 - an extra
    except ImportError as e:
        raise FieldError("{reliability_plot}: needs matplotlib: pip install 'albert-ner[plots]'") from e
    figure = draw_reliability(Figure, calibration)
    try:
        with atomic_write(path, "wb") as f:
            figure.savefig(f, format="png", dpi=120)
    except OSError as e:
        raise FieldError("{reliability_plot}: cannot write {}: {}", path, e.strerror) from e


def draw_reliability(figure_class, calibration):
    """The reliability diagram as a figure: the share of entities that are correct by their score, and how many have it."""
    figure = figure_class(figsize=(5, 6), layout="constrained")
    axes, counts = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
    bins = [b for b in calibration.bins if b.count]
    width = 1.0 / len(calibration.bins)
    axes.plot([0, 1], [0, 1], linestyle="--", color="gray", label="perfect")
    axes.bar([b.low for b in bins], [b.precision for b in bins], width, align="edge", alpha=0.6, edgecolor="black", label="entities")
    axes.plot([b.confidence for b in bins], [b.precision for b in bins], marker="o", color="black")
    axes.set(ylabel="share that is correct", ylim=(0, 1), title=f"expected calibration error {calibration.expected_error:.4f}")
    axes.legend(loc="upper left")
    counts.bar([b.low for b in bins], [b.count for b in bins], width, align="edge", alpha=0.6, edgecolor="black")
    counts.set(xlabel="score", ylabel="entities", xlim=(0, 1))
    return figure
