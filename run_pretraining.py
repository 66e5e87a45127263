"""Pretrain ALBERT on raw text: ``python run_pretraining.py --flagfile=flags/pretrain_tiny.flags``."""

import sys

from absl import flags

from albert import command
from albert.pretraining.settings import PretrainingRun
from albert.training.starting_point import fetch_checkpoint


def define_flags(values=flags.FLAGS):
    """Define the command's flags.

    Args:
      values: ``absl.flags.FlagValues`` to define them in; the process's own by default.
    """
    command.define(PretrainingRun, values=values)


def main(_, values=flags.FLAGS):
    """The command; see the module."""
    settings = command.settings(PretrainingRun, values)
    fetch_checkpoint(settings.start)
    # Imported here, so that --help and a wrong flag are answered before TensorFlow loads.
    from albert.pretraining.run import run  # noqa: PLC0415

    return run(settings)


if __name__ == "__main__":
    define_flags()
    sys.exit(command.run(main))
