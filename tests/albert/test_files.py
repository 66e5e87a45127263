"""Atomic writes, and what is on the disk."""

import errno
import os

import pytest

from albert.files import atomic_write, sync


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
