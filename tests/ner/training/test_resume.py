"""A run that was stopped and one that was not end with the same weights, bit for bit."""

import dataclasses
import json
import pathlib
import random
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from albert.errors import UserError
from albert.training.csv_log import CsvLog
from albert.training.state import TrainingState
from tests.ner.training import toy
from tests.ner.training.toy import SOFTMAX, Killed, killed_after, make_trainer, sentences, weights

ROOT = pathlib.Path(__file__).parents[3]


def assert_same(a, b):
    assert set(a) == set(b)
    for name, value in a.items():
        np.testing.assert_array_equal(value, b[name], err_msg=name)


def command(data_dir, output_dir, *flags):
    return [
        sys.executable,
        str(ROOT / "run_ner.py"),
        "--do_train",
        f"--data_dir={data_dir}",
        f"--output_dir={output_dir}",
        f"--albert_config_file={data_dir}/albert_config.json",
        "--mixed_precision=off",
        "--rnn=none",
        "--max_seq_length=37",
        "--train_batch_size=7",
        "--num_train_epochs=5",
        "--learning_rate=1e-3",
        "--dev_fraction=0.2",
        "--save_steps=4",
        "--log_steps=3",
        *flags,
    ]


def run(arguments):
    return subprocess.run(arguments, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory):
    path = tmp_path_factory.mktemp("data")
    toy.write_columns(path / "train.txt", sentences(400))
    toy.write_encoder_config(path / "albert_config.json")
    return path


@pytest.fixture(scope="module")
def unbroken(data_dir, tmp_path_factory):
    """The output directory of a run that nothing stopped."""
    path = tmp_path_factory.mktemp("unbroken") / "run"
    result = run(command(data_dir, path))
    assert result.returncode == 0, result.stderr
    return path


def start_and_signal(arguments, output_dir, number, seconds):
    """Start a run, send it a signal some seconds after it has saved its state anew, and return (exit code, stdout, stderr)."""
    newest = output_dir / "state" / "checkpoint"
    before = newest.stat().st_mtime_ns if newest.exists() else 0
    process = subprocess.Popen(arguments, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    while process.poll() is None and (not newest.exists() or newest.stat().st_mtime_ns == before):
        time.sleep(0.01)
    time.sleep(seconds)
    process.send_signal(number)
    stdout, stderr = process.communicate(timeout=300)
    return process.returncode, stdout, stderr


@pytest.mark.slow
def test_killed_three_times_and_rerun_gives_the_weights_of_the_unbroken_run(data_dir, unbroken, tmp_path):
    moments = random.Random()
    arguments = command(data_dir, tmp_path / "run")
    for _ in range(3):
        code, _, stderr = start_and_signal(arguments, tmp_path / "run", signal.SIGKILL, moments.uniform(0.0, 0.4))
        assert code == -signal.SIGKILL, stderr
    result = run(arguments)
    assert result.returncode == 0, result.stderr
    assert "resumed at step" in result.stdout
    for name in ("last.safetensors", "best.safetensors"):
        assert (tmp_path / "run" / name).read_bytes() == (unbroken / name).read_bytes()
    assert not (tmp_path / "run" / "state").exists()
    record = json.loads((tmp_path / "run" / "run.json").read_text(encoding="utf-8"))
    assert len(record["sessions"]) == 4
    assert record["sessions"][0]["flags"]["save_steps"] == 4
    assert "eval_batch_size" not in record["sessions"][0]["flags"]
    assert record["result"]["chosen_by"] == f"the best F1 on 80 sentences held out of {data_dir / 'train.txt'}"


@pytest.mark.slow
def test_sigterm_saves_and_a_rerun_goes_on_and_a_third_run_has_nothing_to_do(data_dir, unbroken, tmp_path):
    arguments = command(data_dir, tmp_path / "run")
    code, _, stderr = start_and_signal(arguments, tmp_path / "run", signal.SIGTERM, 0.0)
    assert code == 130, stderr
    assert "the same command goes on from there" in stderr
    assert "Traceback" not in stderr
    result = run(arguments)
    assert result.returncode == 0, result.stderr
    assert "resumed at step" in result.stdout
    assert (tmp_path / "run" / "last.safetensors").read_bytes() == (unbroken / "last.safetensors").read_bytes()
    again = run(arguments)
    assert again.returncode == 0
    assert "this run is finished, nothing to do; trained 230 steps in" in again.stdout
    other = run([*arguments, "--lstm_units=64", "--seed=5"])
    assert other.returncode == 1
    expected = (
        f"error: --output_dir: {tmp_path / 'run'} holds another run, model.lstm_units: 128 there, 64 here; "
        "seed: 42 there, 5 here; choose another directory\n"
    )
    assert other.stderr.endswith(expected)


@pytest.mark.parametrize(
    "options",
    [
        {"precision": "float16", "max_grad_norm": 1e6},
        pytest.param(
            {"fgm_epsilon": 0.5, "rdrop_alpha": 1.0, "gradient_accumulation_steps": 2, "freeze_encoder_steps": 3},
            marks=pytest.mark.slow,
        ),
    ],
    ids=["float16", "all else"],
)
def test_everything_that_training_depends_on_is_in_the_state(tmp_path, monkeypatch, options):
    options = {"num_train_epochs": 2, "loop": {"save_steps": 2, "log_steps": 3}, **SOFTMAX, **options}
    whole = make_trainer(tmp_path / "whole", **options)
    whole.run()

    broken = make_trainer(tmp_path / "broken", **options)
    killed_after(monkeypatch, 7)
    with pytest.raises(Killed):
        broken.run()
    monkeypatch.undo()
    again = make_trainer(tmp_path / "broken", **options)
    assert again.resume()
    assert again.progress.step == 6
    again.run()
    assert_same(weights(whole), weights(again))
    names = {"sentences_per_second", "seconds"}
    assert [{k: v for k, v in row.items() if k not in names} for row in whole.history.rows] == [
        {k: v for k, v in row.items() if k not in names} for row in again.history.rows
    ]
    steps = [CsvLog(tmp_path / name / "steps.csv").read() for name in ("whole", "broken")]
    assert [(row["step"], row["loss"]) for row in steps[0]] == [(row["step"], row["loss"]) for row in steps[1]]
    if options.get("precision") == "float16":
        assert float(whole.optimizer.loss_scale) == float(again.optimizer.loss_scale)
        assert int(whole.optimizer.dynamic_counter) == int(again.optimizer.dynamic_counter)


def test_a_run_of_version_0_1_0_goes_on_by_its_rules(tmp_path, monkeypatch):
    """Its state names none. Sentences of its last step, which has 3 of 23, weigh more, as they did; a GRU's biases decay."""
    options = {"loop": {"save_steps": 2, "log_steps": 1}, "model": {"rnn": "gru", "use_crf": False}, "weight_decay": 0.5}
    whole, broken = (make_trainer(tmp_path / name, **options) for name in ("whole", "broken"))
    for trainer in (whole, broken):
        trainer.go_on_as_0_1_0()
    whole.run()
    with monkeypatch.context() as patch:
        killed_after(patch, 7)
        patch.setattr(TrainingState, "save", save_without_procedure)
        with pytest.raises(Killed):
            broken.run()
    again = make_trainer(tmp_path / "broken", **options)
    assert again.resume()
    assert (again.progress.step, again.progress.procedure, again.history.as_0_1_0) == (6, 1, True)
    assert {again._feed.parts(step, 1)["sentences"][0] for step in range(5)} == {3.0, 5.0}
    again.run()
    assert_same(weights(whole), weights(again))


def test_the_present_rules_are_others(tmp_path):
    """Each of them moves the weights elsewhere: batches of one step, and decay of biases with two rows."""
    options = {"model": {"rnn": "gru", "use_crf": False}, "max_train_steps": 2, "weight_decay": 0.5}
    present, before = (make_trainer(tmp_path / name, **options) for name in ("present", "before"))
    before.go_on_as_0_1_0()
    now, then = ({v.name for v, d in zip(t.optimizer.variables_in_groups, t.optimizer._decays) if d} for t in (present, before))
    assert now < then
    assert then - now == {variable.name for name, variable in present.model.rnn.weight_map().items() if name.endswith("/bias")}
    for trainer in (present, before):
        trainer.run()
    assert any(np.abs(a - b).max() > 1e-5 for a, b in zip(weights(present).values(), weights(before).values()))


def save_without_procedure(state, progress, save=TrainingState.save):
    fields = {name: value for name, value in dataclasses.asdict(progress).items() if name != "procedure"}
    save(state, dataclasses.make_dataclass("Progress", fields)(**fields))


def test_a_kill_while_an_epoch_is_scored_loses_nothing(tmp_path):
    options = {"dev": sentences(5, seed=2), **SOFTMAX}
    whole = make_trainer(tmp_path / "whole", **options)
    whole.run()
    broken = make_trainer(tmp_path / "broken", **options)
    broken._dev = raise_killed
    with pytest.raises(Killed):
        broken.run()
    again = make_trainer(tmp_path / "broken", **options)
    again.resume()
    assert (again.progress.step, again.history.rows) == (5, [])
    again.run()
    assert_same(weights(whole), weights(again))
    assert [row["dev_f1"] for row in whole.history.rows] == [row["dev_f1"] for row in again.history.rows]
    assert whole.history.rows[0]["loss"] == again.history.rows[0]["loss"]


def raise_killed(progress):
    raise Killed


def test_as_many_states_are_kept_as_asked_for_and_remains_of_a_kill_go(tmp_path):
    trainer = make_trainer(tmp_path, loop={"save_steps": 1, "keep_checkpoints": 3}, **SOFTMAX)
    trainer.run()
    assert sorted(p.name for p in (tmp_path / "state").glob("*.index")) == [f"ckpt-{n}.index" for n in (10, 8, 9)]
    (tmp_path / "state" / "ckpt-11_temp").mkdir()
    again = make_trainer(tmp_path, **SOFTMAX)
    again.resume()
    assert not (tmp_path / "state" / "ckpt-11_temp").exists()
    again.finish()
    assert not (tmp_path / "state").exists()


def test_a_broken_state_is_one_line(tmp_path):
    make_trainer(tmp_path, max_train_steps=1, **SOFTMAX).run()
    (index,) = (tmp_path / "state").glob("*.index")
    index.write_bytes(index.read_bytes()[: index.stat().st_size // 2])
    with pytest.raises(UserError, match=r"ckpt-1: cannot go on from this training state \(.+\); remove .*state to start again$"):
        make_trainer(tmp_path, **SOFTMAX).resume()
