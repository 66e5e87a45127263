"""Texts to tag: the lines of files and of standard input, as they become available.

A text is a line: of plain text, or the value of one field of a JSON object. Files are UTF-8; a byte order mark and the CR of CRLF
do not belong to the text.
"""

import codecs
import glob
import os
import sys
from typing import NamedTuple

from albert.errors import UserError
from albert.files import JsonError, parse_json, show_json
from ner.data.problems import invalid_utf8
from ner.errors import DataError

STANDARD_INPUT = "-"

# Bytes read at a time: few at first, so that first results come soon, then enough to fill batches with lines of similar length.
_FIRST_BLOCK = 1 << 13
_LARGEST_BLOCK = 1 << 18


class Line(NamedTuple):
    """One line without its line end, and where it stands; ``number`` counts from 1."""

    source: str
    number: int
    data: bytes


class InputText(NamedTuple):
    """A text to tag.

    Attributes:
      text: the text.
      record: the JSON object that it is a field of, exactly as it stood in its line; None for plain text.
      num_bytes: length of the line.
      source, number: where the line stands.
    """

    text: str
    record: str
    num_bytes: int
    source: str = ""
    number: int = 0


def find_files(patterns):
    """Paths for names and glob patterns (``data/*.txt``, ``**`` for any depth), in the order given; a pattern's matches are sorted.

    Args:
      patterns: list of strings; ``-`` is standard input.

    Raises:
      UserError: a file is missing or is a directory, or a pattern matches nothing.
    """
    paths = []
    for pattern in patterns:
        if pattern == STANDARD_INPUT or os.path.exists(pattern):
            found = [pattern]
        elif glob.has_magic(pattern):
            found = sorted(path for path in glob.glob(pattern, recursive=True) if not os.path.isdir(path))
            if not found:
                raise UserError(f"{pattern}: found no file that matches, expected at least one")
        else:
            hint = "; a name with a comma in a list of names goes in double quotes" if len(patterns) > 1 else ""
            raise UserError(f"{pattern}: no such file, expected text to tag{hint}")
        for path in found:
            if os.path.isdir(path):
                raise UserError(f"{path}: found a directory, expected a file (or a pattern such as {os.path.join(path, '*.txt')})")
        paths += found
    return paths


def total_bytes(paths):
    """Bytes of all files together, None when one of them is no regular file and so has no length yet."""
    if not all(os.path.isfile(path) for path in paths):
        return None
    return sum(os.path.getsize(path) for path in paths)


def read_chunks(path):
    """The lines of a file, or of standard input, in lists: each holds what was there to read, up to a limit, and at least one line.

    So a file is read in pieces of bounded size, and a line typed, or written to a pipe, is passed on without waiting for more.

    Yields:
      List of :class:`Line`.

    Raises:
      DataError: the file cannot be read, or is UTF-16.
    """
    name = "standard input" if path == STANDARD_INPUT else path
    try:
        if path == STANDARD_INPUT:
            if sys.stdin is None:
                raise DataError("standard input: found it closed, expected text (or the names of files)")
            yield from _chunks(sys.stdin.buffer.read1, name)
        else:
            with open(path, "rb", buffering=0) as f:
                yield from _chunks(f.read, name)
    except OSError as e:
        raise DataError(f"{name}: cannot read the text: {e.strerror}") from e


def _chunks(read, name):
    number, size = 0, _FIRST_BLOCK
    begun = []  # parts of the line that is not complete yet
    block = _first_block(read, name)
    while True:
        *complete, rest = block.split(b"\n")
        if not block and any(begun):
            complete = [b""]
        if complete:
            complete[0] = b"".join([*begun, complete[0]])
            begun = []
            yield [Line(name, number + i, data[:-1] if data.endswith(b"\r") else data) for i, data in enumerate(complete, 1)]
            number += len(complete)
        if not block:
            return
        begun.append(rest)
        size = min(2 * size, _LARGEST_BLOCK)
        block = read(size)


def _first_block(read, name):
    """First block of the input, without a byte order mark; a pipe may give the mark in parts."""
    block = read(_FIRST_BLOCK)
    while block and len(block) < len(codecs.BOM_UTF8) and codecs.BOM_UTF8.startswith(block):
        more = read(_FIRST_BLOCK)
        if not more:
            break
        block += more
    if block.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise DataError(f"{name}: found UTF-16 text, expected UTF-8 (convert the file)")
    # More has to follow: an empty block is the end of the text.
    return (block[len(codecs.BOM_UTF8) :] or read(_FIRST_BLOCK)) if block.startswith(codecs.BOM_UTF8) else block


def parse_line(line, text_field=None, new_field=None):
    """The text of a line.

    Args:
      line: :class:`Line`.
      text_field: None for plain text, else the field of the line's JSON object that holds the text.
      new_field: a field that the object must not have yet.

    Returns:
      :class:`InputText`.

    Raises:
      DataError: names the file and line, what was found and what was expected.
    """
    place = f"{line.source}:{line.number}"
    decoded = line.data.decode("utf-8", "surrogateescape")
    problem = invalid_utf8(decoded)
    if problem:
        raise DataError(f"{place}: found {problem.found}, expected {problem.expected}")
    if text_field is None:
        return InputText(decoded, None, len(line.data) + 1, line.source, line.number)
    # A mark there comes from files that were joined; NaN, which Python would read, is not JSON and would be copied out.
    decoded = decoded.lstrip("\ufeff")
    try:
        values = parse_json(decoded)
    except JsonError as e:
        raise DataError(f"{place}: found {e}, expected one JSON object per line") from e
    if text_field not in values:
        raise DataError(f"{place}: found no field {text_field!r}, expected it to hold the text")
    text = values[text_field]
    if not isinstance(text, str):
        raise DataError(f"{place}: found {show_json(text)} in field {text_field!r}, expected a string")
    if new_field in values:
        raise DataError(f"{place}: found a field {new_field!r}, expected none, as the entities are written there")
    return InputText(text, decoded.strip(), len(line.data) + 1, line.source, line.number)
