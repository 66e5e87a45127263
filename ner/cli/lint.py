"""Checks a data set before training on it: tables of files, entities and lengths, and what is wrong or odd, with the places.

    albert-ner lint --data_dir=data/mine
    albert-ner lint --data_dir=data/mine --max_seq_length=128 --vocab_file=vocab.txt --format=json

The exit code is 1 if there are errors, with which training or its score would be wrong; warnings are for a person to judge.
"""

from ner.data.lint import LintCommand, run

HELP = "check a data set"
SETTINGS = LintCommand

__all__ = ["HELP", "SETTINGS", "run"]
