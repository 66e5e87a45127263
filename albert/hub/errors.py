"""Errors of fetching."""

from albert.errors import CheckpointError


class FetchError(CheckpointError):
    """A release that cannot be fetched, or that is not what it should be."""


class Unreachable(FetchError):
    """No address answered: the next attempt goes on from what has arrived."""
