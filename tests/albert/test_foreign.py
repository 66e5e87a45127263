"""Bytes of any kind become a value or one line."""

import errno
import struct
import zipfile

import numpy as np
import pytest

from albert.errors import CheckpointError, UserError
from albert.files import read_json
from albert.foreign import guard, kind_of, kind_of_bytes, printable


@pytest.mark.parametrize(
    ("raised", "line"),
    [
        (ValueError("a\nb"), "f: expected weights, found: a b"),
        (RecursionError("deep"), "f: expected weights, found: deep"),
        (OverflowError(), "f: expected weights, found: OverflowError"),
        (KeyError("x"), "f: expected weights, found: 'x'"),
        (struct.error("short"), "f: expected weights, found: short"),
        (zipfile.BadZipFile("cut"), "f: expected weights, found: cut"),
        (MemoryError(), "f: expected weights, found one that needs more memory than there is"),
        (FileNotFoundError(errno.ENOENT, "No such file"), "f: no such file, expected weights"),
        (PermissionError(errno.EACCES, "Permission denied"), "f: cannot read weights: Permission denied"),
        (AssertionError("x" * 1000), f"f: expected weights, found: {'x' * 300}…"),
    ],
)
def test_whatever_a_reader_raises_is_one_line(raised, line):
    with pytest.raises(CheckpointError) as e, guard("f", "weights", CheckpointError):
        raise raised
    assert str(e.value) == line
    assert e.value.__cause__ is raised


def test_what_is_said_already_passes_and_so_does_an_interrupt():
    for raised in (UserError("said"), KeyboardInterrupt(), SystemExit(3)):
        with pytest.raises(type(raised)) as e, guard("f", "weights", CheckpointError):
            raise raised
        assert e.value is raised


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "an empty file"),
        (
            b"version https://git-lfs.github.com/spec/v1\noid sha256:0d71\nsize 42698240\n",
            "a Git LFS pointer (73 bytes): the file itself was not fetched (git lfs pull, or download it)",
        ),
        (b"<!DOCTYPE html>\n<html></html>", "an HTML page (29 bytes)"),
        (b"\n  <HTML>" + b" " * 5000, "an HTML page (5,009 bytes)"),
        (b'<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>', "an XML page (61 bytes)"),
        (b"\x89HDF\r\n\x1a\n" + bytes(9), "an HDF5 file, as Keras writes it (17 bytes)"),
        (b"\x1f\x8b\x08" + bytes(20), "a gzip archive (23 bytes): unpack it first"),
        (b"a.txt".ljust(257, b"\0") + b"ustar\0", "a tar archive (263 bytes): unpack it first"),
        (b"PK\x03\x04", "a zip archive (4 bytes): unpack it first"),
        (bytes(70_000), "nothing but zero bytes at its beginning, as of a download that broke off (70,000 bytes)"),
        (b'{"error": "Repository not found"}', "a JSON text (33 bytes)"),
        (b"Entry not found", "a text that reads 'Entry not found' (15 bytes)"),
        (b"Not: found\n", "a text that reads 'Not: found' (11 bytes)"),
        (b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.", None),
        (b"text " * 1000, None),
    ],
)
def test_what_a_file_is(tmp_path, content, words):
    (tmp_path / "file").write_bytes(content)
    found = kind_of(tmp_path / "file")
    assert found == words
    assert kind_of_bytes(content[:1024], len(content)) == found


def test_what_is_none_of_these(tmp_path):
    np.save(tmp_path / "a.npy", np.zeros(3))
    assert kind_of(tmp_path / "a.npy") == "a NumPy array (152 bytes)"


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (b"<html>", "an HTML page (6 bytes)"),
        (b"", "invalid JSON (Expecting value at character 1)"),
        (b"Entry not found", "invalid JSON (Expecting value at character 1)"),
        (b'{"a": 1e999}', "invalid JSON (a number too large)"),
        (b'{"a": ' + b"7" * 301 + b"}", "invalid JSON (a number too long)"),
        (
            b"version https://git-lfs.github.com/spec/v1\n",
            "a Git LFS pointer (43 bytes): the file itself was not fetched (git lfs pull, or download it)",
        ),
    ],
)
def test_a_file_that_is_no_json_at_all(tmp_path, content, found):
    path = tmp_path / "config.json"
    path.write_bytes(content)
    with pytest.raises(CheckpointError) as e:
        read_json(path, "a config", error=CheckpointError)
    assert str(e.value).removeprefix(str(path)).removeprefix(":1") == f": found {found}, expected a config"


def test_names_from_files_on_one_line():
    assert printable("bert/词") == "bert/词"
    assert printable("a\nb\x1b[2J\ud800\u2028") == "a\\nb\\x1b[2J\\ud800\\u2028"
    assert printable("x" * 200) == "x" * 120 + "…"
