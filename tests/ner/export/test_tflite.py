"""TensorFlow Lite files through the interpreter against the training output, texts longer than a window included."""

import dataclasses
import json
import shutil
import time
from concurrent import futures

import numpy as np
import pytest
import tensorflow as tf

from albert.errors import UserError
from ner import Tagger
from ner.export.versions import TFLITE_MODEL
from tests.ner.export.exporting import CONFIG, EDGE_TEXTS, export, random_texts, save_tagger

# Of each kind of loop one; windows are of 17 characters.
SYSTEMS = {"lstm": {}, "gru_without_crf": {"rnn": "gru", "use_crf": False}, "peephole": {"lstm_cell": "peephole"}}
TEXTS = [*EDGE_TEXTS, "\ud800京上海\udfff大学", "李明在上海大学张三去了京上海大学书记" * 3, *random_texts(60, seed=8)]


@pytest.fixture(name="work", scope="module")
def _work(tmp_path_factory):
    """A directory with the models of ``SYSTEMS``, and the first one exported."""
    work = tmp_path_factory.mktemp("tflite")
    for name, settings in SYSTEMS.items():
        save_tagger(work / name, dataclasses.replace(CONFIG, **settings))
    export(work / "lstm", work / "base", export_format="tflite")
    return work


def _spans(entities):
    return [[(e.start, e.end, e.label, e.text) for e in row] for row in entities]


def check_equal(model, version):
    expected, tagger = Tagger.load(model), Tagger.load(version)
    found, wanted = tagger.tag_batch(TEXTS), expected.tag_batch(TEXTS)
    assert sum(map(len, wanted)) > 30
    assert _spans(found) == _spans(wanted)
    scores = [[entity.score for row in side for entity in row] for side in (found, wanted)]
    np.testing.assert_allclose(*scores, atol=2e-5)
    assert tagger.predictor.tags(TEXTS) == expected.predictor.tags(TEXTS)
    assert tagger.labels == expected.labels


def test_entities_are_the_taggers(work):
    check_equal(work / "lstm", work / "base" / "1")


@pytest.mark.parametrize("name", ["gru_without_crf", "peephole"])
def test_entities_are_those_of_a_tagger_with_another_recurrent_layer(work, tmp_path, name, capfd):
    export(work / name, tmp_path / "base", export_format="tflite")
    # Nothing of the converter's own.
    assert capfd.readouterr() == (f"{tmp_path}/base/1: tflite, float32\n", "")
    check_equal(work / name, tmp_path / "base")


def test_int8_is_close_and_smaller(work, tmp_path):
    # Wide enough for the converter to find the matrices worth it; and weights small enough not to amplify what rounding does.
    encoder = dataclasses.replace(CONFIG.encoder, hidden_size=46, intermediate_size=37)
    save_tagger(tmp_path / "model", dataclasses.replace(CONFIG, encoder=encoder, lstm_units=13), spread=0.1)
    for precision in ("float32", "int8"):
        export(tmp_path / "model", tmp_path / "base", export_format="tflite", export_precision=precision)
    files = [tmp_path / "base" / version / TFLITE_MODEL for version in ("1", "2")]
    integers = [sum(tensor["dtype"] == np.int8 for tensor in tf.lite.Interpreter(str(file)).get_tensor_details()) for file in files]
    assert integers[0] == 0 and integers[1] > 5
    assert files[1].stat().st_size < files[0].stat().st_size
    # The newest version of the directory.
    found, wanted = Tagger.load(tmp_path / "base").tag_batch(TEXTS), Tagger.load(tmp_path / "model").tag_batch(TEXTS)
    scores = [{span: entity.score for row, own in zip(_spans(side), side) for span, entity in zip(row, own)} for side in (found, wanted)]
    both = set(scores[0]) & set(scores[1])
    assert len(both) > 0.9 * len(scores[1]) > 30
    errors = [abs(scores[0][span] - scores[1][span]) for span in both]
    assert 0 < max(errors) < 0.05


def test_threads_take_turns(work, monkeypatch):
    predictor = Tagger.load(work / "base").predictor
    expected = list(predictor.entities(TEXTS))
    run, inside, most = predictor._run, [0], [0]

    def watch(**inputs):
        inside[0] += 1
        most[0] = max(most[0], inside[0])
        time.sleep(0.001)
        outputs = run(**inputs)
        inside[0] -= 1
        return outputs

    monkeypatch.setattr(predictor, "_run", watch)
    with futures.ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda text: next(predictor.entities([text])), TEXTS))
    assert most == [1]
    assert found == expected


def test_it_needs_built_in_operations_alone(work):
    interpreter = tf.lite.Interpreter(str(work / "base" / "1" / TFLITE_MODEL))
    assert not [details["op_name"] for details in interpreter._get_ops_details() if details["op_name"].startswith(("Flex", "CUSTOM"))]
    signature = interpreter.get_signature_list()["serving_default"]
    assert (sorted(signature["inputs"]), sorted(signature["outputs"])) == (
        ["input_word_ids", "invisible", "lengths"],
        ["closes", "opens", "scores", "tags"],
    )


def test_what_lies_beside_it(work):
    version = work / "base" / "1"
    for name in ("labels.txt", "model.json", "vocab.txt"):
        assert (version / name).read_bytes() == (work / "lstm" / name).read_bytes()
    assert json.loads((version / "provenance.json").read_text())["format"] == "tflite"


def test_a_training_output_without_one_of_its_files_is_one_line(work, tmp_path):
    shutil.copytree(work / "lstm", tmp_path / "model")
    (tmp_path / "model" / "labels.txt").unlink()
    with pytest.raises(UserError, match="labels.txt: no such file, expected what training wrote there$"):
        export(tmp_path / "model", tmp_path / "base", export_format="tflite")
    assert list((tmp_path / "base").iterdir()) == []


def test_formats_do_not_share_a_directory(work):
    message = "^--export_dir: .*base holds versions of the format tflite, expected another directory for savedmodel$"
    with pytest.raises(UserError, match=message):
        export(work / "lstm", work / "base", export_format="savedmodel")
    with pytest.raises(UserError, match="^--export_precision=bfloat16 requires --export_format=savedmodel$"):
        export(work / "lstm", work / "other", export_format="tflite", export_precision="bfloat16")
    assert not (work / "other").exists()


def test_a_broken_file_is_one_line(work, tmp_path):
    broken = tmp_path / "1"
    broken.mkdir()
    for file in (work / "base" / "1").iterdir():
        (broken / file.name).write_bytes(file.read_bytes()[:100] if file.name == TFLITE_MODEL else file.read_bytes())
    with pytest.raises(UserError, match=f"^.*{TFLITE_MODEL}: found another file than was exported"):
        Tagger.load(tmp_path)
