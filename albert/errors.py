"""Errors a user can cause.

Commands print such an error as one line and exit with a non-zero code; anything else is a bug and keeps its traceback.
"""

import string
from collections.abc import Callable


class UserError(Exception):
    """A mistake in what the user gave: the message is one line with file, line or flag, what was found and what was expected."""


class ConfigError(UserError):
    """A configuration that is incomplete, contradictory, or that this library does not implement."""


class FieldError(ConfigError):
    """A value that a field of a settings class, or an argument of that name, cannot have.

    Commands print the names as those of their flags: ``--learning_rate: found -1, expected a number above 0``.

    Args:
      message: a format string: the fields' names stand in it as ``{learning_rate}``, values as ``{}`` or ``{!r}``.
      values: these values.
    """

    def __init__(self, message: str, *values: object) -> None:
        super().__init__(message, *values)

    def __str__(self) -> str:
        return self.text()

    def text(self, rename: Callable[[str], str] = str) -> str:
        """The message with ``rename(name)`` in the place of each field's name."""
        message, *values = self.args
        return string.Formatter().vformat(message, values, _Renamed(rename))


class _Renamed(dict[str, str]):
    """Every key renamed."""

    def __init__(self, rename: Callable[[str], str]) -> None:
        super().__init__()
        self._rename = rename

    def __missing__(self, name: str) -> str:
        return self._rename(name)


class CheckpointError(UserError):
    """A checkpoint that cannot be read, or does not hold what its configuration needs."""


class VocabularyError(UserError):
    """A vocabulary or SentencePiece model that is broken or does not fit the encoder."""
