"""The harness as a process: stopped by a signal, killed, and started again with the same command."""

import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import time

import pytest

from albert.lock import lock
from tests.ner.training.toy import sentences, write_columns

ROOT = pathlib.Path(__file__).resolve().parents[3]
SMALL = ["--lstm_units=5", "--char_embedding_size=7", "--train_batch_size=7", "--num_train_epochs=40", "--save_steps=5", "--log_steps=1"]


@pytest.fixture(name="start")
def _start(tmp_path):
    """A function that starts the harness in a process group of its own; ``start.output`` is its directory."""
    (tmp_path / "data").mkdir()
    write_columns(tmp_path / "data" / "train.txt", sentences(149))
    write_columns(tmp_path / "data" / "test.txt", sentences(31, seed=2))
    (tmp_path / "words.txt").write_text("天地\n日月\n", encoding="utf-8")
    overrides = {"*": SMALL, "lattice_lstm_crf": [f"--word_lexicon={tmp_path / 'words.txt'}"], "bert_finetuning": ["--seed=x"]}
    (tmp_path / "overrides.json").write_text(json.dumps(overrides))
    command = [
        sys.executable,
        "-m",
        "ner.reproduce",
        "--experiments=lattice_lstm_crf,bert_finetuning,char_bilstm_crf",
        "--seeds=3,5",
        f"--data_dir={tmp_path / 'data'}",
        f"--output_dir={tmp_path / 'out'}",
        f"--overrides_file={tmp_path / 'overrides.json'}",
    ]

    def start():
        return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True)

    start.output = tmp_path / "out"
    return start


def _wait_for(process, path):
    deadline = time.monotonic() + 300
    while not path.exists() and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.02)
    assert path.exists(), process.communicate()


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        ([], "--output_dir: not given, expected a directory"),
        (["--output_dir={here}/file/x"], "--output_dir: cannot write to {here}/file/x: Not a directory"),
        (["--output_dir={here}/x", "--seeds=1,a"], "--seeds: found '1,a', expected whole numbers, separated by commas"),
        (["--output_dir={here}/x", "--data_dir={here}/none"], "{here}/none: cannot read the data directory: No such file or directory"),
    ],
)
def test_a_mistake_is_one_line(tmp_path, flags, message):
    (tmp_path / "file").write_text("")
    command = [sys.executable, "-m", "ner.reproduce", *(flag.replace("{here}", str(tmp_path)) for flag in flags)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stderr) == (1, f"error: {message}\n".replace("{here}", str(tmp_path)))


def test_a_second_harness_in_one_directory(start):
    start.output.mkdir()
    with lock(start.output / ".lock"):
        process = start()
        _, stderr = process.communicate(timeout=300)
    assert process.returncode == 1
    assert re.fullmatch(
        rf"error: --output_dir: {start.output} is in use by process {os.getpid()} on .*; wait for it to end, or .*\n", stderr
    )
    assert list(start.output.iterdir()) == []


@pytest.mark.slow
def test_stopped_killed_and_started_again(start):
    runs, report = start.output / "runs", start.output / "report.md"
    process = start()
    _wait_for(process, runs / "lattice_lstm_crf" / "seed_5" / "state" / "checkpoint")
    # To the harness alone: it hands the signal on.
    process.terminate()
    _, stderr = process.communicate(timeout=300)
    assert process.returncode == 130, stderr
    assert stderr.endswith("stopped; the same command goes on from there\n")
    text = report.read_text(encoding="utf-8")
    assert (
        "| Lattice-LSTM-CRF | measured here; more seeds: not yet | random, nothing pretrained: character vectors of width 7 | float32 | 3 |"
        in text
    )
    assert "| Char-BiLSTM-CRF | not measured: not yet |" in text
    first = (start.output / "results" / "lattice_lstm_crf_3.json").read_bytes()

    process = start()
    _wait_for(process, runs / "char_bilstm_crf" / "seed_3" / "state" / "checkpoint")
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate(timeout=300)

    process = start()
    stdout, stderr = process.communicate(timeout=600)
    # One system cannot be run: the others are, and the exit code says that not all is well.
    assert process.returncode == 1, stderr
    assert "error: BERT-fine-tuning: " in stderr
    assert "Traceback" not in stderr
    assert "retracing" not in stderr
    assert re.search(r"^Lattice-LSTM-CRF, seed 3: F1 .* measured before$", stdout, re.MULTILINE)
    assert re.search(r"^Lattice-LSTM-CRF, seed 5: F1 .* measured before$", stdout, re.MULTILINE)
    assert "resumed at step" in (start.output / "logs" / "char_bilstm_crf_3.log").read_text(encoding="utf-8")
    assert (start.output / "results" / "lattice_lstm_crf_3.json").read_bytes() == first
    text = report.read_text(encoding="utf-8")
    assert "| Char-BiLSTM-CRF | measured here | random, nothing pretrained: character vectors of width 7 | float32 | 3, 5 |" in text
    assert "| BERT-fine-tuning | not measured: failed: " in text
    assert "Char-BiLSTM-CRF – Lattice-LSTM-CRF" in text or "Lattice-LSTM-CRF – Char-BiLSTM-CRF" in text
