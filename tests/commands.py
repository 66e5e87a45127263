"""Commands run in this process, with the messages that a user reads."""

import contextlib

from absl import flags
from absl.testing import flagsaver

import run_ner
from albert import command
from albert.errors import FieldError, UserError


@contextlib.contextmanager
def printed_errors(values=flags.FLAGS):
    """Errors inside are those the command prints: with flags in the place of fields."""
    try:
        yield
    except FieldError as e:
        raise UserError(command.with_flags(e, values)) from e


def run_ner_here(**given):
    """``run_ner.py`` with some flags; returns its exit code."""
    if not run_ner.FLAGS.is_parsed():
        run_ner.FLAGS(["run_ner.py"])
    with flagsaver.flagsaver(**given), printed_errors():
        return run_ner.main([])
