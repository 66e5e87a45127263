"""One directory, one run."""

import errno
import json
import os
import pathlib
import re
import subprocess
import sys

import pytest

from albert.errors import FieldError, UserError
from albert.lock import lock
from albert.training.same_run import ensure_same_run, sole_process

IDENTITY = {"seed": 1, "config": {"hidden_size": 312}, "weights": [1.0, 0.5]}


@pytest.mark.parametrize("key", [None, "identity"])
def test_a_new_directory_is_marked_and_the_same_run_goes_on(tmp_path, key):
    path = tmp_path / "a" / "run"
    record = {"identity": IDENTITY} if key else IDENTITY
    for _ in range(2):
        # Tuples come back from JSON as lists; that is no difference.
        assert (
            json.loads(json.dumps(ensure_same_run(path, "run.json", {**IDENTITY, "weights": (1.0, 0.5)}, "pretraining run", key))) == record
        )
    assert json.loads((path / "run.json").read_text(encoding="utf-8")) == record


def test_what_differs_is_named(tmp_path):
    ensure_same_run(tmp_path / "run", "run.json", IDENTITY, "pretraining run")
    with pytest.raises(UserError) as e:
        ensure_same_run(tmp_path / "run", "run.json", {**IDENTITY, "config": {"hidden_size": 768}}, "pretraining run")
    message = f"output_dir: {tmp_path / 'run'} holds another run, config.hidden_size: 312 there, 768 here; choose another directory"
    assert str(e.value) == message


def test_files_of_something_else_are_left_alone(tmp_path):
    (tmp_path / "letter.txt").write_text("dear", encoding="utf-8")
    with pytest.raises(UserError) as e:
        ensure_same_run(tmp_path, "run.json", IDENTITY, "pretraining run")
    assert str(e.value) == f"output_dir: {tmp_path} is not empty and holds no pretraining run; choose another directory"
    assert [path.name for path in tmp_path.iterdir()] == ["letter.txt"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("[]", "run.json: found a JSON list, not an object, expected the record of the pretraining run in this directory"),
        (
            "{",
            "run.json:1: found invalid JSON (Expecting property name enclosed in double quotes at character 2), expected the record of the",
        ),
    ],
)
@pytest.mark.parametrize("key", [None, "identity"])
def test_a_broken_record_is_one_line(tmp_path, content, message, key):
    (tmp_path / "run.json").write_text(content, encoding="utf-8")
    with pytest.raises(UserError) as e:
        ensure_same_run(tmp_path, "run.json", IDENTITY, "pretraining run", key)
    assert str(e.value).startswith(f"{tmp_path}/{message}")


def test_a_directory_that_cannot_be_made(tmp_path):
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(UserError, match="^output_dir: cannot write to .*/file/run: Not a directory$"):
        ensure_same_run(tmp_path / "file" / "run", "run.json", IDENTITY, "pretraining run")


def test_one_process_at_a_time(tmp_path):
    path = tmp_path / "a" / "run"
    code = "import sys, time; from albert.training.same_run import sole_process\nwith sole_process(sys.argv[1], 'run.json', 'x'):\n"
    code += "    print(flush=True)\n    time.sleep(100)"
    other = subprocess.Popen([sys.executable, "-c", code, str(path)], stdout=subprocess.PIPE, cwd=pathlib.Path(__file__).parents[3])
    try:
        other.stdout.readline()
        with pytest.raises(FieldError) as e, sole_process(path, "run.json", "training run"):
            pass
        expected = f"output_dir: {path} is in use by process {other.pid} on .*; wait for it to end, or choose another directory"
        assert re.fullmatch(expected, str(e.value))
    finally:
        other.kill()
        other.wait()
    # The killed one's file is there still, and holds nobody up; nor is it something else's.
    assert os.listdir(path) == [".lock"]
    with sole_process(path, "run.json", "training run") as remark:
        assert remark is None
        ensure_same_run(path, "run.json", IDENTITY, "training run")
    assert os.listdir(path) == ["run.json"]
    with sole_process(path, "run.json", "training run"):
        pass


def test_a_directory_that_nothing_came_into_is_removed_again(tmp_path):
    with pytest.raises(ZeroDivisionError), sole_process(tmp_path / "run", "run.json", "training run"):
        _ = 1 / 0
    assert os.listdir(tmp_path) == []


def test_nothing_is_put_beside_files_of_something_else(tmp_path):
    (tmp_path / "letter.txt").write_text("dear", encoding="utf-8")
    with pytest.raises(UserError, match="is not empty and holds no training run"), sole_process(tmp_path, "run.json", "training run"):
        pass
    assert os.listdir(tmp_path) == ["letter.txt"]
    with sole_process(tmp_path):
        assert sorted(os.listdir(tmp_path)) == [".lock", "letter.txt"]


def test_a_directory_that_can_only_be_read(tmp_path, monkeypatch):
    ensure_same_run(tmp_path / "run", "run.json", IDENTITY, "training run")

    def refuse_with(number):
        def refuse(*_):
            raise OSError(number, os.strerror(number), str(tmp_path))

        monkeypatch.setattr(os, "open", refuse)

    for number in (errno.EROFS, errno.EACCES):
        refuse_with(number)
        with sole_process(tmp_path / "run", "run.json", "training run") as remark:
            assert remark is None
    refuse_with(errno.ENOSPC)
    with pytest.raises(FieldError, match="output_dir: cannot write to .*: No space left"), sole_process(tmp_path / "run"):
        pass


def test_without_locks_there_is_a_remark(tmp_path, monkeypatch):
    fcntl = pytest.importorskip("fcntl")

    def flock(*_):
        raise OSError(errno.ENOLCK, "x")

    monkeypatch.setattr(fcntl, "flock", flock)
    with sole_process(tmp_path / "run") as remark:
        assert remark == f"{tmp_path / 'run'}: no locks on this file system: nothing keeps a second process out of the directory"


def test_a_lock_that_is_held_by_this_process_too(tmp_path):
    with lock(tmp_path / ".lock"), pytest.raises(FieldError, match="is in use by process"), sole_process(tmp_path):
        pass
