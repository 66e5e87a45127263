"""Draws the pictures of training runs again, from what the runs wrote down.

    albert-ner plot output/mine

They go to plots/ in each directory: loss, learning rates, dev scores, F1 per type, and the confusion of types. Needs matplotlib, the extra
named plots.
"""

import dataclasses
import math

from albert.errors import FieldError
from albert.fields import check_fields, setting
from ner.model.directory import ModelDir
from ner.training.history import History
from ner.training.plots import draw_plots

HELP = "draw the pictures of a training run"


@dataclasses.dataclass(frozen=True)
class PlotCommand:
    """Settings of drawing."""

    runs: tuple = setting((), "Training output directories.", arguments="[DIRECTORY…]")

    def __post_init__(self):
        check_fields(self)
        if not self.runs:
            raise FieldError("expected the output directories of training runs")


SETTINGS = PlotCommand


def run(settings: PlotCommand) -> None:
    """Draw the pictures of each run.

    Raises:
      UserError: a directory has no finished epoch, or matplotlib is not installed.
    """
    for path in settings.runs:
        directory = ModelDir(path)
        history = History(directory)
        history.read(math.inf)
        if not history.rows:
            raise FieldError("{}: found no finished epoch, expected the output directory of a training run", path)
        print(draw_plots(history, directory))
