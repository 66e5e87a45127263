"""Atomic writes, what is on the disk, and reading JSON."""

import errno
import math
import os
import sys

import pytest

from albert.errors import ConfigError, UserError
from albert.files import JsonError, atomic_write, parse_json, read_json, sync


def test_the_file_appears_when_it_is_complete(tmp_path):
    path = tmp_path / "new.txt"
    with atomic_write(path) as f:
        f.write("中\n")
        assert not path.exists()
    assert path.read_bytes() == "中\n".encode()
    assert os.listdir(tmp_path) == ["new.txt"]


def test_a_failure_leaves_the_old_file(tmp_path):
    path = tmp_path / "old.bin"
    path.write_bytes(b"old")
    with pytest.raises(ZeroDivisionError), atomic_write(path, "wb") as f:
        f.write(b"new")
        _ = 1 / 0
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["old.bin"]


def test_a_full_disk_is_told_with_the_file(tmp_path):
    with pytest.raises(OSError, match="No space left") as e, atomic_write(tmp_path / "file"):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    assert e.value.filename == str(tmp_path / "file")
    assert os.listdir(tmp_path) == []


def test_replacing_and_rights(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"old")
    with atomic_write(path, "wb") as f:
        f.write(b"new")
    assert path.read_bytes() == b"new"
    (tmp_path / "plain").write_bytes(b"")
    assert path.stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_a_missing_directory(tmp_path):
    with pytest.raises(FileNotFoundError), atomic_write(tmp_path / "none" / "file"):
        pass


def test_a_file_system_that_cannot_sync_directories_is_no_error(tmp_path, monkeypatch):
    def fsync(_):
        raise OSError(number, "x")

    monkeypatch.setattr(os, "fsync", fsync)
    (tmp_path / "file").write_text("")
    number = errno.EINVAL
    sync(tmp_path)
    with pytest.raises(OSError, match="x"):
        sync(tmp_path / "file")
    number = errno.EIO
    with pytest.raises(OSError, match="x"):
        sync(tmp_path)


BROKEN_JSON = [
    (b"", 1, "invalid JSON (Expecting value at character 1)"),
    (b'{\n "a": 1,\n}', 3, "invalid JSON (Expecting property name enclosed in double quotes at character 1 of line 3)"),
    (b"[" * 100_000, None, "invalid JSON (nested too deeply)"),
    (b'{"a": ' * 100_000, None, "invalid JSON (nested too deeply)"),
    (b'{"a": NaN}', None, "invalid JSON (NaN)"),
    (b'{"a": [-Infinity]}', None, "invalid JSON (-Infinity)"),
    (b'{"a": "\xd6\xd0"}', None, "text that is not UTF-8 (byte 0xd6 at offset 7)"),
    ("{}".encode("utf-16"), None, "text that is not UTF-8 (byte 0xff at offset 0)"),
    (b"[]", None, "a JSON list, not an object"),
    (b"null", None, "a JSON null, not an object"),
    (b"true", None, "a JSON boolean, not an object"),
    (b"3", None, "a JSON number, not an object"),
    (b'"{}"', None, "a JSON string, not an object"),
]
if hasattr(sys, "get_int_max_str_digits"):
    BROKEN_JSON.append((b'{"a": ' + b"7" * 5_000 + b"}", None, "invalid JSON (a number too long)"))


@pytest.mark.parametrize("text, line, message", BROKEN_JSON, ids=range(len(BROKEN_JSON)))
def test_what_is_no_json_object_is_told_in_one_line(tmp_path, text, line, message):
    with pytest.raises(JsonError) as e:
        parse_json(text)
    assert (str(e.value), e.value.line) == (message, line)
    path = tmp_path / "a.json"
    path.write_bytes(text)
    with pytest.raises(UserError) as e:
        read_json(path, "a record")
    assert str(e.value) == f"{path}{f':{line}' if line else ''}: found {message}, expected a record"


def test_json_that_is_read():
    assert parse_json(b'\xef\xbb\xbf{"a": "\xe4\xb8\xad"}') == {"a": "中"}
    assert parse_json("[1]", list) == [1]
    assert parse_json("7", None) == 7
    assert parse_json('{"a": 1, "a": 2}') == {"a": 2}
    assert math.isnan(parse_json('{"a": NaN}', allow_nan=True)["a"])
    with pytest.raises(JsonError, match="^the key 'a' twice in one object$"):
        parse_json('[{"b": {"a": 1, "a": 2}}]', list, unique_keys=True)


def test_json_files_that_cannot_be_read(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError, match="^none: no such file, expected a record$"):
        read_json("none", "a record", error=ConfigError)
    with pytest.raises(UserError, match=": cannot read a record: Is a directory$"):
        read_json(tmp_path, "a record")
    with pytest.raises(UserError, match="cannot read a record: .*null"):
        read_json("a\0b", "a record")
    with pytest.raises(UserError, match="^/dev/zero: found more than 64 MB, expected a record$"):
        read_json("/dev/zero", "a record")
