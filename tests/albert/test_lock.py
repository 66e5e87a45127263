"""Locks between processes."""

import builtins
import errno
import os
import signal
import subprocess
import sys
import threading
import time

import pytest

from albert.errors import UserError
from albert.lock import LockedError, lock

_HOLD = """
import sys, time
from albert.lock import lock
with lock(sys.argv[1]) as held:
    print(held, flush=True)
    time.sleep(100)
"""


@pytest.fixture
def holder(tmp_path):
    """Another process that holds ``tmp_path/lock``."""
    process = subprocess.Popen([sys.executable, "-c", _HOLD, str(tmp_path / "lock")], stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "True\n"
    yield process
    process.kill()
    process.wait()


def test_the_file_is_there_while_the_lock_is_held(tmp_path):
    with lock(tmp_path / "lock") as held:
        assert held
        assert os.listdir(tmp_path) == ["lock"]
    assert os.listdir(tmp_path) == []


def test_it_is_freed_by_an_exception(tmp_path):
    with pytest.raises(ZeroDivisionError), lock(tmp_path / "lock"):
        _ = 1 / 0
    with lock(tmp_path / "lock", wait=False):
        pass


def test_a_second_process_is_told_who_holds_it(tmp_path, holder):
    with pytest.raises(LockedError) as e, lock(tmp_path / "lock", wait=False):
        pass
    assert isinstance(e.value, UserError)
    assert e.value.holder.startswith(f"process {holder.pid} on ")
    assert str(e.value) == f"{tmp_path / 'lock'}: found it locked by {e.value.holder}, expected no other process to use it"


@pytest.mark.skipif(os.name == "nt", reason="signals")
@pytest.mark.parametrize("number", ["SIGKILL", "SIGTERM", "SIGINT"])
def test_it_dies_with_its_holder(tmp_path, holder, number):
    holder.send_signal(getattr(signal, number))
    holder.wait()
    # What the killed one left in the file says nothing.
    with lock(tmp_path / "lock", wait=False) as held:
        assert held
        assert (tmp_path / "lock").read_text().startswith(f"{os.getpid()} ")


def test_waiting(tmp_path, holder):
    threading.Timer(0.2, holder.kill).start()
    started = time.perf_counter()
    with lock(tmp_path / "lock") as held:
        assert held
        assert time.perf_counter() - started > 0.15


def test_many_at_once_are_alone(tmp_path):
    """The file is removed by each holder while others wait for it: no two may hold different files of the same name."""
    inside, most = [], []

    def work():
        for _ in range(20):
            with lock(tmp_path / "lock"):
                inside.append(1)
                most.append(len(inside))
                inside.pop()

    threads = [threading.Thread(target=work) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(most), max(most)) == (100, 1)
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("number", [errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP])
def test_a_file_system_without_locks(tmp_path, monkeypatch, number):
    fcntl = pytest.importorskip("fcntl")

    def flock(*_):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(fcntl, "flock", flock)
    with lock(tmp_path / "lock") as held:
        assert held is False
    assert os.listdir(tmp_path) == []


def test_another_failure_is_told(tmp_path, monkeypatch):
    fcntl = pytest.importorskip("fcntl")

    def flock(*_):
        raise OSError(errno.EIO, "broken")

    monkeypatch.setattr(fcntl, "flock", flock)
    with pytest.raises(OSError, match="broken"), lock(tmp_path / "lock"):
        pass


def test_a_directory_that_is_not_there(tmp_path):
    with pytest.raises(FileNotFoundError), lock(tmp_path / "none" / "lock"):
        pass


def test_windows(tmp_path, monkeypatch):
    """The other branch, on a stand-in for its module; and no POSIX module is asked for."""
    calls = []

    class Msvcrt:
        LK_NBLCK = 2

        @staticmethod
        def locking(descriptor, mode, size):
            calls.append((os.lseek(descriptor, 0, os.SEEK_CUR) > 1000, mode, size))
            if len(calls) == 1:
                raise PermissionError(errno.EACCES, "Permission denied")

    def import_(name, *args, **kwargs):
        assert name != "fcntl"
        return original(name, *args, **kwargs)

    original = builtins.__import__
    monkeypatch.setattr(builtins, "__import__", import_)
    monkeypatch.setitem(sys.modules, "msvcrt", Msvcrt)
    path = str(tmp_path / "lock")
    monkeypatch.setattr(os, "name", "nt")
    with lock(path) as held:
        assert held
    monkeypatch.undo()
    assert calls == [(True, 2, 1)] * 2
    assert os.listdir(tmp_path) == []
