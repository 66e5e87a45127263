"""Characters that no entity begins or ends with: white space, control characters, invisible format characters, and, if asked, punctuation.

A full-width space, a no-break space, a zero-width space or a byte order mark is as much one of them as a tab, CR or NUL. Inside an
entity they may stand (``New York``). Emoji's parts (joiners between them are, tags of flags and variation selectors are not) and the
visible format characters of Arabic and other scripts count as characters like all others.

Punctuation is what Unicode calls so, and the symbols of ASCII. An opening quote or bracket may begin an entity, a closing one end it
(``《人民日报》``), and a middle dot or a straight quote may do both.
"""

import functools
import re
import unicodedata

import numpy as np

# Classes of characters: bits that add up.
FREE, NO_BEGIN, NO_END = 0, 1, 2
NUM_CLASSES = 4

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
# Blocks with punctuation of Chinese and European texts, of which no version of Unicode changes a category any more.
_BLOCKS = (
    (0x21, 0x7E),
    (0xA1, 0xBF),
    (0x2010, 0x205E),
    (0x3001, 0x303F),
    (0x30FB, 0x30FB),
    (0xFE10, 0xFE19),
    (0xFE30, 0xFE6B),
    (0xFF01, 0xFF65),
)
_CLASS_OF_CATEGORY = {"Ps": NO_END, "Pi": NO_END, "Pe": NO_BEGIN, "Pf": NO_BEGIN}
# Middle dots, and quotes that open as well as they close.
_BOTH = "·•‧・･\"'＂＇"
# Symbols count where they have the width of ASCII's, or twice that.
_SYMBOLS = "$+<=>^`|~＄＋＜＝＞＾｀｜～"


@functools.cache
def class_ranges(punctuation=False):
    """The class of every code point as ranges: (bounds int32 [R], classes int32 [R + 1]), read-only.

    A code point with n bounds up to itself has the class ``classes[n]``.

    Args:
      punctuation: whether punctuation has classes of its own.
    """
    classes = {point: NO_BEGIN | NO_END for first, last in _RANGES for point in range(first, last + 1)}
    if punctuation:
        for point in (point for first, last in _BLOCKS for point in range(first, last + 1)):
            c, category = chr(point), unicodedata.category(chr(point))
            if (category[0] == "P" or c in _SYMBOLS) and c not in _BOTH:
                classes[point] = _CLASS_OF_CATEGORY.get(category, NO_BEGIN | NO_END)
    bounds, values = [], [FREE]
    for point in sorted({*classes, *(point + 1 for point in classes)}):
        if classes.get(point, FREE) != values[-1]:
            bounds.append(point)
            values.append(classes.get(point, FREE))
    arrays = np.array(bounds, np.int32), np.array(values, np.int32)
    for array in arrays:
        array.setflags(write=False)
    return arrays


def edge_classes(text, punctuation=False):
    """The class of each character of a text: int32 [len(text)], sums of ``NO_BEGIN`` and ``NO_END``."""
    bounds, classes = class_ranges(punctuation)
    points = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), "<u4")
    return classes[np.searchsorted(bounds, points.astype(np.int32), side="right")]


def has_edge_class(text, punctuation=False):
    """True if a text has a character that is not ``FREE``."""
    return _pattern(punctuation).search(text) is not None


@functools.cache
def _pattern(punctuation):
    bounds, classes = class_ranges(punctuation)
    ranges = zip(bounds, bounds[1:], classes[1:])
    return re.compile("[" + "".join(f"{re.escape(chr(a))}-{re.escape(chr(b - 1))}" for a, b, c in ranges if c != FREE) + "]")


def part_between_edges(text, start, end, punctuation=False):
    """(start, end) of a span of a text without characters at its edges that may not stand there; start == end if none is left."""
    classes = edge_classes(text[start:end], punctuation)
    first, last = np.flatnonzero(~classes & NO_BEGIN), np.flatnonzero(~classes & NO_END)
    if not len(first) or not len(last) or first[0] > last[-1]:
        return end, end
    return start + int(first[0]), start + int(last[-1]) + 1


def visible_part(text, start, end):
    """``part_between_edges`` of white space and other invisible characters alone."""
    return part_between_edges(text, start, end)
