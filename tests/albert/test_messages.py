"""Messages in Chinese: chosen by the environment, whole, and in step with the code that says them."""

import ast
import pathlib
import re
import subprocess
import sys

import pytest

from albert.fields import Range
from albert.messages import catalogue, language, translate

ROOT = pathlib.Path(__file__).parents[2]
# Said by the operating system.
OF_THE_SYSTEM = {"No such file or directory", "Permission denied", "No space left on device", "Not a directory"}
# Put together by ``albert.fields.Range``.
RANGES = ("a whole number of at least {}", "a number of at least {}", "a number above {}", "a number in {}")


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({}, "en"),
        ({"LANG": "zh_CN.UTF-8"}, "zh"),
        ({"LANG": "zh_CN.UTF-8", "LC_ALL": "C"}, "en"),
        ({"LANG": "en_US.UTF-8", "ALBERT_NER_LANG": "zh"}, "zh"),
        ({"LANG": "zh_CN.UTF-8", "ALBERT_NER_LANG": "en"}, "en"),
    ],
)
def test_language(monkeypatch, variables, expected):
    for name in ("ALBERT_NER_LANG", "LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert language() == expected


@pytest.mark.parametrize(
    ("english", "chinese"),
    [
        ("error: --seed: found -1, expected a whole number of at least 0", "错误：--seed：得到 -1，应为不小于 0 的整数"),
        ("error: tain: no such command; did you mean train?", "错误：tain：没有这个命令；是不是 train？"),
        ("  tag   find the entities", "  tag   find the entities"),
        ("train: 9 sentences (columns, BIO); dev: none; tags: O", "训练集：9 句（columns，BIO）；开发集：无；标签：O"),
        (
            "next: albert-ner tag --model_dir=a\n      albert-ner x",
            "下一步：albert-ner tag --model_dir=a\n      albert-ner x",
        ),
        ("", ""),
    ],
)
def test_sentences(english, chinese):
    assert translate(english, "zh") == chinese
    assert translate(english, "en") == english


def strings(node):
    """The text of a string or f-string, with ``{}`` in the place of values."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return re.sub(r"\{[^{}]*\}", "{}", node.value)
    if isinstance(node, ast.JoinedStr):
        return "".join("{}" if isinstance(part, ast.FormattedValue) else strings(part) for part in node.values)
    return ""


def test_every_sentence_is_said_somewhere():
    said = set()
    for folder in ("albert", "ner", "run_ner.py"):
        for path in [ROOT / folder] if folder.endswith(".py") else (ROOT / folder).rglob("*.py"):
            said |= {strings(node) for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))}
    text = "\n".join(said)
    for english in set(catalogue()) - OF_THE_SYSTEM - set(RANGES):
        # The parts between values: a sentence may be put together in several places.
        for part in re.split(r"\{\}|; |: |, F1 | \(best|, dev precision", english):
            words = part.strip(" :;,.()?")
            assert words in text, f"{english!r}: nothing says {words!r}"


def test_values_and_languages_agree():
    for english, chinese in catalogue().items():
        assert sorted(re.findall(r"\{(\d)\}", chinese)) == [str(i) for i in range(english.count("{}"))], english
        assert re.search("[\u4e00-\u9fff]", chinese)
        assert not re.search("[\u4e00-\u9fff][,;:.]", chinese), chinese


def test_ranges():
    ranges = (Range(at_least=1).describe("a whole number"), Range(at_least=0).describe("a number"), Range(above=0).describe("a number"))
    for text in (*ranges, Range(at_least=0, below=1).describe("a number")):
        assert not re.search("[a-z]", translate(text, "zh")), text


def test_a_command_speaks_chinese():
    command = [sys.executable, "-c", "import os; os.environ['ALBERT_NER_LANG'] = 'zh'; from ner.cli.main import main; main()", "tgg"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, encoding="utf-8", check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "错误：tgg：没有这个命令；是不是 tag？\n"
