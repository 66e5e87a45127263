"""What a reader does about a line it cannot use: stop with an exact message, or leave the sentence out and count it."""

import collections
import re
from typing import NamedTuple

from ner.errors import DataError

POLICIES = ("error", "skip")

# What errors="surrogateescape" makes of the bytes that are not UTF-8: a way to read on and still know the line and the byte.
_INVALID_BYTE = re.compile("[\udc80-\udcff]")


class Problem(NamedTuple):
    """Why a line cannot be used. ``reason`` is the name under which it is counted; the other two make the message."""

    reason: str
    found: str
    expected: str


class Problems:
    """Collects the problems of one file under a policy.

    Attributes:
      skipped: Counter, reason → number of sentences left out.
      first: dict, reason → the message of its first occurrence.
    """

    def __init__(self, path, policy):
        if policy not in POLICIES:
            raise DataError(f"--on_bad_line: found {policy!r}, expected one of {', '.join(POLICIES)}")
        self._path = path
        self._policy = policy
        self.skipped = collections.Counter()
        self.first = {}

    def report(self, line, problem):
        """Raise DataError with the line's number, or count the sentence as skipped."""
        message = f"{self._path}:{line}: found {problem.found}, expected {problem.expected}"
        if self._policy == "error":
            raise DataError(message)
        self.skipped[problem.reason] += 1
        self.first.setdefault(problem.reason, message)


def invalid_utf8(line):
    """The :class:`Problem` of a line read with ``errors="surrogateescape"`` that held invalid bytes, else None."""
    match = _INVALID_BYTE.search(line)
    if match is None:
        return None
    byte = ord(match.group()) - 0xDC00
    position = len(line[: match.start()].encode("utf-8")) + 1
    return Problem(
        "invalid UTF-8",
        f"byte 0x{byte:02x} at byte {position} of the line",
        "UTF-8 text (convert the file from its encoding, such as GB18030)",
    )
