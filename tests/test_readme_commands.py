"""A newcomer's way: every command and program of README, as it stands there, in an empty directory with data of one's own."""

import os
import pathlib
import re
import shlex
import subprocess
import sys

import pytest

from tests.ner.training import toy
from tests.ner.training.toy import sentences

ROOT = pathlib.Path(__file__).parents[1]
# They install, fetch, train for hours or do not end.
LEFT_OUT = re.compile("^(pip|make|albert-ner (download|serve|reproduce|inspect|convert))|--flagfile=msra_")


def blocks():
    """(language, text) of each block of code."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    return re.findall(r"^```(\w*)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def commands():
    """Command lines, those that go on over several lines as one."""
    lines = "\n".join(text for language, text in blocks() if not language).replace("\\\n", "").splitlines()
    starts = ("albert-ner ", "python ", "echo ", "pip ", "make ")
    return [line.partition("  #")[0].strip() for line in lines if line.startswith(starts)]


def test_the_way_of_a_newcomer_is_there():
    found = [line for line in commands() if not LEFT_OUT.search(line)]
    for command in ("tag", "lint", "train", "evaluate", "export"):
        assert any(f"albert-ner {command}" in line for line in found), command
    assert [language for language, _ in blocks()].count("python") >= 2


@pytest.mark.slow
def test_commands_and_programs_run(tmp_path):
    (tmp_path / "data" / "mine").mkdir(parents=True)
    for seed, split in enumerate(("train", "dev", "test")):
        # Long ones, so that no sentence is in two splits.
        examples = [example for example in sentences(199, seed) if len(example.text) > 9]
        toy.write_columns(tmp_path / "data" / "mine" / f"{split}.txt", examples)
    (tmp_path / "reports").mkdir()
    (tmp_path / "reports" / "a.txt").write_text("天地玄黄\n", encoding="utf-8")
    (tmp_path / "bin").mkdir()
    program = tmp_path / "bin" / "albert-ner"
    program.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m ner.cli "$@"\n')
    program.chmod(0o755)
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PATH": f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}"}

    def run(command):
        done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False, timeout=900)
        assert done.returncode == 0, (command, done.stdout, done.stderr)

    for line in commands():
        if not LEFT_OUT.search(line):
            # The encoder that needs no download.
            run(["sh", "-c", line.replace("albert_base_zh", "albert_mini_zh --learning_rate=1e-4 --max_train_steps=20")])
    for language, text in blocks():
        if language == "python":
            run([sys.executable, "-c", text])
