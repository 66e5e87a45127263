"""Pretrained vectors in word2vec's text format."""

import os

import numpy as np

from ner.errors import DataError


def read_vectors(path, wanted, size):
    """The vectors of some words.

    The file has a line per word: the word and its numbers, separated by blanks. A first line of two whole numbers, the count of
    words and their size, may be there or not. A word that occurs twice has its first vector.

    Args:
      path: UTF-8 text file.
      wanted: function from a word to whether its vector is kept.
      size: numbers per vector.

    Returns:
      dict from word to float32 [size].

    Raises:
      DataError: the file cannot be read, is not UTF-8, or a line is not a word and ``size`` finite numbers.
    """
    name, vectors = os.fspath(path), {}
    try:
        with open(path, "rb") as f:
            for number, line in enumerate(f, start=1):
                _read_line(line, f"{name}:{number}", number == 1, wanted, size, vectors)
    except OSError as e:
        raise DataError(f"{name}: cannot read the vectors: {e.strerror}") from e
    return vectors


def _read_line(line, where, first, wanted, size, vectors):
    try:
        text = line.decode("utf-8-sig" if first else "utf-8")
    except UnicodeDecodeError as e:
        raise DataError(f"{where}: expected UTF-8, found byte 0x{line[e.start]:02x}") from e
    fields = text.split()
    if not fields:
        return
    if first and len(fields) == 2 and all(field.isdigit() for field in fields):
        if int(fields[1]) != size:
            raise DataError(f"{where}: found vectors of {fields[1]} numbers, expected {size}")
        return
    if len(fields) != size + 1:
        raise DataError(f"{where}: found {len(fields) - 1} numbers after the word, expected {size}")
    word = fields[0]
    if word in vectors or not wanted(word):
        return
    try:
        vector = np.array(fields[1:], np.float32)
    except ValueError as e:
        raise DataError(f"{where}: expected {size} numbers after the word, found one that is none: {e}") from e
    if not np.all(np.isfinite(vector)):
        raise DataError(f"{where}: found a number that is not finite, expected {size} finite ones")
    vectors[word] = vector
