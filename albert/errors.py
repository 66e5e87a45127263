"""Errors a user can cause.

Commands print such an error as one line and exit with a non-zero code; anything else is a bug and keeps its traceback.
"""


class UserError(Exception):
    """A mistake in what the user gave: the message is one line with file, line or flag, what was found and what was expected."""


class ConfigError(UserError):
    """A model configuration that is incomplete, contradictory, or that this library does not implement."""


class CheckpointError(UserError):
    """A checkpoint that cannot be read, or does not hold what its configuration needs."""


class VocabularyError(UserError):
    """A vocabulary or SentencePiece model that is broken or does not fit the encoder."""
