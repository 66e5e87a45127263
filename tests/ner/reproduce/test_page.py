"""docs/reproduction.md: every item of the paper is answered, and every path and test name of its tables exists."""

import pathlib
import re

import pytest

from ner.reproduce import published
from ner.reproduce.experiments import EXPERIMENTS

ROOT = pathlib.Path(__file__).resolve().parents[3]
PAGE = (ROOT / "docs" / "reproduction.md").read_text(encoding="utf-8")
ITEMS = [
    [cell.strip() for cell in line.strip("|").split(" | ")]
    for line in PAGE.partition("## The paper, item by item")[2].partition("```mermaid")[0].splitlines()
    if line.startswith("| ")
][1:]
PATHS = sorted(set(re.findall(r"`((?:albert|ner|tests|flags|docs)/[\w/.-]+(?:::\w+)?)`", PAGE)))


@pytest.mark.parametrize("name", PATHS)
def test_paths_and_tests_exist(name):
    path, _, test = name.partition("::")
    assert (ROOT / path).exists() or path.rstrip("/") == "docs/reproduction", path
    if test:
        assert re.search(rf"^def {test}\(", (ROOT / path).read_text(encoding="utf-8"), re.MULTILINE), test


def test_every_item_has_code_or_says_why_not_and_a_test():
    assert len(ITEMS) > 30
    for item, code, tests in ITEMS:
        assert "`" in code or code.startswith("none: "), item
        assert "::" in tests, item


def _numbers(word):
    """Numbers after ``eq. 5``, ``eqs. 3 and 4``, ``eqs. 11 to 15`` of the first column."""
    found = set()
    for item, *_ in ITEMS:
        for first, joint, last in re.findall(rf"{word}s?\.? (\d+)(?: (and|to) (\d+))?", item):
            found |= set(range(int(first), int(last) + 1)) if joint == "to" else {int(first), int(last or first)}
    return found


@pytest.mark.parametrize(("word", "last"), [("eq", 22), ("[Tt]able", 4), ("Figure", 4)])
def test_nothing_of_the_paper_is_left_out(word, last):
    assert _numbers(word) == set(range(1, last + 1))


def test_every_system_is_listed():
    for experiment in EXPERIMENTS:
        assert f"`flags/{experiment.flagfile}`" in PAGE


def test_figures_about_the_paper():
    counts, scores = published.COUNTS["test"], published.PER_TYPE
    found = {label: published.fitting_counts(scores[label].recall, counts[label])[0] for label in counts}
    text = " ".join(PAGE.split())
    assert f"{found['PER']:,} of {counts['PER']:,} persons, {found['LOC']:,} of {counts['LOC']:,} places" in text
    assert f"{found['ORG']:,} of {counts['ORG']:,} organisations, together {sum(found.values()):,} or 93.16 % of 6,181" in text
