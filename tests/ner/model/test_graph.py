"""The ONNX graph of every network computes what TensorFlow computes."""

import dataclasses

import numpy as np
import pytest

pytest.importorskip("onnxruntime")

from albert.errors import UserError
from albert.keras import keras
from albert.onnx.products import given_weights
from ner.model.config import CharEncoderConfig, LatticeConfig
from ner.model.graph import emissions_graph, find_obstacle, stored_shapes
from ner.model.network import TaggerModel
from ner.tagging.sessions import Session
from tests.ner.export.exporting import CONFIG

SYSTEMS = {
    "albert-lstm": {},
    "bert-peephole": {
        "embedding_size": 22,
        "embedding_projection": "none",
        "num_hidden_groups": 3,
        "hidden_act": "gelu_erf",
        "lstm_cell": "peephole",
    },
    "brightmart-gru": {"embedding_projection": "before_sum", "ln_type": "preln", "hidden_act": "relu", "rnn": "gru"},
    "albert-none": {"num_hidden_groups": 2, "hidden_act": "tanh", "layer_norm_eps": 0.1, "rnn": "none"},
    "linear-lstm": {"hidden_act": "linear"},
}


def _model(settings, seed=3, spread=0.5):
    head = {name: value for name, value in settings.items() if name in ("rnn", "lstm_cell", "encoder")}
    encoder = {name: value for name, value in settings.items() if name not in head}
    config = dataclasses.replace(CONFIG, **{"encoder": dataclasses.replace(CONFIG.encoder, **encoder), **head})
    keras.utils.set_random_seed(seed)
    model, random = TaggerModel(config), np.random.default_rng(seed)
    for variable in model.weight_map().values():
        variable.assign(variable + spread * random.normal(size=variable.shape).astype(np.float32))
    return model


def _compare(model, precision="float32"):
    """Emissions [rows, K] of the real characters of a batch, by ONNX Runtime and by TensorFlow."""
    random = np.random.default_rng(7)
    lengths = np.array([1, 13, 17, 7, 17], np.int32)
    words = random.integers(0, model.config.encoder.vocab_size, [5, 19]).astype(np.int32)
    inputs = {"input_word_ids": words, "lengths": lengths}
    graph = emissions_graph(model.config, precision)
    weights = {name: variable.numpy() for name, variable in model.weight_map().items()}
    found = Session(graph.serialize(), given_weights(graph, weights.__getitem__)).run(inputs)
    expected = model(inputs, training=False).numpy()
    assert found.shape == expected.shape == (5, 17, 5)
    real = np.arange(17) < lengths[:, None]
    return found[real], expected[real]


@pytest.mark.parametrize("name", SYSTEMS)
def test_emissions_are_tensorflows(name):
    found, expected = _compare(_model(SYSTEMS[name]))
    np.testing.assert_allclose(found, expected, atol=2e-5)
    assert expected.std() > 0.1


def test_emissions_of_character_vectors_are_tensorflows():
    found, expected = _compare(_model({"encoder": CharEncoderConfig(CONFIG.encoder.vocab_size, 7)}))
    np.testing.assert_allclose(found, expected, atol=2e-5)


@pytest.mark.parametrize("name", ["albert-lstm", "bert-peephole", "brightmart-gru"])
def test_int8_is_near(name):
    found, expected = _compare(_model(SYSTEMS[name], spread=0.1), "int8")
    errors = np.abs(found - expected) / expected.std()
    assert 1e-4 < errors.max() < 0.2
    assert np.median(errors) < 0.03


def test_every_weight_but_the_poolers_and_the_crfs_is_used():
    model = _model({})
    graph, stored = emissions_graph(model.config), {name: tuple(variable.shape) for name, variable in model.weight_map().items()}
    assert {name for name in stored if not name.startswith(("crf/", "encoder/pooler/"))} == set(graph.weights)
    assert stored_shapes(model.config, graph) == stored


def test_a_lattice_has_no_graph():
    config = dataclasses.replace(CONFIG, rnn="lattice", lattice=LatticeConfig(3, 5, 3))
    assert find_obstacle(config) == "lattice layer with a lexicon"
    with pytest.raises(UserError, match="^ONNX Runtime cannot run a lattice layer with a lexicon, expected TensorFlow$"):
        emissions_graph(config)
