"""Vectors in word2vec's text format: what is read, and the line that is named when it is not."""

import re

import numpy as np
import pytest

from ner.errors import DataError
from ner.lattice.vectors import read_vectors


@pytest.mark.parametrize("header", ["", "4 2\n", "\ufeff4 2\n"])
def test_vectors(tmp_path, header):
    path = tmp_path / "vectors.txt"
    path.write_text(f"{header}长江 0.5 -1e-3\n\n大桥\t2 3 \r\n的 7 7\n长江 9 9\n", encoding="utf-8")
    vectors = read_vectors(path, {"长江", "大桥"}.__contains__, 2)
    assert sorted(vectors) == ["大桥", "长江"]
    np.testing.assert_array_equal(vectors["长江"], np.array([0.5, -1e-3], np.float32))
    np.testing.assert_array_equal(vectors["大桥"], np.array([2, 3], np.float32))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"5 3\n", "1: found vectors of 3 numbers, expected 2"),
        ("长江 1 2\n大桥 1\n".encode(), "2: found 1 numbers after the word, expected 2"),
        ("长江 1 x\n".encode(), "1: expected 2 numbers after the word, found one that is none"),
        ("长江 1 nan\n".encode(), "1: found a number that is not finite, expected 2 finite ones"),
        (b"\xff 1 2\n", "1: expected UTF-8, found byte 0xff"),
        ("2 2\n长江 1 2\n长江 1e99 2\n大桥 1\n".encode(), "4: found 1 numbers after the word, expected 2"),
        ("长江 1 1e99\n".encode(), "1: found a number that is not finite, expected 2 finite ones"),
        # word2vec's binary format.
        (b"1 2\n\xe7\x9a\x84 \x00\x00\x80\x3f\x00\x00\x00\x40\n", "2: found 1 numbers after the word, expected 2"),
    ],
)
def test_a_damaged_file_names_the_line(tmp_path, content, message):
    path = tmp_path / "vectors.txt"
    path.write_bytes(content)
    with pytest.raises(DataError, match=re.escape(f"{path}:{message}")):
        read_vectors(path, lambda _: True, 2)


def test_a_missing_file(tmp_path):
    with pytest.raises(DataError, match="cannot read the vectors: No such file"):
        read_vectors(tmp_path / "none", lambda _: True, 2)


def test_a_file_that_was_cut_short(tmp_path):
    path = tmp_path / "vectors.txt"
    path.write_text("3 2\n长江 1 2\n大桥 3 4\n", encoding="utf-8")
    with pytest.raises(DataError, match=re.escape(f"{path}: found 2 words, expected the 3 that its first line says")):
        read_vectors(path, lambda _: False, 2)


def test_blanks_that_are_not_ascii_belong_to_the_word(tmp_path):
    path = tmp_path / "vectors.txt"
    path.write_text("\u3000 1 2\n长\u00a0江 3 4\n\u2028 5 6\n", encoding="utf-8")
    assert set(read_vectors(path, lambda _: True, 2)) == {"\u3000", "长\u00a0江", "\u2028"}


def test_a_directory(tmp_path):
    with pytest.raises(DataError, match="cannot read the vectors: Is a directory"):
        read_vectors(tmp_path, lambda _: True, 2)
