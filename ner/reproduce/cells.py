"""Cells that several tables of the report share."""

from ner.reproduce.statistics import mean_and_spread

MEASURES = ("precision", "recall", "f1")
SHORT = {"precision": "P", "recall": "R", "f1": "F1"}
NOT_PUBLISHED = "not given"
NOT_MEASURED = "not measured"
NOTHING = "-"


def measure_columns():
    """Heads of the cells of ``measure_cells``."""
    return tuple(f"{SHORT[m]}, {what}" for m in MEASURES for what in ("paper", "here", "difference"))


def measure_cells(published, scores):
    """Paper, here and difference of each measure.

    Args:
      published: ``Published`` or None.
      scores: a dict of measures, fractions, for each seed; empty where nothing was measured.
    """
    cells = []
    for m in MEASURES:
        paper = f"{getattr(published, m):.2f}" if published else NOT_PUBLISHED
        if scores:
            values = percents(scores, m)
            difference = f"{mean_and_spread(values)[0] - getattr(published, m):+.2f}" if published else NOTHING
            cells += [paper, spread(values), difference]
        else:
            cells += [paper, NOT_MEASURED, NOTHING]
    return cells


def percents(scores, measure):
    """A measure of each seed's dict of fractions, in percent; 0 for one that has none."""
    return [100 * score.get(measure, 0.0) for score in scores]


def overall(runs, reading):
    """Each seed's scores over all types in a reading, ``strict`` or ``conlleval``: list of dicts."""
    return [run["evaluation"][reading]["overall"] for run in runs]


def of_type(runs, reading, label):
    """Each seed's scores of one type in a reading: list of dicts, empty for a seed without it."""
    return [run["evaluation"][reading]["per_type"].get(label, {}) for run in runs]


def spread(values, digits=2):
    """Mean and sample standard deviation in words; the mean alone of a single value."""
    mean, deviation = mean_and_spread(values)
    return f"{mean:,.{digits}f}" + ("" if deviation is None else f" ± {deviation:,.{digits}f}")
