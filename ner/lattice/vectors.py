"""Pretrained vectors in word2vec's text format."""

import codecs
import os

import numpy as np

from ner.errors import DataError

# A count with more digits is none, and Python refuses to convert thousands.
_MOST_DIGITS = 18


def read_vectors(path, wanted, size):
    """The vectors of some words.

    The file has a line per word: the word and its numbers, separated by ASCII blanks; a word may hold any other, an ideographic space
    say. A first line of two whole numbers, the count of words and their size, may be there or not. A word that occurs twice has its
    first vector.

    Args:
      path: UTF-8 text file.
      wanted: function from a word to whether its vector is kept.
      size: numbers per vector.

    Returns:
      dict from word to float32 [size].

    Raises:
      DataError: the file cannot be read, ends before it has all the words its first line says, a word is not UTF-8, or a line is not
        a word and ``size`` finite numbers.
    """
    name, vectors, expected, found = os.fspath(path), {}, 0, 0
    try:
        with open(path, "rb") as f:
            for number, line in enumerate(f, start=1):
                # Where files were joined, a mark may stand before any line; alone it is a word.
                bare = line.removeprefix(codecs.BOM_UTF8)
                fields = (line if bare[:1].isspace() and number > 1 else bare).split()
                if number == 1 and _is_header(fields):
                    expected = int(fields[0])
                    if int(fields[1]) != size:
                        raise DataError(f"{name}:1: found vectors of {int(fields[1])} numbers, expected {size}")
                elif fields:
                    found += 1
                    _read_fields(fields, f"{name}:{number}", wanted, size, vectors)
    except OSError as e:
        raise DataError(f"{name}: cannot read the vectors: {e.strerror}") from e
    if found < expected:
        raise DataError(f"{name}: found {found:,} words, expected the {expected:,} that its first line says")
    return vectors


def _is_header(fields):
    return len(fields) == 2 and all(field.isdigit() and len(field) <= _MOST_DIGITS for field in fields)


def _read_fields(fields, where, wanted, size, vectors):
    if len(fields) != size + 1:
        raise DataError(f"{where}: found {len(fields) - 1:,} numbers after the word, expected {size}")
    try:
        word = fields[0].decode("utf-8")
    except UnicodeDecodeError as e:
        raise DataError(f"{where}: expected UTF-8, found byte 0x{fields[0][e.start]:02x}") from e
    if word in vectors or not wanted(word):
        return
    try:
        # A number too large for float32 becomes infinite, and is refused below.
        with np.errstate(over="ignore"):
            vector = np.array([float(field) for field in fields[1:]], np.float32)
    except ValueError as e:
        raise DataError(f"{where}: expected {size} numbers after the word, found one that is none: {e}") from e
    if not np.all(np.isfinite(vector)):
        raise DataError(f"{where}: found a number that is not finite, expected {size} finite ones")
    vectors[word] = vector
