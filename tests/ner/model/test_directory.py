"""A tagger's directory that is damaged: one line that names the file and what is wrong with it, and nothing silently else."""

import json
import os
import shutil

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from albert.errors import CheckpointError, UserError
from ner.model.directory import ModelDir
from ner.model.network import TaggerModel
from tests.ner.tiny import tiny_model_dir


@pytest.fixture(scope="module")
def good(tmp_path_factory):
    return tiny_model_dir(tmp_path_factory.mktemp("tagger") / "model")


@pytest.fixture
def damaged(good, tmp_path):
    return shutil.copytree(good, tmp_path / "model")


def edit(directory, *path, value):
    """Change a value of model.json."""
    file = directory / "model.json"
    values = json.loads(file.read_text())
    place = values
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    file.write_text(json.dumps(values))


def read(directory):
    """All of a tagger, as ``Tagger.load`` reads it. Returns the model."""
    model_dir = ModelDir(directory)
    config = model_dir.read_config()
    model_dir.read_tokenizer(config)
    model = TaggerModel(config)
    model_dir.read_weights(model)
    return model


def message(directory):
    with pytest.raises(UserError) as e:
        read(directory)
    assert "\n" not in str(e.value) and len(str(e.value)) < 1000
    return str(e.value)


def test_a_good_one(good):
    stored = load_file(good / "best.safetensors")
    for key, variable in read(good).weight_map().items():
        np.testing.assert_array_equal(variable.numpy(), stored[key])


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("use_crf",), "no"),
        (("use_crf",), 0),
        (("use_crf",), None),
        (("do_lower_case",), "false"),
        (("do_lower_case",), [True]),
        (("dropout",), "0.1"),
        (("dropout",), 1),
        (("dropout",), -0.5),
        (("lstm_units",), 3.5),
        (("lstm_units",), "3"),
        (("lstm_units",), 0),
        (("max_seq_length",), 2),
        (("max_seq_length",), None),
        (("max_seq_length",), 10**9),
        (("rnn",), "LSTM"),
        (("rnn",), ["lstm"]),
        (("rnn",), None),
        (("lstm_cell",), {"a": 1}),
        (("lattice",), {}),
        (("lattice",), "none"),
        (("lattice",), False),
        (("encoder_type",), "bert"),
        (("encoder_type",), ["albert"]),
        (("encoder",), None),
        (("encoder",), []),
        (("encoder", "layer_norm_eps"), -1),
        (("encoder", "hidden_act"), ["gelu"]),
        (("encoder", "num_hidden_layers"), 10**9),
        (("tag_set",), "BIO"),
        (("tag_set",), {"scheme": "BIO"}),
        (("tag_set", "types"), "PER"),
        (("tag_set", "types"), {"PER": 1}),
        (("tag_set", "types"), [1, 2, 3]),
        (("tag_set", "types"), [["PER"]]),
        (("tag_set", "types"), []),
        (("tag_set", "types"), ["PER", "PER"]),
        (("tag_set", "types"), [f"T{i}" for i in range(2000)]),
        (("tag_set", "types"), ["\ud800"]),
        (("tag_set", "scheme"), ["BIO"]),
        (("tag_set", "scheme"), "IOB"),
    ],
)
def test_wrong_values_in_model_json(damaged, path, value):
    edit(damaged, *path, value=value)
    assert message(damaged).startswith(f"{damaged / 'model.json'}: ")


def test_a_key_that_is_missing_has_no_default(damaged):
    values = json.loads((damaged / "model.json").read_text())
    for key in values:
        (damaged / "model.json").write_text(json.dumps({name: value for name, value in values.items() if name != key}))
        assert message(damaged).startswith(f"{damaged / 'model.json'}: tagger config: ")
        assert key in message(damaged)


def test_labels_that_differ_from_the_model(damaged):
    (damaged / "labels.txt").write_text("O\nB-FOOD\nI-FOOD\n")
    assert message(damaged) == f"{damaged / 'labels.txt'}: found tags O B-FOOD I-FOOD, expected those of {damaged / 'model.json'}"
    (damaged / "labels.txt").write_bytes(b"O\nB-\xff\n")
    assert message(damaged).startswith(f"{damaged / 'labels.txt'}: found byte 0xff")
    os.unlink(damaged / "labels.txt")
    read(damaged)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("dtype", [np.float32, np.float16])
def test_weights_that_are_no_numbers(damaged, value, dtype):
    weights = load_file(damaged / "best.safetensors")
    key = next(name for name in weights if name.endswith("kernel"))
    weights[key] = weights[key].astype(dtype)
    weights[key][1, 2] = value
    weights[key][2, 0] = value
    save_file(weights, damaged / "best.safetensors")
    assert message(damaged) == (
        f"{damaged / 'best.safetensors'}: tensor {key}: expected finite numbers, "
        f"found 2 of {weights[key].size:,} that are not, the first at [1, 2]"
    )


def test_large_numbers_are_numbers(damaged):
    weights = load_file(damaged / "best.safetensors")
    key = next(name for name in weights if name.endswith("kernel"))
    weights[key][:] = 3e38  # their sum is infinite
    save_file(weights, damaged / "best.safetensors")
    read(damaged)


def test_numbers_too_large_for_float32(damaged):
    weights = load_file(damaged / "best.safetensors")
    key = next(name for name in weights if name.endswith("kernel"))
    weights[key] = weights[key].astype(np.float64) * 1e300
    save_file(weights, damaged / "best.safetensors")
    assert f"tensor {key}: expected finite numbers" in message(damaged)


@pytest.mark.parametrize("name", ["best.safetensors", "model.json", "vocab.txt", "labels.txt", "spm.model"])
def test_a_link_that_leads_nowhere_is_not_passed_over(damaged, name):
    shutil.copy(damaged / "best.safetensors", damaged / "last.safetensors")
    if (damaged / name).exists():
        os.unlink(damaged / name)
    os.symlink("../blobs/3f2a", damaged / name)
    assert message(damaged).startswith(f"{damaged / name}: ")
    assert "found a link to ../blobs/3f2a, where nothing is" in message(damaged)


def test_a_directory_in_the_place_of_the_best_weights(damaged):
    os.rename(damaged / "best.safetensors", damaged / "last.safetensors")
    read(damaged)
    (damaged / "best.safetensors").mkdir()
    assert message(damaged) == f"{damaged / 'best.safetensors'}: cannot read a safetensors file: Is a directory"


def test_no_weights(damaged):
    os.unlink(damaged / "best.safetensors")
    assert message(damaged) == f"{damaged / 'last.safetensors'}: no such file, expected a safetensors file"


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("lstm_units",), 10**5),
        (("encoder", "vocab_size"), 10**7),
        (("encoder", "hidden_size"), 14 * 4000),
        (("encoder", "intermediate_size"), 10**6),
        (("encoder", "max_position_embeddings"), 10**6),
        (("encoder", "type_vocab_size"), 6 * 10**4),
    ],
)
def test_a_config_of_more_than_the_stored_weights_takes_no_memory(damaged, path, value):
    edit(damaged, *path, value=value)
    with pytest.raises(UserError, match=f"model.json: {path[-1]}: found a size for .* numbers, but .*best.safetensors has only"):
        ModelDir(damaged).read_config()


def test_nothing_changes_before_everything_fits(damaged):
    weights = load_file(damaged / "best.safetensors")
    model = read(damaged)
    before = {key: variable.numpy() for key, variable in model.weight_map().items()}
    last = list(before)[-1]
    for change, problem in (
        (lambda w: w.pop(last), "missing, expected shape"),
        (lambda w: w.update({last: np.zeros([1, 2, 3], np.float32)}), r"expected shape .*, found \[1, 2, 3\]"),
        (lambda w: w.update({last: w[last].astype(np.int32)}), "expected one of float32, .*, found int32"),
        (lambda w: w.update(more=np.zeros(1, np.float32)), "nothing in the model's configuration takes it"),
    ):
        changed = {key: value * 2 for key, value in weights.items()}
        change(changed)
        save_file(changed, damaged / "best.safetensors")
        with pytest.raises(CheckpointError, match=problem):
            ModelDir(damaged).read_weights(model)
        for key, variable in model.weight_map().items():
            np.testing.assert_array_equal(variable.numpy(), before[key])
