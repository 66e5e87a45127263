"""Exports for ONNX Runtime: weights once, any program can run them, and what is wrong with one is said in a line."""

import dataclasses
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from albert.errors import UserError
from albert.files import sha256
from ner import Tagger
from ner.export.onnx import INT8_WEIGHTS
from ner.export.versions import ONNX_MODEL
from tests.ner.export.exporting import CONFIG, EDGE_TEXTS, export, random_texts, save_tagger

onnxruntime = pytest.importorskip("onnxruntime")
ROOT = pathlib.Path(__file__).resolve().parents[3]
SYSTEMS = {"lstm": {}, "gru_without_crf": {"rnn": "gru", "use_crf": False}, "peephole": {"lstm_cell": "peephole"}}
TEXTS = [*EDGE_TEXTS, "李明在上海大学张三去了京上海大学书记" * 3, *random_texts(41, seed=8)]


@pytest.fixture(name="work", scope="module")
def _work(tmp_path_factory):
    """A directory with the models of ``SYSTEMS``, and the first one exported."""
    work = tmp_path_factory.mktemp("onnx")
    for name, settings in SYSTEMS.items():
        save_tagger(work / name, dataclasses.replace(CONFIG, **settings))
    export(work / "lstm", work / "base", export_format="onnx")
    return work


def _spans(rows):
    return [[(e.start, e.end, e.label) for e in row] for row in rows]


@pytest.mark.parametrize("name", SYSTEMS)
def test_entities_are_the_taggers(work, tmp_path, name, capfd):
    export(work / name, tmp_path / "base", export_format="onnx")
    assert capfd.readouterr() == (f"{tmp_path}/base/1: onnx, float32\n", "")
    expected = Tagger.load(work / name, runtime="tensorflow").tag_batch(TEXTS)
    found = Tagger.load(tmp_path / "base").tag_batch(TEXTS)
    assert sum(map(len, expected)) > 30
    assert _spans(found) == _spans(expected)
    np.testing.assert_allclose([e.score for row in found for e in row], [e.score for row in expected for e in row], atol=2e-5)


def test_weights_are_there_once(work):
    version = work / "base" / "1"
    assert sorted(os.listdir(version)) == ["best.safetensors", "labels.txt", "model.json", ONNX_MODEL, "provenance.json", "vocab.txt"]
    for name in ("best.safetensors", "labels.txt", "model.json", "vocab.txt"):
        assert (version / name).read_bytes() == (work / "lstm" / name).read_bytes()
    provenance = json.loads((version / "provenance.json").read_text())
    assert provenance["format"] == "onnx"
    assert provenance["files"] == {name: sha256(version / name) for name in (ONNX_MODEL, "best.safetensors")}
    assert provenance["weights"]["sha256"] == provenance["files"]["best.safetensors"]
    # Every weight of any size is a place in the other file.
    model = (version / ONNX_MODEL).read_bytes()
    largest = load_file(version / "best.safetensors")["encoder/embeddings/position"]
    assert largest.tobytes()[:64] not in model
    assert len(model) < 30_000


@pytest.mark.parametrize("dtype", [np.float32, np.float16])
def test_any_program_can_run_it(work, tmp_path, dtype):
    shutil.copytree(work / "lstm", tmp_path / "model")
    weights = {name: value.astype(dtype) for name, value in load_file(work / "lstm" / "best.safetensors").items()}
    save_file(weights, tmp_path / "model" / "best.safetensors")
    export(tmp_path / "model", tmp_path / "base", export_format="onnx")
    session = onnxruntime.InferenceSession(tmp_path / "base" / "1" / ONNX_MODEL, providers=["CPUExecutionProvider"])
    ids = np.array([[2, 7, 9, 11, 3], [2, 5, 3, 0, 0]], np.int32)
    (emissions,) = session.run(["emissions"], {"input_word_ids": ids, "lengths": np.array([3, 1], np.int32)})
    expected = Tagger.load(tmp_path / "model", runtime="tensorflow").predictor
    inputs = {"input_word_ids": ids, "lengths": np.array([3, 1], np.int32)}
    np.testing.assert_allclose(emissions[0], expected.model(inputs, training=False).numpy()[0], atol=2e-5)
    assert emissions.shape == (2, 3, len(CONFIG.tag_set))


def test_int8_is_close_and_smaller(tmp_path):
    encoder = dataclasses.replace(CONFIG.encoder, hidden_size=46, intermediate_size=37)
    save_tagger(tmp_path / "model", dataclasses.replace(CONFIG, encoder=encoder, lstm_units=13), spread=0.1)
    for precision in ("float32", "int8"):
        export(tmp_path / "model", tmp_path / "base", export_format="onnx", export_precision=precision)
    stored = load_file(tmp_path / "base" / "2" / INT8_WEIGHTS)
    assert sum(value.dtype == np.int8 for value in stored.values()) > 10
    assert stored["crf/transitions"].dtype == np.float32
    sizes = [(tmp_path / "base" / version / name).stat().st_size for version, name in (("1", "best.safetensors"), ("2", INT8_WEIGHTS))]
    assert sizes[1] < 0.5 * sizes[0]
    # The newest version of the directory; and the same made when the training output is loaded.
    exported, made = Tagger.load(tmp_path / "base").tag_batch(TEXTS), Tagger.load(tmp_path / "model", precision="int8").tag_batch(TEXTS)
    assert exported == made
    wanted = Tagger.load(tmp_path / "model", runtime="tensorflow").tag_batch(TEXTS)
    scores = [{(i, e.start, e.end, e.label): e.score for i, row in enumerate(rows) for e in row} for rows in (exported, wanted)]
    both = set(scores[0]) & set(scores[1])
    assert len(both) > 0.9 * len(scores[1]) > 30
    errors = [abs(scores[0][span] - scores[1][span]) for span in both]
    assert 0 < max(errors) < 0.05


def test_it_is_made_without_tensorflow(work, tmp_path):
    code = "import sys; sys.modules['tensorflow'] = None; from ner.cli.main import main; main()"
    arguments = ["export", f"--model_dir={work / 'lstm'}", f"--export_dir={tmp_path / 'base'}", "--export_format=onnx"]
    done = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=False, cwd=ROOT, timeout=300)
    assert (done.returncode, done.stderr) == (0, "")
    for name in (ONNX_MODEL, "best.safetensors"):
        assert (tmp_path / "base" / "1" / name).read_bytes() == (work / "base" / "1" / name).read_bytes()


def test_a_training_output_without_one_of_its_files_is_one_line(work, tmp_path):
    shutil.copytree(work / "lstm", tmp_path / "model")
    (tmp_path / "model" / "labels.txt").unlink()
    with pytest.raises(UserError, match="labels.txt: no such file, expected what training wrote there$"):
        export(tmp_path / "model", tmp_path / "base", export_format="onnx")
    assert list((tmp_path / "base").iterdir()) == []


def test_formats_do_not_share_a_directory(work):
    message = "^--export_dir: .*base holds versions of the format onnx, expected another directory for savedmodel$"
    with pytest.raises(UserError, match=message):
        export(work / "lstm", work / "base", export_format="savedmodel")
    with pytest.raises(UserError, match="^--export_precision=bfloat16 requires --export_format=savedmodel$"):
        export(work / "lstm", work / "other", export_format="onnx", export_precision="bfloat16")
    assert not (work / "other").exists()


@pytest.mark.parametrize("name", [ONNX_MODEL, "best.safetensors", "provenance.json", "vocab.txt"])
@pytest.mark.parametrize("how", ["cut", "gone", "empty"])
def test_a_broken_version_is_one_line(work, tmp_path, name, how):
    shutil.copytree(work / "base" / "1", tmp_path / "1")
    contents = (tmp_path / "1" / name).read_bytes()
    (tmp_path / "1" / name).unlink()
    if how != "gone":
        (tmp_path / "1" / name).write_bytes(contents[: len(contents) // 2 if how == "cut" else 0])
    with pytest.raises(UserError) as e:
        Tagger.load(tmp_path)
    assert re.search(re.escape(name) if name != ONNX_MODEL or how != "gone" else "model.json|weights", str(e.value))
    assert "\n" not in str(e.value)


def test_another_runtime_or_precision_than_its_own_is_refused(work):
    for options, message in (
        ({"runtime": "tensorflow"}, "^runtime: found tensorflow, expected onnx, for which .*base was exported$"),
        ({"precision": "int8"}, "^precision: found int8, expected float32, with which .*base was exported$"),
    ):
        with pytest.raises(UserError, match=message):
            Tagger.load(work / "base", **options)
