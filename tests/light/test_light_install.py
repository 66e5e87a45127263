"""What a light install does: tags text with the tagger it brings along, and says what it lacks for the rest."""

import importlib.util
import json
import os
import subprocess
import sys

import pytest

# What TensorFlow finds, by the tagger that comes with the package.
TEXT = "江苏省委书记到上海交通大学看望李明教授。"
ENTITIES = [(0, 4, "ORG", "江苏省委", 0.999703), (7, 13, "ORG", "上海交通大学", 0.999715), (15, 17, "PER", "李明", 0.999966)]

pytestmark = pytest.mark.skipif(importlib.util.find_spec("onnxruntime") is None, reason="no ONNX Runtime")


def run(code, *arguments, text=""):
    """A Python process in which TensorFlow cannot be imported, even if it is installed."""
    hidden = "import sys\nfor name in ('tensorflow', 'tf_keras', 'keras'): sys.modules[name] = None\n"
    environment = {name: value for name, value in os.environ.items() if name != "ALBERT_NER_MODEL"}
    command = [sys.executable, "-c", hidden + code, *arguments]
    return subprocess.run(command, input=text, capture_output=True, text=True, encoding="utf-8", check=False, env=environment, timeout=300)


def command(*arguments, text=""):
    return run("from ner.cli.main import main; main()", *arguments, text=text)


@pytest.mark.parametrize("precision, tolerance", [("float32", 1e-4), ("int8", 1e-2)])
def test_it_tags_text(precision, tolerance):
    done = command("tag", f"--precision={precision}", text=f"{TEXT}\n\n{TEXT * 20}\n")
    assert (done.returncode, done.stderr) == (0, "")
    first, empty, long = (json.loads(line)["entities"] for line in done.stdout.splitlines())
    assert [(e["start"], e["end"], e["label"], e["text"]) for e in first] == [entity[:4] for entity in ENTITIES]
    assert [e["score"] for e in first] == pytest.approx([entity[4] for entity in ENTITIES], abs=tolerance)
    assert empty == []
    assert len(long) == 60


def test_import_and_tagging_import_no_tensorflow_and_little_else():
    code = """
import ner
assert "numpy" not in sys.modules and "onnxruntime" not in sys.modules
ner.Tagger.load().tag("李明")
unwanted = {"sentencepiece", "huggingface_hub", "pooch", "matplotlib", "google.protobuf"} & set(sys.modules)
assert not unwanted, unwanted
"""
    assert run(code).stderr == ""


@pytest.mark.parametrize(
    "arguments", [["tag", "--runtime=tensorflow"], ["tag", "--precision=bfloat16"], ["train", "--data_dir=.", "--output_dir=x"]]
)
def test_what_needs_tensorflow_is_one_line(arguments, tmp_path):
    if importlib.util.find_spec("tensorflow") is not None:
        pytest.skip("TensorFlow is installed")
    done = command(*arguments, text=TEXT)
    assert done.returncode != 0
    assert done.stderr.startswith("error: ") and done.stderr.count("\n") == 1
    assert "albert-ner in the place of albert-ner-light" in done.stderr
    assert not (tmp_path / "x").exists()
