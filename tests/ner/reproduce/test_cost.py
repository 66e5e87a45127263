"""Time and memory of training steps, measured in processes of their own."""

import json
import subprocess
import sys

from albert.config import AlbertConfig
from ner.model.config import LatticeConfig, TaggerConfig
from ner.reproduce import cost
from ner.tags import TagSet

ENCODER = AlbertConfig(vocab_size=31, embedding_size=11, hidden_size=14, num_hidden_layers=2, num_attention_heads=7, intermediate_size=23)
TAGS = TagSet(("甲", "乙"))
CONFIG = TaggerConfig(ENCODER, TAGS, max_seq_length=13, lstm_units=5)


def test_measured_in_processes_of_their_own():
    lattice = TaggerConfig(ENCODER, TAGS, max_seq_length=13, lstm_units=5, rnn="lattice", lattice=LatticeConfig(17, 3, 4))
    results = cost.in_rounds({"a": CONFIG.to_dict(), "b": lattice.to_dict()}, 3, "off", steps=1, rounds=1)
    assert list(results) == ["a", "b"]
    for result in results.values():
        assert result["step_seconds"] > 0
        assert (result["batch_size"], result["tokens"], result["precision"]) == (3, 13, "off")
        assert result["parameters"] > 1000
        assert result["peak_memory"] is None or result["peak_memory"] > 10 << 20


def test_the_smallest_time_of_all_rounds(monkeypatch):
    times = iter([3.0, 5.0, 2.0, 7.0])

    def run(command, **_):
        return subprocess.CompletedProcess(command, 0, json.dumps({"step_seconds": next(times)}) + "\n")

    monkeypatch.setattr(cost.subprocess, "run", run)
    assert cost.in_rounds({"a": {}, "b": {}}, 3, "off") == {"a": {"step_seconds": 2.0}, "b": {"step_seconds": 5.0}}


def test_what_fails_is_left_out(monkeypatch):
    monkeypatch.setattr(cost.subprocess, "run", lambda command, **_: subprocess.CompletedProcess(command, -9, ""))
    assert cost.in_rounds({"a": {}}, 3, "off") == {}


def test_a_request_that_is_none():
    done = subprocess.run([sys.executable, "-m", "ner.reproduce.cost"], input="{}", capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("error: standard input: found no request to measure")
    assert len(done.stderr.splitlines()) == 1
