"""Column files: one token and its tag per line, a blank line after each sentence.

Columns are separated by a tab or by spaces, the same in the whole file; :mod:`ner.data.column_layout` tells which, how many columns there
are, and which hold the token and the tag. With tabs, a space is a token like any other; with spaces, a line that begins with two of them
holds the token space.
"""

from typing import NamedTuple

from ner.data.column_layout import Layout, content_of, has_han, split, split_place
from ner.data.examples import NO_DETAILS, Details
from ner.data.problems import Problem, invalid_utf8
from ner.tags import looks_like_tag

# A corpus has few different lines (a few thousand characters with a few tags each), so each is parsed once. The bound only
# matters for files whose further columns make every line different.
_CACHE_SIZE = 1 << 18

# A token with the end of a sentence in it is a text that was not split, unless it is short.
_SENTENCE_ENDS = "。！？"
_LONGEST_WORD = 8

NOTE_SPACE = "space beside a character, left out"


class Sentence(NamedTuple):
    """T tokens and their tags, as the file has them; token t stands on line ``line + t``."""

    line: int
    tokens: list
    tags: list
    details: Details = NO_DETAILS


class _Blank(NamedTuple):
    """A line that ends a sentence; ``note`` says what is odd about it."""

    note: str = ""


class _OddRow(NamedTuple):
    """A token and its tag; ``note`` says what is odd about their line."""

    token: str
    tag: str
    note: str


def read_sentences(lines, layout, problems, notes, max_sentence_lines):
    """Sentences of a column file, one after the other.

    Args:
      lines: iterable of lines with their line ends, read with ``errors="surrogateescape"``.
      layout: the file's :class:`ner.data.column_layout.Layout`; None: that of the first line that has one.
      problems: a :class:`ner.data.problems.Problems`, told of the first bad line of each sentence.
      notes: Counter to which harmless oddities are added.
      max_sentence_lines: a longer sentence is a bad line: blank lines are missing.

    Yields:
      :class:`Sentence` without bad lines.
    """
    parser = _LineParser(layout)
    known = {}
    start, tokens, tags = 0, [], []
    bad = False
    line = "\n"
    for number, line in enumerate(lines, 1):
        parsed = known.get(line)
        if parsed is None:
            if len(known) >= _CACHE_SIZE:
                known.clear()
            parsed = known[line] = parser.parse(line, number)
        if type(parsed) is tuple or type(parsed) is _OddRow:
            if len(parsed) == 3:
                notes[parsed.note] += 1
            if not tokens:
                start = number
            tokens.append(parsed[0])
            tags.append(parsed[1])
            if len(tokens) > max_sentence_lines:
                if not bad:
                    problems.report(start, _endless(max_sentence_lines))
                bad, tokens, tags = True, [], []
        elif type(parsed) is _Blank:
            if parsed.note:
                notes[parsed.note] += 1
            if tokens and not bad:
                yield Sentence(start, tokens, tags)
            bad, tokens, tags = False, [], []
        elif not bad:
            problems.report(number, parsed)
            bad = True
    if not line.endswith(("\n", "\r")):
        notes["last line without a line end"] += 1
    if tokens and not bad:
        yield Sentence(start, tokens, tags)


def _endless(max_sentence_lines):
    return Problem("sentence without end", f"a sentence of more than {max_sentence_lines} lines", "a blank line after each sentence")


class _LineParser:
    """Turns a line into ``(token, tag)``, an :class:`_OddRow`, a :class:`_Blank` or a :class:`Problem`."""

    def __init__(self, layout):
        self._layout = layout

    def parse(self, line, number):
        """Parse one line; ``number`` is its 1-based number in the file."""
        content = content_of(line)
        if not content:
            return _Blank("blank line with spaces or tabs" if line.startswith((" ", "\t")) else "")
        problem = invalid_utf8(content)
        if problem:
            return problem
        layout = self._layout
        separator = layout.separator if layout else "\t" if "\t" in content else " "
        columns = split(content, separator)
        problem = self._problem(content, columns)
        if problem:
            return problem
        if layout is None:
            self._layout = layout = Layout(separator, len(columns), number, 0, len(columns) - 1)
        token, tag = columns[layout.token], columns[layout.tag]
        if layout.places:
            return split_place(token)[0], tag
        # A space beside a character is none of the text; a space alone is.
        bare = token.strip(" ")
        return _OddRow(bare, tag, NOTE_SPACE) if bare and bare != token else (token, tag)

    def _problem(self, content, columns):
        layout = self._layout
        if layout and layout.contradicted_by(content):
            other = "a space" if layout.separator == "\t" else "a tab"
            return Problem("mixed separators", f"{other} as separator", f"{layout.separator_name} as in line {layout.line}")
        if not columns[0]:
            return Problem("missing character", f"{content!r} without a character", "a character, a tab or space, and its tag")
        if len(columns) == 1:
            return Problem("missing tag", f"{content!r} without a tag", "a character, a tab or space, and its tag")
        if layout and len(columns) != layout.columns:
            return Problem("columns", f"{len(columns)} columns", f"{layout.columns} as in line {layout.line}")
        return self._value_problem(columns)

    def _value_problem(self, columns):
        layout = self._layout
        token, tag = (columns[layout.token], columns[layout.tag]) if layout else (columns[0], columns[-1])
        if not token:
            return Problem("missing character", f"no character in column {layout.token + 1}", "a character")
        if not looks_like_tag(tag):
            where = "the last column" if not layout or layout.tag == layout.columns - 1 else f"column {layout.tag + 1}"
            return Problem("not a tag", f"{tag!r} in {where}", "a tag such as O or B-PER")
        if layout and layout.places and not split_place(token):
            return Problem("columns", f"token {token!r}", "a character and its place in the word, as in the lines before")
        if len(token) > _LONGEST_WORD and any(end in token for end in _SENTENCE_ENDS) and has_han(token):
            return Problem("unsplit text", f"the token {token[:20]!r}, in which a sentence ends", "a character or word")
        return None
