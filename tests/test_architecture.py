"""docs/architecture.md and CONTRIBUTING.md are true: the picture is the floors that imports keep to, and every place they name is there."""

import pathlib
import re

import pytest

from tests.floors import FLOORS

ROOT = pathlib.Path(__file__).parent.parent
PAGES = ("docs/architecture.md", "CONTRIBUTING.md")


def picture():
    """The floors from the top down with their folders: list of lines."""
    floors = [(name, [f"{room.replace('.', '/')}/" for room in rooms.split()]) for name, rooms in reversed(FLOORS.items())]
    width = max(map(len, FLOORS))
    return [f"{name:{width}}  {'  '.join(folders)}" for name, folders in floors]


def test_the_picture_is_the_floors_that_imports_keep_to():
    # tests/test_structure.py holds the imports to the same floors.
    drawn = "\n".join(picture())
    assert f"```\n{drawn}\n```" in (ROOT / "docs/architecture.md").read_text(encoding="utf-8"), f"expected the picture\n{drawn}"


@pytest.mark.parametrize("page", PAGES)
def test_every_place_is_there(page):
    text = (ROOT / page).read_text(encoding="utf-8")
    named = re.findall(r"`((?:albert|ner|tests|docs|flags|serving|benchmarks|tools|examples)/[\w/.{},-]*)`", text)
    assert len(named) > 20
    # The left column of the table of moves is about what is no longer there.
    old = re.findall(r"^\| `([^`]+)` \|", text, re.MULTILINE)
    missing = [name for name in named if name not in old for path in _spelled_out(name) if not (ROOT / path).exists()]
    assert missing == []


def _spelled_out(name):
    """``a/{b,c}.py`` as a/b.py and a/c.py."""
    before, brace, rest = name.partition("{")
    if not brace:
        return [name]
    options, _, after = rest.partition("}")
    return [f"{before}{option}{after}" for option in options.split(",")]
