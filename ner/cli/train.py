"""Trains a tagger on the train split of a data set, into an output directory.

    albert-ner train --data_dir=data/mine --output_dir=output/mine --init_checkpoint=albert_mini_zh --learning_rate=1e-4
    albert-ner train --flagfile=quickstart

    albert-ner train --flagfile=quickstart --output_dir=output/curve --learning_curve

The same command goes on where it stopped. The epoch with the best score on dev.txt, or on a share of the training set (--dev_fraction),
is kept; the test split never chooses anything.
"""

import dataclasses
import os

from albert import command
from albert.fields import setting
from albert.messages import say
from albert.training.starting_point import fetch_checkpoint
from ner.training.settings import TrainingRun

HELP = "train a tagger on a data set"


@dataclasses.dataclass(frozen=True)
class TrainCommand(TrainingRun):
    """Settings of training, once or on growing parts of the data."""

    learning_curve: bool = setting(
        False, "Train on 10, 25, 50 and 100 % of the training set, and draw what more annotation would bring; needs a dev set."
    )


SETTINGS = TrainCommand


def run(settings: TrainCommand) -> int:
    """Train, and say what can be done next; returns an exit code, not 0 when a signal stopped the run."""
    code = step(settings)
    if not code and not settings.learning_curve:
        say_what_next(settings)
    return code


def say_what_next(settings: TrainingRun) -> None:
    """Print commands for a trained tagger; of several workers one does."""
    if settings.compute.distribution_strategy == "multi_worker_mirrored":
        from albert.training.distribution import read_tf_config  # noqa: PLC0415 - imports TensorFlow

        worker, _ = read_tf_config(os.environ.get("TF_CONFIG"))
        if worker:
            return
    output_dir = settings.output_dir
    say(f"next: albert-ner tag --model_dir={output_dir}\n      albert-ner export --model_dir={output_dir} --export_dir={output_dir}_export")


def step(settings: TrainCommand) -> int:
    """Train, as one of several steps."""
    fetch_checkpoint(settings.files)
    one = TrainingRun(**{field.name: getattr(settings, field.name) for field in dataclasses.fields(TrainingRun)})
    if settings.learning_curve:
        from ner.training.learning_curve import learn  # noqa: PLC0415 - imports TensorFlow

        return learn(one)
    from ner.training.run import train  # noqa: PLC0415 - imports TensorFlow

    return train(one, command.given_flags())
