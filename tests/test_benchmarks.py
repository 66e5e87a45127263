"""The benchmarks' harness: a side that fails is one result among others, a mistake is one line."""

import pathlib
import subprocess
import sys

import pytest

from benchmarks import taggers
from benchmarks.compare import agreement, measure
from benchmarks.workloads import Case

ROOT = pathlib.Path(__file__).resolve().parent.parent

READY = """echo '{"check": 0.5, "first": 1.5, "version": "toy 1"}'\n"""
ANSWER = """echo '{"seconds": [0.25], "processor_seconds": [0.5], "peak_memory": 3}'\n"""


@pytest.fixture(name="interpreter")
def _interpreter(tmp_path):
    """Writes a shell script that a side's process runs instead of Python; returns its path."""

    def write(name, script):
        path = tmp_path / name
        path.write_text(f"#!/bin/sh\n{script}")
        path.chmod(0o755)
        return str(path)

    return write


def test_a_side_that_fails_does_not_stop_the_others(interpreter, tmp_path):
    pythons = {
        "ours": interpreter("ours", f"{READY}while read -r line; do {ANSWER}done\n"),
        "keras": interpreter("keras", "echo no memory >&2; exit 3\n"),
        "torch-eager": interpreter("torch-eager", f"{READY}read -r line\n{ANSWER}read -r line\necho killed >&2; exit 9\n"),
        "torch-compile": str(tmp_path / "nowhere"),
    }
    results = measure(Case("train", "tiny", "float32", 0.0, str(tmp_path)), list(pythons), pythons, threads=1, rounds=3)
    assert results["ours"]["seconds"] == [0.25] * 3 and results["ours"]["peak_memory"] == 3
    assert results["keras"] == {"error": "keras ended with code 3:\nno memory\n"}
    assert results["torch-eager"] == {"error": "torch-eager ended with code 9:\nkilled\n"}
    assert results["torch-compile"] == {"error": f"torch-compile: cannot run {tmp_path}/nowhere: No such file or directory"}
    assert agreement(results) == {}


@pytest.mark.parametrize("module", ["compare", "scaling", "checkpoint_loading"])
def test_a_mistake_is_one_line(module, tmp_path):
    arguments = [str(tmp_path / "none")] if module == "checkpoint_loading" else [f"--data_dir={tmp_path}/none"]
    if module == "compare":
        arguments.append(f"--output_dir={tmp_path}/out")
    command = [sys.executable, "-m", f"benchmarks.{module}", *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 1
    assert done.stderr.startswith(f"error: {tmp_path}/none: ") and done.stderr.count("\n") == 1, done.stderr


def test_taggers_take_turns_and_one_that_ends_is_an_error(interpreter):
    answer = """echo '{"seconds": 0.5, "processor_seconds": 0.25, "spans": [[[0, 2, "PER"]]]}'\n"""
    good = interpreter("good", f"echo '{{}}'\nwhile read request; do {answer}done\n")
    side = taggers.Side("toy", good)
    assert side.tag(["李明"])["spans"] == side.tag(["李明"], one_by_one=True)["spans"] == [[[0, 2, "PER"]]]
    side.close()
    seconds, processor, memory = taggers.start("toy", good)
    assert seconds > 0 and processor >= 0 and memory > 0
    bad = interpreter("bad", "exit 3\n")
    with pytest.raises(RuntimeError, match="^toy: ended with code 3$"):
        taggers.Side("toy", bad)
    with pytest.raises(RuntimeError, match="^toy: .*bad ended with code 3$"):
        taggers.start("toy", bad)


def test_figures_of_taggers():
    assert taggers.f1([[[0, 2, "PER"]], []], [[(0, 2, "PER")], [(1, 3, "LOC")]]) == pytest.approx(2 / 3)
    assert taggers.f1([[]], [[]]) == 0.0
    own = {"start_seconds": 0.5, "start_processor_seconds": 0.25, "peak_bytes": 2e6, "sentence_ms": 1.25, "processor_ms": 2.0, "f1": 0.5}
    lines = taggers.table({"ours": own, "LAC": {**own, "processor_ms": 3.0}}).splitlines()
    assert lines[2] == "| ours | 0.50 | 0.25 | 2 | 1.25 | 500 (1.50 ×) | 50.00 |"
