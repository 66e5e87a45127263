"""The layout of a column file: its separator, and which column holds the token and which the tag.

The token is in the first column and the tag in the last, unless the file shows beyond doubt that they are elsewhere: an index comes
first, or another column alone holds tags. Two more layouts are known by their marks: that of the Weibo corpus (Peng and Dredze, 2015;
second version), whose tokens end with their place in the word (``北0``, ``京1``), and Label Studio's CoNLL export, which has ``-X- _`` in
the middle.
"""

import re
from typing import NamedTuple

from ner.data.problems import Problem, invalid_utf8
from ner.tags import OUTSIDE, looks_like_tag

# Lines from which the layout is told, and the fewest that make some of it certain.
_SURVEYED = 10_000
_ENOUGH = 10

_HAN = re.compile("[\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")
_DIGITS = "0123456789"
# Characters of a token beyond which it is no word, where it is the only one of its sentence.
_LONGEST_WORD = 4

NOTE_WEIBO = "token with its place in the word after it, as in the Weibo corpus; the place is left out"
NOTE_LABEL_STUDIO = "line of Label Studio's CoNLL export; the columns -X- and _ are left aside"


class Layout(NamedTuple):
    """The columns of a file.

    Attributes:
      separator: a tab or a space.
      columns: their number.
      line: the line it was first seen in.
      token: place of the token, from 0.
      tag: place of the tag, from 0.
      places: whether tokens end with their place in the word.
      note: what is unusual about the layout, in words; empty where nothing is.
    """

    separator: str
    columns: int
    line: int
    token: int
    tag: int
    places: bool = False
    note: str = ""

    @property
    def separator_name(self):
        """The separator in words."""
        return "a tab" if self.separator == "\t" else "a space"

    def contradicted_by(self, content):
        """True if a line is separated the other way. A space is no separator in a line that has a tab: it may be the token."""
        if self.separator == "\t":
            return "\t" not in content and " " in content
        return "\t" in content


class UncertainLayout(Exception):
    """The layout cannot be told, although the lines are columns: ``line`` and ``problem`` say why."""

    def __init__(self, line, problem):
        super().__init__(problem.found)
        self.line, self.problem = line, problem


class _Row(NamedTuple):
    line: int
    separator: str
    columns: list
    starts: bool  # the first of its sentence


def content_of(line):
    """A line without its end and trailing separators, empty for a line that ends a sentence.

    Only ASCII white space is a separator: a full-width or no-break space is a character of the text.
    """
    content = line.rstrip("\r\n")
    first, _, last = content.partition("\t")
    if last == " " and (first == OUTSIDE or looks_like_tag(first)):
        return content  # a tag and its character, a space
    content = content.rstrip(" \t")
    return "" if content.startswith("-DOCSTART-") else content


def split(content, separator):
    """The columns of a line, the token as it is. With spaces, a line that begins with two of them holds the token space."""
    if separator == "\t":
        return content.split("\t")
    if content.startswith("  "):
        token, rest = " ", content[2:]
    else:
        token, _, rest = content.partition(" ")
    return [token, *(column for column in rest.split(" ") if column)]


def has_han(text):
    """True if a text has a Chinese character."""
    return _HAN.search(text) is not None


def split_place(token):
    """A token's characters and the digits after them, its place in the word; None where there are none."""
    # Of digits alone, the first is the token.
    character = token.rstrip(_DIGITS) or token[:1]
    return (character, token[len(character) :]) if len(character) < len(token) else None


def find_layout(lines):
    """The :class:`Layout` of a column file by its first lines, None when none of them is a token and its tag.

    Args:
      lines: iterable of lines with their line ends.

    Raises:
      UncertainLayout: there are columns, but which of them holds the text is uncertain.
    """
    rows = _rows(lines)
    # Usually this is the first line of all.
    model = next((row for row in rows if looks_like_tag(row.columns[-1])), rows[0] if rows else None)
    if model is None:
        return None
    separator, width = model.separator, len(model.columns)
    rows = [row for row in rows if row.separator == separator and len(row.columns) == width]
    table = list(zip(*(row.columns for row in rows)))
    starts = [row.starts for row in rows]
    tag = _tag_column(table)
    if tag is None:
        return None
    token, notes = _token_column(rows, table, starts, tag)
    if tag != width - 1:
        notes.append(f"line with its tag in column {tag + 1}")
    places = _have_places(rows, table[token], starts)
    if places:
        notes.append(NOTE_WEIBO)
    if width == 4 and tag == 3 and set(table[1]) == {"-X-"} and set(table[2]) == {"_"}:
        _check_tokens(rows, starts)
        notes.append(NOTE_LABEL_STUDIO)
    return Layout(separator, width, model.line, token, tag, places, "; ".join(notes))


def _rows(lines):
    """The lines that look like columns."""
    rows, starts = [], True
    for number, line in enumerate(lines, 1):
        content = content_of(line)
        if not content:
            starts = True
        elif not invalid_utf8(content):
            separator = "\t" if "\t" in content else " "
            columns = split(content, separator)
            if len(columns) > 1 and columns[0]:
                rows.append(_Row(number, separator, columns, starts))
                starts = False
        if len(rows) == _SURVEYED:
            break
    return rows


def _tag_column(table):
    """The last column if there is a tag in it; else the only one of tags, not all of which are ``O``; else None."""
    last = len(table) - 1
    if any(map(looks_like_tag, table[last])):
        return last
    found = [place for place, column in enumerate(table) if all(map(looks_like_tag, column)) and set(column) != {OUTSIDE}]
    return found[0] if len(found) == 1 and len(table[0]) > 1 else None


def _token_column(rows, table, starts, tag):
    """The place of the token, and what is unusual about it: a list of notes."""
    others = [place for place in range(len(table)) if place != tag]
    token = others.pop(0)
    notes = []
    while _counts(table[token], starts):
        if not others:
            if len(rows) < _ENOUGH:
                break
            found = "numbers that count the lines, and no other column beside the tag"
            raise UncertainLayout(rows[0].line, Problem("columns", found, "a column with the text"))
        notes.append(f"line with an index in column {token + 1}")
        token = others.pop(0)
    if len(rows) >= _ENOUGH and not any(map(_HAN.search, table[token])):
        for place in others:
            chinese = [value for value in table[place] if _HAN.search(value)]
            if len(chinese) * 2 >= len(rows):
                found = f"Chinese text such as {chinese[0]!r} in column {place + 1} and none in column {token + 1} of all lines"
                raise UncertainLayout(rows[0].line, Problem("columns", found, f"the text in column {token + 1}"))
    return token, notes


def _counts(values, starts):
    """True if a column counts tokens (per sentence or through the file) or sentences. Bad lines may be missing."""
    if len(values) < 2 or not all(value.isascii() and value.isdigit() and len(value) < 10 for value in values):
        return False
    numbers = list(map(int, values))
    steps = list(zip(numbers, numbers[1:], starts[1:]))
    tokens = sum(new == old + 1 or (first and new in (0, 1)) for old, new, first in steps)
    sentences = sum(new == old + first for old, new, first in steps) if any(starts[1:]) else 0
    return numbers[0] in (0, 1) and max(tokens, sentences) >= len(steps) * (1 if len(steps) < _ENOUGH else 0.9)


def _have_places(rows, tokens, starts):
    """True if tokens end with their place in the word. Raises UncertainLayout if many do, but not all as they should."""
    parts = [split_place(token) for token in tokens]
    letters = sum(bool(part) and not part[0].isdigit() for part in parts)
    if letters * 2 < len(tokens) or len(tokens) < 2:
        return False
    before, line, right = -1, 0, []
    for row, part, first in zip(rows, parts, starts):
        place = int(part[1][:9]) if part else -1
        # After a bad line, which is not among the rows, any place may follow.
        right.append(place == 0 or (place > 0 and not first and (place == before + 1 or row.line > line + 1)))
        before, line = place, row.line
    if all(right):
        return any(part[1] != "0" for part in parts) or len(tokens) >= _ENOUGH
    if sum(right) < 0.9 * len(tokens) or len(tokens) < _ENOUGH:
        return False
    wrong = right.index(False)
    found = f"token {tokens[wrong]!r} among tokens that end with their place in the word"
    raise UncertainLayout(rows[wrong].line, Problem("columns", found, "a place that continues the count, or none in any token"))


def _check_tokens(rows, starts):
    """Refuse Label Studio's export of texts without spaces, in which a token is a whole text and the entities' places are lost."""
    alone = [
        row
        for row, ends in zip(rows, [*starts[1:], True])
        if row.starts and ends and len(row.columns[0]) > _LONGEST_WORD and _HAN.search(row.columns[0])
    ]
    if alone and len(alone) * 2 >= sum(starts):
        found = f"the whole text {alone[0].columns[0][:20]!r} as one token of Label Studio's CoNLL export, which cuts at spaces alone"
        raise UncertainLayout(alone[0].line, Problem("columns", found, "a token per character: entities' places are in its JSON exports"))
