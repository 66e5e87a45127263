"""Documents in step: headings, commands, numbers and links of each page in two languages; the citation."""

import pathlib
import re

import pytest

import albert
from ner.reproduce import published

ROOT = pathlib.Path(__file__).parents[1]
# English page and its Chinese one.
PAIRS = {"README.md": "README.zh-CN.md", **{f"docs/{page}.md": f"docs/zh/{page}.md" for page in ("tagging", "training", "data", "serving")}}

_BLOCK = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
_CHINESE = re.compile(r"[\u4e00-\u9fff]")


def _read(name):
    return (ROOT / name).read_text(encoding="utf-8")


def _levels(text):
    return [len(line) - len(line.lstrip("#")) for line in _BLOCK.sub("", text).splitlines() if line.startswith("#")]


def _commands(text):
    """Lines of the blocks of code, without comments, which are in the page's language."""
    return [[line.partition("  #")[0].rstrip() for line in block.splitlines()] for block in _BLOCK.findall(text)]


def _targets(page):
    """Files that a page links to, a Chinese page as its English one, but for the page in the other language."""
    english = {chinese: english for english, chinese in PAIRS.items()}
    found = re.findall(r"\]\((?!https?:)([^)#\s]+)(?:#[^)]*)?\)", _read(page))
    targets = {(ROOT / page).parent.joinpath(target).resolve().relative_to(ROOT).as_posix() for target in found}
    return {english.get(target, target) for target in targets} - {english.get(page, page)}


@pytest.mark.parametrize(("english", "chinese"), PAIRS.items())
def test_headings(english, chinese):
    assert _levels(_read(english)) == _levels(_read(chinese))


@pytest.mark.parametrize(("english", "chinese"), PAIRS.items())
def test_commands(english, chinese):
    assert _commands(_read(english)) == _commands(_read(chinese))


@pytest.mark.parametrize(("english", "chinese"), PAIRS.items())
def test_tables_have_the_same_numbers(english, chinese):
    """Rows, and the cells that are numbers; words differ."""
    rows = [
        [re.findall(r"\| *([\d.,±% ]+?) *(?=\|)", line) for line in _BLOCK.sub("", _read(name)).splitlines() if line.startswith("|")]
        for name in (english, chinese)
    ]
    assert rows[0] == rows[1]


@pytest.mark.parametrize(("english", "chinese"), PAIRS.items())
def test_links(english, chinese):
    assert _targets(english) == _targets(chinese)


@pytest.mark.parametrize("chinese", PAIRS.values())
def test_chinese_in_each_paragraph_and_no_blank_at_a_line_break(chinese):
    for paragraph in _BLOCK.sub("", _read(chinese)).split("\n\n"):
        lines = [line for line in paragraph.strip().splitlines() if line]
        if not lines or lines[0].startswith(("|", "#", "[English]")):
            continue
        assert _CHINESE.search(paragraph), paragraph
        # A line break inside a paragraph is shown as a blank, which Chinese text has none of.
        for before, after in zip(lines, lines[1:]):
            assert after.startswith(("-", "*", ">", "  ")) or re.match(r"\d+\.", after), f"{before}\n{after}"


@pytest.mark.parametrize(
    "page", [*PAIRS, *PAIRS.values(), *(f"docs/{path.name}" for path in (ROOT / "docs").glob("*.md")), "CHANGELOG.md", "SECURITY.md"]
)
def test_links_lead_somewhere(page):
    for target in re.findall(r"\]\((?!https?:)([^)#\s]+)(?:#[^)]*)?\)", _BLOCK.sub("", _read(page))):
        assert (ROOT / page).parent.joinpath(target).exists(), target


def test_citation():
    citation = _read("CITATION.cff")
    assert f"\nversion: {albert.__version__}\n" in citation
    (doi,) = re.findall(r"10\.12677/[A-Z.0-9]+", published.CITATION)
    for text in (citation, _read("README.md"), _read("README.zh-CN.md"), _read("docs/reproduction.md"), published.__doc__):
        assert doi in text
        assert "基于ALBERT的中文命名实体识别方法" in text
