"""Make the table of traditional characters, ``albert/traditional.txt``, from OpenCC's data.

::

    pip install opencc-python-reimplemented
    python tools/make_character_map.py

OpenCC (https://github.com/BYVoid/OpenCC) and the package are under the Apache License 2.0, and so is the table. Of several simplified
characters the first is taken, which OpenCC takes for the usual one.
"""

import os

from albert.character_map import TABLE
from albert.files import atomic_write

# In simplified text these stand for themselves: 乾隆, 徵 the note, 哪吒, the names 甯, 麴 and 脩, 捱 and 薹 the words.
_KEPT = "乾徵吒甯麴脩捱薹"
_HEADER = """\
# From OpenCC's TSCharacters.txt (https://github.com/BYVoid/OpenCC, Apache License 2.0), by tools/make_character_map.py.
# Each line: a traditional character and the simplified one in its place.
"""
_LAST_OF_PLANE_0 = "\uffff"


def pairs(lines):
    """(traditional, simplified) of each line of OpenCC's ``TSCharacters.txt`` that changes a character of Unicode's first plane.

    What is the simplified form of another character stays as it is.
    """
    usual = {traditional: simplified.split(" ")[0] for traditional, simplified in (line.rstrip("\n").split("\t") for line in lines)}
    kept = {*_KEPT, *usual.values()}
    for traditional, simplified in usual.items():
        if traditional not in kept and max(traditional, simplified) <= _LAST_OF_PLANE_0:
            yield traditional, simplified


def main():
    """The command; see the module."""
    import opencc  # noqa: PLC0415 - for this command alone

    source = os.path.join(os.path.dirname(opencc.__file__), "dictionary", "TSCharacters.txt")
    with open(source, encoding="utf-8") as f:
        found = sorted(pairs(f))
    with atomic_write(TABLE) as f:
        f.write(_HEADER)
        f.writelines(traditional + simplified + "\n" for traditional, simplified in found)
    print(f"{TABLE}: {len(found):,} characters")


if __name__ == "__main__":
    main()
