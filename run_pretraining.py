"""Pretrain ALBERT on raw text: ``python run_pretraining.py --flagfile=flags/pretrain_tiny.flags``."""

import sys

from absl import flags

from albert import command
from ner.cli import pretrain


def define_flags(values=flags.FLAGS):
    """Define the command's flags.

    Args:
      values: ``absl.flags.FlagValues`` to define them in; the process's own by default.
    """
    command.define(pretrain.SETTINGS, values=values)


def main(_, values=flags.FLAGS):
    """The command; see the module."""
    return pretrain.run(command.settings(pretrain.SETTINGS, values))


if __name__ == "__main__":
    define_flags()
    sys.exit(command.run(main))
