"""Text as a vocabulary of simplified Chinese knows it: simplified characters, and full-width punctuation after Chinese ones.

One character becomes one, so offsets stay. Simplified text with full-width punctuation stays as it is. The table of characters is made by
``tools/make_character_map.py`` from OpenCC's (Apache License 2.0).

Half-width punctuation becomes full-width after a Chinese character, others of such punctuation between them or not: ``3.5`` and ``U.S.``
stay. Shapes: N characters.
"""

import functools
import os

import numpy as np
import numpy.typing as npt

TABLE = os.path.join(os.path.dirname(__file__), "traditional.txt")
# Names of the maps that a tagger may have.
NONE, SIMPLIFIED = "none", "simplified"
CHARACTER_MAPS = (NONE, SIMPLIFIED)

HALF_WIDTH = ",.!?:;()"
FULL_WIDTH = "，。！？：；（）"
# First and last code points of Chinese characters: 〇, the ideographs' blocks, the compatibility ideographs, and planes 2 and 3.
CHINESE = ((0x3007, 0x3007), (0x3400, 0x4DBF), (0x4E00, 0x9FFF), (0xF900, 0xFAFF), (0x20000, 0x3FFFF))


@functools.cache
def simplified_table() -> npt.NDArray[np.int32]:
    """Simplified form of each character of Unicode's first plane: int32 [0x10000], read-only; itself where it has no other."""
    table = np.arange(1 << 16, dtype=np.int32)
    with open(TABLE, encoding="utf-8") as f:
        for line in f:
            if not line.startswith("#"):
                traditional, simplified = line.rstrip("\n")
                table[ord(traditional)] = ord(simplified)
    table.setflags(write=False)
    return table


@functools.cache
def full_width_table() -> npt.NDArray[np.int32]:
    """Full-width form of the half-width punctuation among ASCII's characters: int32 [0x80], read-only; 0 for all others."""
    table = np.zeros(1 << 7, np.int32)
    table[[ord(c) for c in HALF_WIDTH]] = [ord(c) for c in FULL_WIDTH]
    table.setflags(write=False)
    return table


def simplify(text: str) -> str:
    """A text as the map ``simplified`` gives it: a string of as many characters."""
    points = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), "<u4").astype(np.int32)
    table = simplified_table()
    mapped = np.where(points < len(table), table[np.minimum(points, len(table) - 1)], points)
    full_width = full_width_table()
    forms = np.where(points < len(full_width), full_width[np.minimum(points, len(full_width) - 1)], 0)
    if forms.any():
        places = np.arange(len(points))
        # Of each character, the last one up to it that is no such punctuation; -1 where there is none.
        before = np.maximum.accumulate(np.where(forms == 0, places, -1))
        mapped = np.where((forms > 0) & (before >= 0) & is_chinese(points)[before], forms, mapped)
    return mapped.astype("<u4").tobytes().decode("utf-32-le", "surrogatepass")


def is_chinese(points: npt.NDArray[np.int32]) -> npt.NDArray[np.bool_]:
    """Mask of Chinese characters among code points: bool [N]."""
    return np.logical_or.reduce([(points >= first) & (points <= last) for first, last in CHINESE])
