"""Tagging where TensorFlow cannot be imported, and which runtime is chosen."""

import json
import os
import pathlib
import random
import subprocess
import sys

import numpy as np
import pytest

import ner
from albert.errors import UserError
from ner.decoding.constraints import DecodingOptions
from ner.decoding.gazetteer import Gazetteer, Term
from ner.model.config import LatticeConfig
from ner.tagging import opening, sessions
from ner.tagging.opening import choose
from tests.ner.export.exporting import CONFIG

ROOT = pathlib.Path(__file__).resolve().parents[3]
needs_onnx = pytest.mark.skipif(not sessions.available(), reason="no ONNX Runtime")

# What a process does in which TensorFlow cannot be imported: texts from standard input, entities to standard output.
WITHOUT_TENSORFLOW = """
import json, sys
for name in ("tensorflow", "tensorflow_addons", "tf_keras", "keras"):
    sys.modules[name] = None
import ner
print(json.dumps([[(e.start, e.end, e.label, e.score) for e in row] for row in ner.Tagger.load().tag_batch(json.load(sys.stdin))]))
"""


def _sentences(count):
    """Sentences of all lengths with names in them, some longer than a window."""
    rng = random.Random(13)
    people, places = ("李明", "王小红", "张伟", "欧阳修", "陈建国"), ("北京", "上海", "江苏省", "广州市", "新疆")
    groups = ("上海交通大学", "人民日报社", "全国人大", "中国足球协会")
    rest = ("今天上午", "到", "看望了", "，并且", "说：", "发表讲话", "访问", "的代表", "。", " ", "和", "与有关部门", "3月5日", "\u3000")
    kinds = (people, places, groups, rest, rest)
    return ["".join(rng.choice(rng.choice(kinds)) for _ in range(rng.choice((1, 3, 9, 17, 70)))) for _ in range(count)]


@needs_onnx
def test_a_thousand_sentences_without_tensorflow():
    texts = _sentences(1000)
    command = [sys.executable, "-c", WITHOUT_TENSORFLOW]
    done = subprocess.run(command, input=json.dumps(texts), capture_output=True, text=True, check=False, cwd=ROOT, timeout=600)
    assert (done.returncode, done.stderr) == (0, "")
    found, expected = json.loads(done.stdout), ner.Tagger.load(runtime="tensorflow").tag_batch(texts)
    assert [[tuple(e[:3]) for e in row] for row in found] == [[(e.start, e.end, e.label) for e in row] for row in expected]
    np.testing.assert_allclose([e[3] for row in found for e in row], [e.score for row in expected for e in row], atol=1e-4)
    assert sum(map(len, found)) > 3000


@needs_onnx
@pytest.mark.parametrize("constrained", [True, False])
def test_a_gazetteer_gives_what_it_gives_in_tensorflow(constrained):
    terms = [Term("看望了", "ORG"), Term("李明", "-"), Term("今天", "LOC", 3.0), Term("有关部门", "PER", 700.0)]
    options = {"lexicon": Gazetteer(terms), "decoding": DecodingOptions(constrained), "batch_size": 7}
    light, full = (ner.Tagger.load(runtime=runtime, **options) for runtime in ("onnx", "tensorflow"))
    texts = _sentences(60)
    found, expected = list(light.predict(texts)), list(full.predict(texts))
    assert [p.tags for p in found] == [p.tags for p in expected] == light.tags(texts)
    scores = [[score for p in side for _, score in p.spans] for side in (found, expected)]
    np.testing.assert_allclose(*scores, atol=1e-4)
    assert any(text[span.start : span.end] == "看望了" for text, p in zip(texts, found) for span, _ in p.spans)


def _installed(monkeypatch, onnx, tensorflow, gpu=False):
    monkeypatch.setattr(sessions, "available", lambda: onnx)
    monkeypatch.setattr(sessions, "has_tensorflow", lambda: tensorflow)
    monkeypatch.setattr(opening, "_GPU", "/dev/null" if gpu else "/no/such/device")
    monkeypatch.setattr(opening, "cpu_flags", lambda: frozenset({"amx_bf16"}))


LATTICE = CONFIG.__class__(CONFIG.encoder, CONFIG.tag_set, 19, rnn="lattice", lattice=LatticeConfig(3, 5, 3))


@pytest.mark.parametrize(
    "installed, config, asked, chosen",
    [
        ((True, True), CONFIG, ("auto", "float32"), ("onnx", "float32")),
        ((True, True), CONFIG, ("auto", "bfloat16"), ("tensorflow", "bfloat16")),
        ((True, True), CONFIG, ("auto", "int8"), ("onnx", "int8")),
        ((True, True), CONFIG, ("auto", "auto"), ("onnx", "int8")),
        ((True, True), CONFIG, ("tensorflow", "auto"), ("tensorflow", "bfloat16")),
        ((True, True), LATTICE, ("auto", "float32"), ("tensorflow", "float32")),
        ((False, True), CONFIG, ("auto", "float32"), ("tensorflow", "float32")),
        ((False, True), CONFIG, ("auto", "auto"), ("tensorflow", "bfloat16")),
        ((True, False), CONFIG, ("auto", "float32"), ("onnx", "float32")),
        ((True, True, True), CONFIG, ("auto", "float32"), ("tensorflow", "float32")),
        ((True, True, True), CONFIG, ("onnx", "float32"), ("onnx", "float32")),
    ],
)
def test_choice(monkeypatch, installed, config, asked, chosen):
    _installed(monkeypatch, *installed)
    assert choose(config, *asked) == chosen


@pytest.mark.parametrize(
    "installed, config, asked, message",
    [
        ((False, True), CONFIG, ("onnx", "float32"), "runtime: found onnx, but ONNX Runtime is not installed (albert-ner[light])"),
        ((True, True), LATTICE, ("onnx", "float32"), "runtime: found onnx, but ONNX Runtime cannot run a lattice layer with a lexicon"),
        (
            (False, True),
            CONFIG,
            ("auto", "int8"),
            "precision: found int8, which takes ONNX Runtime, but ONNX Runtime is not installed (albert-ner[light])",
        ),
        ((True, True), CONFIG, ("onnx", "bfloat16"), "precision: found bfloat16 with runtime=onnx, expected int8 or float32"),
        ((True, True), CONFIG, ("tensorflow", "int8"), "precision: found int8 with runtime=tensorflow, expected bfloat16 or float32"),
        (
            (True, False),
            LATTICE,
            ("auto", "float32"),
            "TensorFlow: not installed, expected albert-ner in the place of albert-ner-light, as ONNX Runtime cannot run a lattice layer "
            "with a lexicon",
        ),
        (
            (True, False),
            CONFIG,
            ("auto", "bfloat16"),
            "TensorFlow: not installed, expected albert-ner in the place of albert-ner-light, as ONNX Runtime does not compute in bfloat16",
        ),
        (
            (True, False),
            CONFIG,
            ("tensorflow", "float32"),
            "runtime: found tensorflow, which is not installed, expected albert-ner in the place of albert-ner-light",
        ),
    ],
)
def test_what_cannot_be_is_one_line(monkeypatch, installed, config, asked, message):
    _installed(monkeypatch, *installed)
    with pytest.raises(UserError) as e:
        choose(config, *asked)
    assert str(e.value) == message


def test_unknown_names_are_one_line():
    with pytest.raises(UserError, match="^runtime: found torch, expected one of auto, tensorflow, onnx$"):
        ner.Tagger.load(runtime="torch")
    with pytest.raises(UserError, match="^precision: found int4, expected one of float32, bfloat16, int8, auto$"):
        ner.Tagger.load(precision="int4")


@needs_onnx
def test_nothing_is_reported_to_the_makers_of_onnx_runtime(tmp_path):
    code = "import ner; print(len(ner.Tagger.load(runtime='onnx').tag('李明在上海。')))"
    environment = {name: value for name, value in os.environ.items() if name != "ORT_DISABLE_TELEMETRY"} | {"HOME": str(tmp_path)}
    result = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert (result.returncode, result.stdout) == (0, "2\n"), result.stderr
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
