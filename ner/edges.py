"""Characters that no entity begins or ends with: white space, control characters, and format characters that cannot be seen.

A full-width space, a no-break space, a zero-width space or a byte order mark is as much one of them as a tab, CR or NUL. Inside an
entity they may stand (``New York``). Emoji's parts (joiners between them are, tags of flags and variation selectors are not) and the
visible format characters of Arabic and other scripts count as characters like all others.
"""

import re

import numpy as np

# First and last code points. In Unicode's words: White_Space, Cc, and Cf but for the visible ones and the tags of flags.
_RANGES = (
    (0x00, 0x20),
    (0x7F, 0xA0),
    (0xAD, 0xAD),
    (0x061C, 0x061C),
    (0x1680, 0x1680),
    (0x180E, 0x180E),
    (0x2000, 0x200F),
    (0x2028, 0x202F),
    (0x205F, 0x2064),
    (0x2066, 0x206F),
    (0x3000, 0x3000),
    (0xFEFF, 0xFEFF),
    (0xFFF9, 0xFFFB),
)
# Where ranges begin and where they are over, in turn: a code point in a range has an odd number of these up to itself.
BOUNDS = np.array([bound for first, last in _RANGES for bound in (first, last + 1)], np.int32)
_PATTERN = re.compile("[" + "".join(f"{re.escape(chr(first))}-{re.escape(chr(last))}" for first, last in _RANGES) + "]")


def has_invisible(text):
    """True if a text has such a character."""
    return _PATTERN.search(text) is not None


def invisible(text):
    """Mask of such characters in a text: bool [len(text)]."""
    points = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), "<u4")
    return np.searchsorted(BOUNDS, points.astype(np.int32), side="right") % 2 == 1


def visible_part(text, start, end):
    """(start, end) of a span of a text without such characters at its edges; start == end if it holds no other."""
    while start < end and has_invisible(text[start]):
        start += 1
    while start < end and has_invisible(text[end - 1]):
        end -= 1
    return start, end
