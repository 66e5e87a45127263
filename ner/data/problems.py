"""Handling of lines that a reader cannot use: stop with an exact message, or leave the sentence out and count it."""

import collections
from typing import NamedTuple

from albert.errors import FieldError
from albert.text_file import invalid_byte
from ner.errors import DataError

# Characters of what was found, and of what was expected, that a message shows.
_SHOWN = 400

POLICIES = ("error", "skip")


class Problem(NamedTuple):
    """Why a line cannot be used. ``reason`` is the name under which it is counted; the other two make the message."""

    reason: str
    found: str
    expected: str

    def __str__(self):
        """``found …, expected …``, cut where a line holds thousands of characters."""
        found, expected = (text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…" for text in (str(self.found), self.expected))
        return f"found {found}, expected {expected}"


class LineError(Exception):
    """Carries the :class:`Problem` of a line out of the functions that take it apart."""

    def __init__(self, reason, found, expected):
        super().__init__(found)
        self.problem = Problem(reason, found, expected)


class Problems:
    """Collects the problems of one file under a policy.

    Attributes:
      skipped: Counter, reason → number of sentences left out.
      first: dict, reason → the message of its first occurrence.
    """

    def __init__(self, path, policy):
        if policy not in POLICIES:
            raise FieldError("{on_bad_line}: found {!r}, expected one of {}", policy, ", ".join(POLICIES))
        self._path = path
        self._policy = policy
        self.skipped = collections.Counter()
        self.first = {}

    def report(self, line, problem, path=None):
        """Raise DataError with the line's number, or count the sentence as skipped; ``path`` is a file other than the one read."""
        message = f"{path or self._path}:{line}: {problem}"
        if self._policy == "error":
            raise DataError(message)
        self.skipped[problem.reason] += 1
        self.first.setdefault(problem.reason, message)


def invalid_utf8(line):
    """The :class:`Problem` of a line read with ``errors="surrogateescape"`` that held invalid bytes, else None."""
    found = invalid_byte(line)
    if found is None:
        return None
    return Problem(
        "invalid UTF-8",
        f"byte 0x{found[0]:02x} at byte {found[1]} of the line",
        "UTF-8 text (convert the file from its encoding, such as GB18030)",
    )
