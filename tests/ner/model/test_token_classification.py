"""HuggingFace token classification models as taggers, and back: their labels are what transformers itself finds.

The models and labels in ``data`` are random models of transformers 5.24 and what it makes of ``sentences.txt``, written by
``tests/transformers_side.py``.
"""

import json
import pathlib
import re
import shutil

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

import ner
from albert import hub
from albert.errors import CheckpointError, ConfigError, UserError
from ner.model import token_classification
from ner.model.directory import BEST_WEIGHTS, ModelDir, is_token_classifier
from ner.tags import TagSet, spans_from_tags
from tests.albert.checkpoint_files import edit_json
from tests.albert.hub.conftest import _server  # noqa: F401 - the loopback server
from tests.ner import tiny

DATA = pathlib.Path(__file__).parent / "data"
MODELS = ("albert-tagger-bio", "bert-tagger-bio")
SENTENCES = (DATA / "sentences.txt").read_text(encoding="utf-8").splitlines()


def assert_same_entities(tagger, labels, scheme="BIO"):
    """The tagger's tags are the labels, and its entities those in them."""
    expected = [[(span.start, span.end, span.label) for span in spans_from_tags(tags, scheme)] for tags in labels]
    assert sum(map(len, expected)) > 100
    found = [[(e.start, e.end, e.label) for e in entities] for entities in tagger.tag_batch(SENTENCES)]
    assert found == expected
    assert tagger.tags(SENTENCES) == labels


def labels_of(name):
    return json.loads((DATA / name / "labels.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", MODELS)
def test_entities_are_those_of_transformers(name):
    tagger = ner.Tagger.load(DATA / name, constrained_decoding=False)
    assert tagger.labels == ("ORG", "LOC", "PER")  # in the order of id2label
    assert_same_entities(tagger, labels_of(name))


def test_by_its_name(server):
    files = {path.name: path.read_bytes() for path in (DATA / MODELS[1]).iterdir() if path.name != "labels.json"}
    server.repository("someone/tagger", files)
    assert_same_entities(ner.Tagger.load("hf:someone/tagger", constrained_decoding=False), labels_of(MODELS[1]))
    with pytest.raises(UserError, match="^albert_base_zh: expected a trained tagger, found the name of an encoder"):
        ner.Tagger.load("albert_base_zh")
    with pytest.raises(hub.FetchError, match="no such repository"):
        ner.Tagger.load("hf:someone/else")


@pytest.fixture(name="model")
def _model(tmp_path):
    shutil.copytree(DATA / MODELS[0], tmp_path / "model")
    return tmp_path / "model"


def rename_labels(model, change):
    """Write other names of the labels; returns them."""
    values = json.loads((model / "config.json").read_text())
    labels = {i: change(label) for i, label in values["id2label"].items()}
    # In the order of strings, as some uploads have them.
    edit_json(model / "config.json", id2label=dict(sorted(labels.items())), label2id={label: str(i) for i, label in labels.items()})
    return list(labels.values())


def test_underscores_and_a_zero_for_outside(model):
    rename_labels(model, lambda label: "0" if label == "O" else label.replace("-", "_"))
    assert_same_entities(ner.Tagger.load(model, constrained_decoding=False), labels_of(MODELS[0]))


def add_label(model, label):
    """One more row of the linear layer, with a label; it is never the best."""
    values = load_file(model / "model.safetensors")
    values["classifier.weight"] = np.pad(values["classifier.weight"], [(0, 1), (0, 0)])
    values["classifier.bias"] = np.append(values["classifier.bias"], -1e5).astype(np.float32)
    save_file(values, model / "model.safetensors", metadata={"format": "pt"})
    id2label = json.loads((model / "config.json").read_text())["id2label"]
    edit_json(model / "config.json", id2label={**id2label, str(len(id2label)): label})


def test_a_label_for_padding_is_left_out(model):
    add_label(model, "[PAD]")
    assert token_classification.read(model).left_out == ("[PAD]",)
    assert_same_entities(ner.Tagger.load(model, constrained_decoding=False), labels_of(MODELS[0]))


def test_a_tag_that_a_type_lacks_is_never_predicted(model):
    add_label(model, "B-ONE")
    tagger = ner.Tagger.load(model, constrained_decoding=False)
    assert tagger.labels == ("ORG", "LOC", "PER", "ONE")
    assert_same_entities(tagger, labels_of(MODELS[0]))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda m: rename_labels(m, lambda label: label.replace("O", "outside")), "expected O or a tag such as B-PER, found"),
        (lambda m: edit_json(m / "config.json", id2label=None), "expected id2label, a label for each row of classifier.weight, found none"),
        (lambda m: edit_json(m / "config.json", id2label={"0": "O"}), "expected id2label from 0 to 6"),
        (lambda m: edit_json(m / "config.json", id2label={str(i): f"LABEL_{i}" for i in range(7)}), "found 'LABEL_0' (row 0)"),
        (lambda m: rename_labels(m, lambda label: label.replace("LOC", "PER")), "expected each tag once, found I-PER in rows 4 and 5"),
        (lambda m: rename_labels(m, lambda label: "B-MISC" if label == "O" else label), "expected a label O for characters outside"),
        (
            lambda m: rename_labels(m, lambda label: label.replace("B-PER", "S-PER")),
            "expected the tags of one scheme (BIO, BIOES, BMES, BMEWO, BILOU), found tags with B, I, S",
        ),
        (
            lambda m: edit_json(m / "config.json", architectures=["BertCrfForTokenClassification"], auto_map={"AutoModel": "x.Y"}),
            "expected the model class AlbertForTokenClassification, found BertCrfForTokenClassification with code of its own",
        ),
        (lambda m: (m / "vocab.txt").unlink(), "expected a vocabulary beside the weights"),
    ],
)
def test_a_model_that_is_no_tagger_is_refused(model, change, message):
    change(model)
    with pytest.raises((CheckpointError, ConfigError), match=re.escape(message)) as error:
        ner.Tagger.load(model)
    assert "\n" not in str(error.value)


def edit_tensors(model, **changes):
    values = load_file(model / "model.safetensors")
    for name, value in changes.items():
        if value is None:
            del values[name]
        else:
            values[name] = value.astype(np.float32)
    save_file(values, model / "model.safetensors", metadata={"format": "pt"})


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"crf.transitions": np.zeros([7, 7])}, "tensor crf.transitions: expected nothing but an encoder and classifier.weight"),
        ({"classifier.weight": None}, "tensor classifier.weight: expected the layer of a token classification model, found no such tensor"),
        ({"classifier.weight": np.zeros([7, 22])}, "tensor classifier.weight: expected [number of labels, 21], found [7, 22]"),
        ({"classifier.bias": np.zeros([6])}, "tensor classifier.bias: expected [number of labels], found [6]"),
        ({"albert.embeddings.LayerNorm.bias": None}, "tensor albert.embeddings.LayerNorm.bias: expected shape [11], found no such tensor"),
    ],
)
def test_tensors_that_make_no_tagger_are_named(model, changes, message):
    edit_tensors(model, **changes)
    with pytest.raises(CheckpointError, match=re.escape(message)):
        ner.Tagger.load(model)


@pytest.mark.parametrize("name", MODELS)
def test_writing_what_was_read_gives_the_same_model(tmp_path, name):
    found = token_classification.read(DATA / name)
    assert token_classification.write(tmp_path, found.config, found.weights, found.vocab_file) == (
        "AlbertForTokenClassification" if "albert" in name else "BertForTokenClassification"
    )
    again = token_classification.read(tmp_path)
    assert again.config == found.config
    assert set(again.weights) == set(found.weights)
    for key, value in found.weights.items():
        np.testing.assert_array_equal(again.weights[key], value)


def test_taggers_with_more_than_a_linear_layer_are_refused(tmp_path):
    vocab_size = tiny.write_vocabulary(tmp_path / "vocab.txt")
    model = tiny.tiny_model(vocab_size, TagSet(("LOC",)))
    weights = {name: variable.numpy() for name, variable in model.weight_map().items()}
    with pytest.raises(CheckpointError, match="^this tagger has a recurrent layer; a HuggingFace token classification model is an encoder"):
        token_classification.write(tmp_path, model.config, weights, tmp_path / "vocab.txt")


def test_a_training_output_is_no_token_classifier(tmp_path):
    found = token_classification.read(DATA / MODELS[0])
    directory = ModelDir(tmp_path)
    directory.write_config(found.config)
    directory.copy_vocabulary(found.vocab_file, found.spm_model_file)
    save_file(found.weights, directory.file(BEST_WEIGHTS))
    assert not is_token_classifier(tmp_path)
    assert_same_entities(ner.Tagger.load(tmp_path, constrained_decoding=False), labels_of(MODELS[0]))
