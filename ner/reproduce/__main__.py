"""Measure the paper's systems: ``python -m ner.reproduce``, which is ``albert-ner reproduce``."""

import sys

from albert import command
from ner.reproduce.comparison import ComparisonSettings, compare

command.define(ComparisonSettings)


def main(_):
    """The command; see the module."""
    return compare(command.settings(ComparisonSettings))


if __name__ == "__main__":
    sys.exit(command.run(main))
