"""Trains a tagger on the train split of a data set, into an output directory.

    albert-ner train --data_dir=data/mine --output_dir=output/mine --init_checkpoint=albert_mini_zh --learning_rate=1e-4
    albert-ner train --flagfile=quickstart

The same command goes on where it stopped. The epoch with the best score on dev.txt, or on a share of the training set (--dev_fraction),
is kept; the test split never chooses anything.
"""

from albert import command
from albert.training.starting_point import fetch_checkpoint
from ner.training.settings import TrainingRun

HELP = "train a tagger on a data set"
SETTINGS = TrainingRun


def run(settings: TrainingRun) -> int:
    """Train; returns an exit code, not 0 when a signal stopped the run."""
    fetch_checkpoint(settings.files)
    from ner.training.run import train  # noqa: PLC0415 - imports TensorFlow

    return train(settings, command.given_flags())
