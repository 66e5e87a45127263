"""The guard against two different runs in one directory, and the record of a run."""

import json

import pytest

from albert.errors import UserError
from ner import pretrained
from ner.model import run_record
from ner.model.directory import ModelDir

IDENTITY = {"seed": 1, "model": {"lstm_units": 128, "encoder": {"hidden_size": 312}}, "data": {"train.txt": "aa"}, "tags": ["O", "B-PER"]}


@pytest.fixture
def directory(tmp_path):
    directory = ModelDir(tmp_path / "run")
    assert run_record.ensure_same_run(directory, IDENTITY) is None
    return directory


def test_the_same_run_may_go_on(directory):
    # Tuples come back from JSON as lists; that is no difference.
    assert run_record.ensure_same_run(directory, {**IDENTITY, "tags": ("O", "B-PER")}) is None


@pytest.mark.parametrize(
    ("changes", "differences"),
    [
        ({"model": {**IDENTITY["model"], "lstm_units": 64}}, "model.lstm_units: 128 there, 64 here"),
        ({"model": {"lstm_units": 128, "encoder": {"hidden_size": 768}}}, "model.encoder.hidden_size: 312 there, 768 here"),
        ({"data": {}}, "data.train.txt: aa there, nothing here"),
        ({"extra": 3, "seed": 2}, "extra: nothing there, 3 here; seed: 1 there, 2 here"),
        (
            {"seed": 2, "model": {"lstm_units": 1, "encoder": {"hidden_size": 2}}, "data": {"train.txt": "bb"}},
            "data.train.txt: aa there, bb here; model.encoder.hidden_size: 312 there, 2 here; "
            "model.lstm_units: 128 there, 1 here; and 1 more",
        ),
    ],
)
def test_another_run_is_refused_and_the_difference_named(directory, changes, differences):
    with pytest.raises(UserError) as e:
        run_record.ensure_same_run(directory, {**IDENTITY, **changes})
    assert str(e.value) == f"output_dir: {directory.path} holds another run, {differences}; choose another directory"


def test_files_of_something_else_are_left_alone(tmp_path):
    (tmp_path / "letter.txt").write_text("dear", encoding="utf-8")
    with pytest.raises(UserError) as e:
        run_record.ensure_same_run(ModelDir(tmp_path), IDENTITY)
    assert str(e.value) == f"output_dir: {tmp_path} is not empty and holds no training run; choose another directory"
    assert [path.name for path in tmp_path.iterdir()] == ["letter.txt"]


def test_a_worker_that_is_not_the_chief_needs_the_chiefs_record(tmp_path):
    with pytest.raises(UserError, match="run.json: no such file, expected the record of the training run in this directory$"):
        run_record.ensure_same_run(ModelDir(tmp_path), IDENTITY, create=False)


def test_sessions_and_result_are_added(directory):
    run_record.record_session(directory, {"started": "a"})
    run_record.record_session(directory, {"started": "b"})
    assert run_record.ensure_same_run(directory, IDENTITY) is None
    result = {"steps": 3, "epochs": 1, "seconds": 0.5, "stopped_early": False, "chosen_by": "x", "chosen": {"epoch": 1, "dev_f1": 0.5}}
    run_record.record_result(directory, result)
    assert run_record.ensure_same_run(directory, IDENTITY) == run_record.read(directory)["result"] == result
    with open(directory.file("run.json"), encoding="utf-8") as f:
        assert json.load(f) == {"identity": IDENTITY, "sessions": [{"started": "a"}, {"started": "b"}], "result": result}


RESULT = {"steps": 3, "epochs": 1, "seconds": 0.5, "stopped_early": False, "chosen_by": "x", "chosen": {"epoch": 1, "dev_f1": 0.5}}


@pytest.mark.parametrize(
    ("record", "problem"),
    [
        ({}, "missing key 'identity'"),
        ({"identity": IDENTITY, "colour": 1}, "unknown key 'colour'"),
        ({"identity": []}, "identity: "),
        ({"identity": IDENTITY, "sessions": {}}, "sessions: found {}, expected a list"),
        ({"identity": IDENTITY, "sessions": "ab"}, "sessions: "),
        ({"identity": IDENTITY, "sessions": [3]}, "sessions: found 3, expected an object with flags"),
        ({"identity": IDENTITY, "sessions": [{"flags": ["a"]}]}, "sessions: found "),
        ({"identity": IDENTITY, "result": 3}, "result: found 3"),
        ({"identity": IDENTITY, "result": {}}, "result: missing key 'steps'"),
        *(({"identity": IDENTITY, "result": {**RESULT, "steps": value}}, "steps: ") for value in ("3", -1, None, 2.5, [3])),
        *(({"identity": IDENTITY, "result": {**RESULT, "seconds": value}}, "seconds: ") for value in ("3", -1, float("nan"))),
        ({"identity": IDENTITY, "result": {**RESULT, "stopped_early": "no"}}, "stopped_early: found 'no', expected True or False"),
        ({"identity": IDENTITY, "result": {**RESULT, "chosen": {}}}, "chosen: epoch: found None, expected a number"),
        ({"identity": IDENTITY, "result": {**RESULT, "chosen": {"epoch": 1, "dev_f1": "0.5"}}}, "chosen: dev_f1: found '0.5'"),
    ],
)
def test_a_damaged_record(tmp_path, record, problem):
    directory = ModelDir(tmp_path)
    (tmp_path / "run.json").write_text(json.dumps(record), encoding="utf-8")
    with pytest.raises(UserError) as e:
        run_record.read(directory)
    assert str(e.value).startswith(f"{tmp_path / 'run.json'}: {problem}")
    for call in (lambda: run_record.ensure_same_run(directory, IDENTITY), lambda: run_record.record_session(directory, {})):
        with pytest.raises(UserError):
            call()
    assert json.loads((tmp_path / "run.json").read_text(encoding="utf-8")) == json.loads(json.dumps(record)) or "nan" in str(record)


def test_records_may_say_more_and_hold_what_is_infinite(tmp_path):
    record = {"identity": {"max_grad_norm": float("inf")}, "sessions": [{"started": "a"}], "result": {**RESULT, "more": [1]}}
    (tmp_path / "run.json").write_text(json.dumps(record), encoding="utf-8")
    assert run_record.read(ModelDir(tmp_path)) == record


def test_the_record_of_the_shipped_tagger():
    assert run_record.read(ModelDir(pretrained.DIRECTORY))["result"]["steps"] > 0
