"""Errors a user of the tagger can cause, each with a one-line message; see albert.errors."""

from albert.errors import UserError


class DataError(UserError):
    """Data that cannot be read or used: the line names the file and line, what was found and what was expected."""
