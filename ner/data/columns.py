"""Column files: one token per line, its tag in the last column, a blank line after each sentence.

Columns are separated by a tab or by spaces, the same in the whole file; the first line decides which, and how many columns there are. With
tabs, a space is a token like any other; with spaces, a line that begins with two of them holds the token space.
"""

from typing import NamedTuple

from ner.data.problems import Problem, invalid_utf8
from ner.tags import looks_like_tag

# A corpus has few different lines (a few thousand characters with a few tags each), so each is parsed once. The bound only
# matters for files whose further columns make every line different.
_CACHE_SIZE = 1 << 18


class Sentence(NamedTuple):
    """T tokens and their tags, as the file has them; token t stands on line ``line + t``."""

    line: int
    tokens: list
    tags: list


class _Blank(NamedTuple):
    """A line that ends a sentence; ``note`` says what is odd about it."""

    note: str = ""


class _Layout(NamedTuple):
    separator: str
    columns: int
    line: int

    @property
    def separator_name(self):
        return "a tab" if self.separator == "\t" else "a space"

    def contradicted_by(self, content):
        """Whether a line is separated the other way. A space is no separator in a line that has a tab: it may be the token."""
        if self.separator == "\t":
            return "\t" not in content and " " in content
        return "\t" in content


def read_sentences(lines, problems, notes, max_sentence_lines):
    """Sentences of a column file, one after the other.

    Args:
      lines: iterable of lines with their line ends (LF or CRLF), read with ``errors="surrogateescape"``.
      problems: a :class:`ner.data.problems.Problems`, told of the first bad line of each sentence.
      notes: Counter to which harmless oddities are added.
      max_sentence_lines: a longer sentence is a bad line: blank lines are missing.

    Yields:
      :class:`Sentence` without bad lines.
    """
    parser = _LineParser()
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
        if type(parsed) is tuple:
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
    if not line.endswith("\n"):
        notes["last line without a line end"] += 1
    if tokens and not bad:
        yield Sentence(start, tokens, tags)


def _endless(max_sentence_lines):
    return Problem("sentence without end", f"a sentence of more than {max_sentence_lines} lines", "a blank line after each sentence")


class _LineParser:
    """Turns a line into ``(token, tag)``, a :class:`_Blank` or a :class:`Problem`, by the layout of the first line."""

    def __init__(self):
        self._layout = None

    def parse(self, line, number):
        """Parse one line; ``number`` is its 1-based number in the file."""
        body = line.rstrip("\r\n")
        # Only ASCII white space is a separator: a full-width or no-break space is a character of the text.
        content = body.rstrip(" \t")
        if not content:
            return _Blank("blank line with spaces or tabs" if body else "")
        if content.startswith("-DOCSTART-"):
            return _Blank()
        problem = invalid_utf8(content)
        if problem:
            return problem
        separator = self._layout.separator if self._layout else "\t" if "\t" in content else " "
        token, others = _split(content, separator)
        problem = self._problem(content, token, others)
        if problem:
            return problem
        if self._layout is None:
            self._layout = _Layout(separator, len(others) + 1, number)
        return token, others[-1]

    def _problem(self, content, token, others):
        layout = self._layout
        if layout and layout.contradicted_by(content):
            other = "a space" if layout.separator == "\t" else "a tab"
            return Problem("mixed separators", f"{other} as separator", f"{layout.separator_name} as in line {layout.line}")
        if not token:
            return Problem("missing character", f"{content!r} without a character", "a character, a tab or space, and its tag")
        if not others:
            return Problem("missing tag", f"{content!r} without a tag", "a character, a tab or space, and its tag")
        if layout and len(others) + 1 != layout.columns:
            return Problem("columns", f"{len(others) + 1} columns", f"{layout.columns} as in line {layout.line}")
        if not looks_like_tag(others[-1]):
            return Problem("not a tag", f"{others[-1]!r} in the last column", "a tag such as O or B-PER")
        return None


def _split(content, separator):
    """The token and the list of the other columns."""
    if separator == "\t":
        token, *others = content.split("\t")
        return token, others
    if content.startswith("  "):
        token, rest = " ", content[2:]
    else:
        token, _, rest = content.partition(" ")
    return token, [column for column in rest.split(" ") if column]
