"""One directory, one run."""

import json

import pytest

from albert.errors import UserError
from albert.training.same_run import ensure_same_run

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
