"""``--experiments=paper``: from an empty directory to the report, with weights from a server on the loopback address."""

import json
import os
import pathlib
import random
import signal
import subprocess
import sys
import threading
import time

import pytest

from albert.errors import FieldError, UserError
from albert.hub import FetchError, registry
from ner.data.examples import Example
from ner.reproduce import comparison
from ner.reproduce.comparison import ComparisonSettings, compare
from ner.reproduce.experiments import EXPERIMENTS
from tests.albert.hub import stand_ins
from tests.albert.hub.conftest import _server  # noqa: F401 - the loopback server
from tests.ner.training.toy import write_columns

ROOT = pathlib.Path(__file__).resolve().parents[3]
OF_PAPER = [experiment for experiment in EXPERIMENTS if experiment.published]
SMALL = ["--lstm_units=5", "--max_seq_length=23", "--train_batch_size=7", "--num_train_epochs=3", "--save_steps=3", "--log_steps=1"]
LETTERS = "的一是在不了有和人这中大为上个国我以要他时来用们生到作地于出就分"


def sentences(count, seed):
    """Sentences of characters that the small checkpoints' vocabularies have: 国 and 人 are entities."""
    choice = random.Random(seed)
    texts = ["".join(choice.choice(LETTERS) for _ in range(choice.randint(5, 17))) for _ in range(count)]
    return [Example(text, ["B-LOC" if c == "国" else "B-PER" if c == "人" else "O" for c in text]) for text in texts]


@pytest.fixture(name="data")
def _data(tmp_path):
    (tmp_path / "data").mkdir()
    write_columns(tmp_path / "data" / "train.txt", sentences(83, 1))
    write_columns(tmp_path / "data" / "test.txt", sentences(31, 2))
    return tmp_path / "data"


def test_the_systems_of_table_4():
    settings = ComparisonSettings(experiments=("paper",), output_dir="x")
    found = comparison.find_experiments(settings.experiments)
    assert [experiment.title for experiment in found] == [
        "Lattice-LSTM-CRF",
        "BERT-fine-tuning",
        "ALBERT-fine-tuning",
        "BERT-BiLSTM-CRF",
        "ALBERT-BiLSTM-CRF",
    ]
    with pytest.raises(FieldError, match="found 'paper', expected all, paper or some of"):
        ComparisonSettings(experiments=("paper", "char_bilstm_crf"), output_dir="x")


@pytest.fixture(name="trained")
def _trained(monkeypatch):
    """The experiments that training was begun for; it fails."""
    trained = []

    def result(_, experiment, seed):
        trained.append(experiment.name)
        raise UserError("not trained here")

    monkeypatch.setattr(comparison.Runner, "result", result)
    return trained


def test_weights_come_before_training(server, tmp_path, data, trained):
    stand_ins.publish(server, [registry.lookup("bert_base_chinese")])
    settings = ComparisonSettings(experiments=("paper",), output_dir=str(tmp_path / "out"), data_dir=str(data), yes=True)
    with pytest.raises(FetchError, match="^albert_base_zh: not on this machine, and cannot be fetched: .* By hand: get https://"):
        compare(settings)
    assert trained == []
    stand_ins.publish(server, [registry.lookup("albert_base_zh")])
    server.requests.clear()
    assert compare(settings) == 1
    assert trained == [experiment.name for experiment in OF_PAPER]
    assert {path.split("/")[-1] for _, path, _ in server.requests} == {"albert_base_zh.zip"}


def test_weights_of_ones_own_are_not_fetched(server, tmp_path, data, trained):
    names = {"*": "albert_mini_zh", "bert_finetuning": "", "bert_bilstm_crf": tmp_path}
    overrides = {experiment: [f"--init_checkpoint={name}"] for experiment, name in names.items()}
    (tmp_path / "overrides.json").write_text(json.dumps(overrides))
    settings = ComparisonSettings(
        experiments=("paper",),
        output_dir=str(tmp_path / "out"),
        data_dir=str(data),
        overrides_file=str(tmp_path / "overrides.json"),
        yes=True,
    )
    assert compare(settings) == 1
    assert (len(trained), server.requests) == (len(OF_PAPER), [])


def test_data_is_fetched_where_there_is_none(tmp_path, trained, monkeypatch):
    fetched = []

    def fetch(directory):
        fetched.append(directory)
        raise UserError("no network")

    monkeypatch.setattr(comparison.msra, "fetch", fetch)
    settings = ComparisonSettings(experiments=("paper",), output_dir=str(tmp_path / "out"), data_dir=str(tmp_path / "none"), yes=True)
    with pytest.raises(UserError, match="no network"):
        compare(settings)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(FieldError, match="none holds no data, and offline MSRA is not fetched"):
        compare(settings)
    assert (fetched, trained) == ([settings.data_dir], [])


@pytest.mark.parametrize("answer", [None, "", "n", "y"])
def test_asks_before_days_on_a_cpu(server, tmp_path, data, trained, monkeypatch, answer):
    stand_ins.publish(server, [registry.lookup(name) for name in ("bert_base_chinese", "albert_base_zh")])
    questions = []

    class Terminal:
        def isatty(self):
            return answer is not None

    def ask(question):
        questions.append(question)
        return answer

    monkeypatch.setattr("sys.stdin", Terminal())
    monkeypatch.setattr("builtins.input", ask)
    settings = ComparisonSettings(experiments=("paper",), output_dir=str(tmp_path / "out"), data_dir=str(data))
    if answer == "y":
        assert compare(settings) == 1
        assert len(trained) == len(OF_PAPER)
    else:
        message = "found no GPU: training 5 systems" if answer is None else "nothing was started"
        with pytest.raises(UserError, match=message):
            compare(settings)
        assert (trained, server.requests) == ([], [])
    assert len(questions) == (answer is not None)


def _wait_until(condition, process):
    deadline = time.monotonic() + 300
    while not condition() and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.02)
    assert condition(), process.communicate()


@pytest.mark.slow
def test_killed_while_fetching_and_while_training(server, tmp_path, data):
    rows = [registry.lookup(name) for name in ("bert_base_chinese", "albert_base_zh")]
    stand_ins.publish(server, rows)
    (tmp_path / "words.txt").write_text("中国\n国人\n大人\n", encoding="utf-8")
    overrides = {"*": SMALL, "lattice_lstm_crf": [f"--word_lexicon={tmp_path / 'words.txt'}"]}
    (tmp_path / "overrides.json").write_text(json.dumps(overrides))
    out = tmp_path / "out"
    command = [
        sys.executable,
        "-m",
        "ner.cli",
        "reproduce",
        "--experiments=paper",
        "--seeds=42",
        "--yes",
        f"--data_dir={data}",
        f"--output_dir={out}",
    ]
    command.append(f"--overrides_file={tmp_path / 'overrides.json'}")

    def start():
        return subprocess.Popen(
            command, cwd=ROOT, env={**os.environ}, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
        )

    def kill(process):
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate(timeout=60)

    server.hold = threading.Event()
    process = start()
    _wait_until(lambda: any(method == "GET" and path.endswith(".zip") for method, path, _ in server.requests), process)
    kill(process)
    server.hold.set()
    server.hold = None
    assert not (out / "runs").exists()

    process = start()
    _wait_until((out / "runs" / "bert_finetuning" / "seed_42" / "state" / "checkpoint").exists, process)
    kill(process)
    server.requests.clear()

    process = start()
    stdout, stderr = process.communicate(timeout=900)
    assert process.returncode == 0, stdout + stderr
    assert server.requests == []  # all that was fetched is in the cache
    assert "Lattice-LSTM-CRF, seed 42: F1" in stdout
    assert "measured before" in stdout
    assert "resumed at step" in (out / "logs" / "bert_finetuning_42.log").read_text(encoding="utf-8")
    report = (out / "report.md").read_text(encoding="utf-8")
    for experiment in OF_PAPER:
        assert f"| {experiment.title} | measured here |" in report
    assert "encoder: albert_base_zh; all else random" in report
    for number in range(1, 5):
        assert f"## Table {number}: " in report
