"""Exported versions as a server and a user meet them."""

import json
import pathlib
import re
import shlex
import subprocess
import sys
import types

import numpy as np
import pytest
import tensorflow as tf
from tensorflow.core.protobuf import saved_model_pb2

import ner
from albert.errors import UserError
from albert.keras import keras
from ner.export import versions as versions_module
from ner.export.network import FrozenNetwork
from ner.export.provenance import without_directories
from ner.export.quantization import QuantizedWeights, available, quantize, quantized_matmul
from ner.export.saved_model import write_saved_model
from ner.export.versions import choose_version, new_version, versions
from ner.export.warmup import FILE as WARMUP_FILE
from ner.model.network import TaggerModel
from ner.serving_client.messages import PredictionLog, PredictResponse, predict_request, tensor_values
from tests.ner.export.exporting import CONFIG, EDGE_TEXTS, PLAIN_TENSORFLOW, check_answers, export, random_texts, save_tagger

ROOT = pathlib.Path(__file__).resolve().parents[3]
TEXT = "京上海大学书记李明张三去了在京"


@pytest.fixture(name="work", scope="module")
def _work(tmp_path_factory):
    """A directory with a model and three exported versions of it: float32, bfloat16, int8."""
    work = tmp_path_factory.mktemp("work")
    save_tagger(work / "model")
    session = {"flags": {"data_dir": str(work / "data"), "input_file": [str(work / "data" / "a.txt"), "b.txt"], "seed": 3}}
    result = {"steps": 3, "epochs": 1, "seconds": 0.5, "stopped_early": False, "chosen": {"epoch": 1}}
    result["chosen_by"] = f"the best F1 on 7 sentences of {work}/data/dev.txt"
    record = {"identity": {"seed": 42}, "sessions": [session], "result": result}
    (work / "model" / "run.json").write_text(json.dumps(record))
    for precision in ("float32", "bfloat16", "int8"):
        export(work / "model", work / "base", export_precision=precision)
    return work


@pytest.mark.numbers
def test_plain_tensorflow_runs_it(work):
    texts = [TEXT, *EDGE_TEXTS]
    request = json.dumps({"texts": texts, "versions": [str(work / "base" / str(version)) for version in (1, 2, 3)], "asked": 2})
    answers = json.loads(_output_of([sys.executable, "-c", PLAIN_TENSORFLOW], request).splitlines()[-1])
    for answer in answers:
        assert answer["unknown"] == answer["compiled"] == answer["variables"] == []
    entities = ner.Tagger.load(work / "model").tag_batch(texts)
    check_answers(answers[0], texts, entities)
    check_answers(_through_the_c_api(work / "base" / "1", texts), texts, entities)


def _output_of(command, given):
    done = subprocess.run(command, check=False, input=given, capture_output=True, text=True, cwd="/", timeout=300)
    assert done.returncode == 0, done.stderr
    return done.stdout


def _through_the_c_api(version, texts):
    libraries = pathlib.Path(tf.__file__).parent
    if not (libraries / "libtensorflow_cc.so.2").exists():
        pytest.skip("this TensorFlow has its C API under another name")
    saved = saved_model_pb2.SavedModel.FromString((version / "saved_model.pb").read_bytes())
    signatures = {
        name: {"input": signature.inputs["text"].name, "outputs": {key: info.name for key, info in signature.outputs.items()}}
        for name, signature in saved.meta_graphs[0].signature_def.items()
        if signature.inputs
    }
    request = json.dumps({"version": str(version), "texts": texts, "signatures": signatures})
    return json.loads(_output_of([sys.executable, str(ROOT / "tests" / "ner" / "export" / "c_api.py"), str(libraries)], request))


def test_saved_model_cli_as_the_readme_shows_it(work):
    lines = (ROOT / "serving" / "README.md").read_text(encoding="utf-8").splitlines()
    command = shlex.split(next(line for line in lines if line.startswith("saved_model_cli ")))
    command[command.index("output/export/1")] = str(work / "base" / "1")
    text = re.search("'(.*)'", command[-1]).group(1)
    # The console script is beside the interpreter that runs the tests.
    command[0] = str(pathlib.Path(sys.executable).parent / command[0])
    done = subprocess.run(command, check=False, capture_output=True, text=True, cwd="/", timeout=300)
    assert done.returncode == 0, done.stderr
    entities = ner.Tagger.load(work / "model").tag(text)
    assert re.search(rf"output key num_entities:\n\[{len(entities)}\]\n", done.stdout)


def test_no_file_holds_a_path_of_this_machine(work):
    for path in (work / "base" / "1").rglob("*"):
        if path.is_file():
            contents = path.read_bytes()
            assert str(work).encode() not in contents and str(ROOT).encode() not in contents, path


@pytest.mark.numbers
@pytest.mark.parametrize(("version", "tolerance"), [(None, 2e-5), (3, None)])
def test_tagger_of_an_export(work, version, tolerance):
    base = work / "base"
    trained, exported = ner.Tagger.load(work / "model"), ner.Tagger.load(base / "1" if version is None else base)
    assert exported.labels == trained.labels
    texts = [*EDGE_TEXTS, "\ud800京上海\udfff大学", *random_texts(200, seed=4)]
    expected, found = trained.tag_batch(texts), exported.tag_batch(texts)
    assert sum(map(len, expected)) > 150
    if tolerance is None:  # int8, the newest version: close, not equal
        same = sum(len({e.to_dict()["start"] for e in a} & {e.to_dict()["start"] for e in b}) for a, b in zip(expected, found))
        assert same > 0.8 * sum(map(len, expected))
        return
    for text, a, b in zip(texts, expected, found):
        assert [(e.start, e.end, e.label, e.text) for e in a] == [(e.start, e.end, e.label, e.text) for e in b]
        np.testing.assert_allclose([e.score for e in a], [e.score for e in b], atol=tolerance)
        assert all(e.text == text[e.start : e.end] for e in b)
    assert exported.tag(TEXT) == exported.tag_batch(["", TEXT])[1]


def test_an_export_in_python_meets_few_numbers_of_rows(work, monkeypatch):
    predictor = ner.Tagger.load(work / "base" / "1", batch_size=5).predictor
    run = predictor._model.signatures["serving_default"]
    windows = []

    def watch(text):
        # Of windows of 17 characters, 13 of which are new in each but the first.
        windows.append(sum(1 + max(len(t.decode()) - 17 + 12, 0) // 13 if t else 0 for t in text.numpy()))
        return run(text=text)

    monkeypatch.setattr(predictor, "_model", types.SimpleNamespace(signatures={"serving_default": watch}))
    expected = ner.Tagger.load(work / "model")
    for texts in (["京"], ["", "京"], [TEXT] * 2, [TEXT * 3] * 7 + [""], random_texts(60, seed=9)):
        assert [[(e.start, e.end, e.label) for e in row] for row in predictor.entities(texts)] == [
            [(e.start, e.end, e.label) for e in row] for row in expected.tag_batch(texts)
        ]
    assert windows[:4] == [1, 1, 8, 32]
    assert len(windows) == 6 and all(count % 8 == 0 for count in windows[2:])


def test_unconstrained_tags_are_asked_for(work, tmp_path):
    export(work / "model", tmp_path, constrained_decoding=False)
    exported, trained = (ner.Tagger.load(path, batch_size=3, constrained_decoding=False) for path in (tmp_path, work / "model"))
    texts = [*EDGE_TEXTS, *random_texts(40, seed=3)]
    tags = [prediction.tags for prediction in trained.predictor.predict(texts)]
    assert [piece.tags for piece in exported.predictor.predict(texts)] == exported.predictor.tags(texts) == tags


def test_what_would_tag_nothing_is_refused(work):
    for path in ("model", "base"):
        with pytest.raises(UserError, match="^batch_size: found 0, expected at least 1$"):
            ner.Tagger.load(work / path, batch_size=0)


NO_SETTING = "found no constrained_decoding, expected what the export wrote"


@pytest.mark.parametrize(
    ("provenance", "message"),
    [
        ("[]", "found a JSON list, not an object, expected what the exported model was made from"),
        ("{}", NO_SETTING),
        ('{"constrained_decoding": "yes"}', NO_SETTING),
    ],
)
def test_a_broken_provenance_is_one_line(tmp_path, provenance, message):
    (tmp_path / "1" / "assets").mkdir(parents=True)
    (tmp_path / "1" / "saved_model.pb").write_bytes(b"")
    (tmp_path / "1" / "assets" / "provenance.json").write_text(provenance)
    with pytest.raises(UserError, match=f"provenance.json: {message}$"):
        ner.Tagger.load(tmp_path)


@pytest.mark.numbers
def test_loading_warns_of_nothing(work):
    code = f"import ner; print(len(ner.Tagger.load({str(work / 'base' / '1')!r}).tag({TEXT!r})))"
    done = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True, cwd=ROOT, timeout=300)
    assert (done.returncode, done.stderr) == (0, "")
    assert int(done.stdout) > 0


def test_tagger_of_an_export_refuses_what_it_cannot_do(work, tmp_path):
    with pytest.raises(UserError, match="takes no lexicon"):
        ner.Tagger.load(work / "base", lexicon=str(tmp_path / "terms.tsv"))
    with pytest.raises(UserError, match="constrained_decoding: found False, expected True, with which .* was exported"):
        ner.Tagger.load(work / "base", constrained_decoding=False)


def test_what_lies_beside_the_graph(work):
    version = work / "base" / "1"
    assert (version / "assets" / "labels.txt").read_text().split() == list(CONFIG.tag_set.tags)
    for name in ("model.json", "vocab.txt"):
        assert (version / "assets" / name).read_bytes() == (work / "model" / name).read_bytes()
    provenance = json.loads((version / "assets" / "provenance.json").read_text())
    assert provenance["precision"] == "float32"
    assert provenance["training"]["result"].pop("seconds") == 0.5
    assert provenance["training"] == {
        "identity": {"seed": 42},
        "sessions": [{"flags": {"data_dir": "data", "input_file": ["a.txt", "b.txt"], "seed": 3}}],
        "result": {
            "steps": 3,
            "epochs": 1,
            "stopped_early": False,
            "chosen": {"epoch": 1},
            "chosen_by": "the best F1 on 7 sentences of data/dev.txt",
        },
    }
    assert provenance["packages"]["tensorflow"] == tf.__version__
    requests = [
        PredictionLog.FromString(record.numpy()).predict_log.request for record in tf.data.TFRecordDataset(str(version / WARMUP_FILE))
    ]
    assert {request.model_spec.signature_name for request in requests} == {"serving_default", "tags"}
    model = tf.saved_model.load(str(version))
    for request in requests:
        text = tensor_values(request.inputs[0].value)
        model.signatures[request.model_spec.signature_name](text=tf.constant(text))
    assert max(len(tensor_values(r.inputs[0].value)[0].decode()) for r in requests) > CONFIG.max_seq_length


def test_paths_that_end_in_a_slash_are_shortened_too():
    flags = {"data_dir": "/a/data/", "output_dir": "/", "vocab_file": "/a/data/sub/vocab.txt"}
    record = {"sessions": [{"flags": flags}], "dev": "7 sentences of /a/data/dev.txt, N/A"}
    shortened = {"data_dir": "data/", "output_dir": "/", "vocab_file": "vocab.txt"}
    assert without_directories(record) == {"sessions": [{"flags": shortened}], "dev": "7 sentences of data/dev.txt, N/A"}


def test_the_published_messages_read_ours_and_the_other_way_round(work):
    predict_pb2 = pytest.importorskip("tensorflow_serving.apis.predict_pb2")
    log_pb2 = pytest.importorskip("tensorflow_serving.apis.prediction_log_pb2")
    for record in tf.data.TFRecordDataset(str(work / "base" / "1" / WARMUP_FILE)):
        request = log_pb2.PredictionLog.FromString(record.numpy()).predict_log.request
        assert tf.make_ndarray(request.inputs["text"])[0].decode().startswith("京")
    sent = predict_request(["京".encode(), b""], "m", "tags", version=7, outputs=["tag"])
    read = predict_pb2.PredictRequest.FromString(sent.SerializeToString())
    assert (read.model_spec.name, read.model_spec.version.value, read.model_spec.signature_name) == ("m", 7, "tags")
    assert list(read.output_filter) == ["tag"]
    assert tf.make_ndarray(read.inputs["text"]).tolist() == ["京".encode(), b""]
    arrays = {
        "strings": np.array([[b"a", b""], [b"", "京".encode()]], object),
        "ints": np.array([[5, -1], [-1, -1]], np.int32),
        "floats": np.array([0.5, 0.25], np.float32),
        "nothing": np.zeros([3, 0], np.int32),
    }
    response = predict_pb2.PredictResponse()
    for name, array in arrays.items():
        response.outputs[name].CopyFrom(tf.make_tensor_proto(array))
    # Values as fields instead of raw bytes, the last one standing for all that follow.
    response.outputs["fields"].CopyFrom(tf.make_tensor_proto(np.zeros([2, 3], np.int32)))
    response.outputs["fields"].ClearField("tensor_content")
    del response.outputs["fields"].int_val[:]
    response.outputs["fields"].int_val.extend([4, -1])
    outputs = {entry.key: entry.value for entry in PredictResponse.FromString(response.SerializeToString()).outputs}
    for name, array in arrays.items():
        assert tensor_values(outputs[name]) == array.tolist()
    assert tensor_values(outputs["fields"]) == [[4, -1, -1], [-1, -1, -1]]


def test_a_training_output_without_one_of_its_files_is_one_line(tmp_path):
    (tmp_path / "model.json").write_text("{}")
    files = [str(tmp_path / name) for name in ("model.json", "labels.txt")]
    with pytest.raises(UserError, match="labels.txt: no such file, expected what training wrote there$"):
        write_saved_model(str(tmp_path / "1"), None, files, 17)


def test_versions_are_never_overwritten_or_half_there(work, tmp_path):
    base = tmp_path / "base"
    with pytest.raises(UserError, match=r"export_version: .*2 exists and is not overwritten"):
        export(work / "model", work / "base", export_version=2)
    with pytest.raises(UserError, match="--export_version: found -1, expected a whole number of at least 0"):
        export(work / "model", work / "base", export_version=-1)
    with pytest.raises(KeyError), new_version(str(base), 5) as path:
        assert pathlib.Path(path).parent == base
        assert versions(str(base)) == []
        raise KeyError
    assert list(base.iterdir()) == []
    with pytest.raises(UserError, match="exists"), new_version(str(base), 5) as path:
        (base / "5").mkdir()
    assert [p.name for p in base.iterdir()] == ["5"]
    (base / "file").touch()
    with pytest.raises(UserError, match="export_dir: cannot write"), new_version(str(base / "file"), 1):
        pass
    with pytest.raises(UserError, match="--export_dir: not given"):
        export(work / "model", "")


def test_what_a_killed_export_left_is_removed_and_what_a_living_one_writes_is_not(tmp_path):
    base = tmp_path / "base"
    code = """
import os, sys
from ner.export.versions import new_version
with new_version(sys.argv[1], 7) as path:
    open(os.path.join(path, "part"), "w").close()
    print(path, flush=True)
    sys.stdin.read()
"""
    other = subprocess.Popen([sys.executable, "-c", code, str(base)], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    living = pathlib.Path(other.stdout.readline().strip())
    for name in (".letter.tmp", "2.0123abcd.tmp"):
        (base / name).mkdir()
    with new_version(str(base), 1):
        assert (living / "part").exists()
    assert sorted(path.name for path in base.iterdir()) == [living.name, ".letter.tmp", "1", "2.0123abcd.tmp"]
    other.kill()
    other.communicate()
    assert living.exists()
    with new_version(str(base), 2):
        assert not living.exists()
    assert sorted(path.name for path in base.iterdir()) == [".letter.tmp", "1", "2", "2.0123abcd.tmp"]


def test_what_is_no_version_is_not_overwritten_either(tmp_path):
    (tmp_path / "1").write_text("")
    for version in (0, 1):
        with pytest.raises(UserError, match="^export_version: .*1 exists and is not overwritten; choose another number$"):
            choose_version(str(tmp_path), version)


def test_a_version_is_on_the_disk_before_it_has_its_name(tmp_path, monkeypatch):
    synced = []
    monkeypatch.setattr(versions_module, "sync", lambda path: synced.append((pathlib.Path(path), (tmp_path / "1").exists())))
    with new_version(str(tmp_path), 1) as path:
        (pathlib.Path(path) / "assets").mkdir()
        (pathlib.Path(path) / "assets" / "vocab.txt").write_text("京\n", encoding="utf-8")
    names = [(file.name if file != tmp_path else "base", there) for file, there in synced]
    temporary = pathlib.Path(path).name
    assert sorted(names[:-1]) == [(temporary, False), ("assets", False), ("vocab.txt", False)] and names[-1] == ("base", True)


@pytest.mark.skipif(not available(), reason="TensorFlow has no int8 products on this processor")
def test_int8_products_are_exact_integers():
    random = np.random.default_rng(3)
    x = random.normal(size=[5, 131]).astype(np.float32) * [[1e-3], [1.0], [50.0], [0.0], [1.0]]
    weights = random.normal(size=[131, 37]).astype(np.float32)
    weights[:, 3] = 0.0
    stored = QuantizedWeights.of(weights)
    rows = np.abs(x).max(axis=1, keepdims=True) / 127
    integers = np.rint(np.divide(x, rows, out=np.zeros_like(x), where=rows > 0)).astype(np.int64)
    expected = (integers @ stored.integers.astype(np.int64)) * rows * stored.scales
    found = tf.function(lambda v: quantized_matmul(v, stored.constants()))(tf.constant(x, tf.float32)).numpy()
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)
    # A row's answer is its own: the large row beside it changes nothing.
    alone = tf.function(lambda v: quantized_matmul(v, stored.constants()))(tf.constant(x[:1], tf.float32)).numpy()
    np.testing.assert_allclose(alone[0], found[0], rtol=1e-6)


@pytest.mark.skipif(not available(), reason="TensorFlow has no int8 products on this processor")
def test_int8_network_is_close():
    keras.utils.set_random_seed(5)
    model = TaggerModel(CONFIG)
    random = np.random.default_rng(5)
    # Smaller weights than the other tests have: with those a network this narrow turns any rounding of its activations into a
    # change of the emissions by a large part of themselves.
    for variable in model.weight_map().values():
        variable.assign(variable + 0.1 * random.normal(size=variable.shape).astype(np.float32))
    network = FrozenNetwork.of(model)
    quantized, products = quantize(network, min_weights=100)
    # The projection, and four products in each of three layers.
    assert len(products) == 13
    # Layers share their weights, in integers as well.
    assert sum(node.op == "Const" and node.attr["dtype"].type == tf.qint8.as_datatype_enum for node in quantized.graph_def.node) == 5
    ids = tf.constant(np.random.default_rng(1).integers(5, CONFIG.encoder.vocab_size, [3, 13]), tf.int32)
    inputs = {"input_word_ids": ids, "lengths": tf.constant([11, 7, 0])}
    expected, found = network(inputs).numpy(), quantized(inputs).numpy()
    error = np.abs(found - expected)[:2, :7].max()
    assert 0 < error < 0.05 * np.abs(expected).max()
