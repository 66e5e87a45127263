"""The peephole LSTM and the GRU against their equations in NumPy, values and gradients, and padding."""

import importlib

import numpy as np
import pytest
import tensorflow as tf

from albert.keras import keras
from ner.model.crf import addons
from ner.model.recurrent.gru import BiGRU
from ner.model.recurrent.peephole import PeepholeBiLSTM
from tests.ner.model.recurrent.recurrence_reference import both_directions, finite_differences, gru_states, peephole_states

INPUT, UNITS = 5, 3
LENGTHS = np.array([7, 2, 0, 5], np.int32)
CASES = [(PeepholeBiLSTM, peephole_states), (BiGRU, gru_states)]


def _layer(layer_class, dtype="float64"):
    layer = layer_class(INPUT, UNITS, dtype=dtype)
    random = np.random.default_rng(11)
    # The first values of some weights are 0 or alike, which would hide an exchange of two of them.
    for variable in layer.weight_map().values():
        variable.assign(random.normal(scale=0.7, size=variable.shape))
    return layer


def _inputs():
    return np.random.default_rng(2).normal(size=[len(LENGTHS), LENGTHS.max(), INPUT])


@pytest.mark.parametrize(("layer_class", "states"), CASES)
@pytest.mark.parametrize(("dtype", "tolerance"), [("float64", 1e-12), ("float32", 1e-5)])
def test_values_are_those_of_the_equations(layer_class, states, dtype, tolerance):
    layer = _layer(layer_class, dtype)
    x = _inputs()
    weights = {name: variable.numpy().astype(np.float64) for name, variable in layer.weight_map().items()}
    output = layer(x, LENGTHS)
    assert output.dtype == dtype
    np.testing.assert_allclose(output, both_directions(states, weights, x, LENGTHS), rtol=0, atol=tolerance)


@pytest.mark.parametrize(("layer_class", "states"), CASES)
# A graph's loop, which training runs, has a gradient of its own making.
@pytest.mark.parametrize("graph", [False, True])
def test_gradients_are_finite_differences_of_the_equations(layer_class, states, graph):
    layer = _layer(layer_class)
    x = _inputs()
    weights = {name: variable.numpy() for name, variable in layer.weight_map().items()}
    coefficients = np.random.default_rng(3).normal(size=[*x.shape[:2], 2 * UNITS])

    def loss():
        return np.sum(coefficients * both_directions(states, weights, x, LENGTHS))

    def gradients(inputs):
        with tf.GradientTape() as tape:
            tape.watch(inputs)
            value = tf.reduce_sum(coefficients * layer(inputs, LENGTHS))
        return tape.gradient(value, {"x": inputs, **layer.weight_map()})

    found = (tf.function(gradients) if graph else gradients)(tf.constant(x))
    for name, array in {"x": x, **weights}.items():
        np.testing.assert_allclose(found[name], finite_differences(loss, array), rtol=0, atol=1e-7, err_msg=name)
        assert np.abs(found[name]).max() > 1e-3, name


@pytest.mark.parametrize(("layer_class", "_"), CASES)
def test_padding_and_neighbours_change_nothing(layer_class, _):
    layer = _layer(layer_class)
    x = _inputs()
    together = layer(x, LENGTHS).numpy()
    for row, length in enumerate(LENGTHS):
        assert not together[row, length:].any()
        alone = layer(x[row : row + 1, :length], LENGTHS[row : row + 1]).numpy()
        np.testing.assert_allclose(together[row, :length], alone[0], rtol=0, atol=1e-12)


def test_gru_weights_are_those_of_keras():
    layer = _layer(BiGRU, "float32")
    reference = keras.layers.GRU(UNITS, return_sequences=True)
    x = _inputs().astype(np.float32)[:1]
    reference.build(x.shape)
    reference.set_weights([layer.weight_map()[f"forward/{name}"].numpy() for name in ("kernel", "recurrent_kernel", "bias")])
    np.testing.assert_allclose(layer(x, LENGTHS[:1])[:, :, :UNITS], reference(x), rtol=0, atol=1e-5)


def test_standard_lstm_is_the_peephole_lstm_without_peepholes():
    layer = _layer(PeepholeBiLSTM, "float32")
    for direction in ("forward", "backward"):
        layer.weight_map()[f"{direction}/peephole"].assign(tf.zeros([3, UNITS]))
    reference = keras.layers.LSTM(UNITS, return_sequences=True)
    x = _inputs().astype(np.float32)[:1]
    reference.build(x.shape)
    reference.set_weights([layer.weight_map()[f"forward/{name}"].numpy() for name in ("kernel", "recurrent_kernel", "bias")])
    np.testing.assert_allclose(layer(x, LENGTHS[:1])[:, :, :UNITS], reference(x), rtol=0, atol=1e-5)


def test_peephole_lstm_is_that_of_tensorflow_addons():
    if addons.functions is None:
        pytest.skip("tensorflow-addons is not installed")
    tfa = importlib.import_module("tensorflow_addons")

    layer = _layer(PeepholeBiLSTM, "float32")
    cell = tfa.rnn.PeepholeLSTMCell(UNITS, recurrent_activation="sigmoid", kernel_initializer="zeros")
    rnn = keras.layers.RNN(cell, return_sequences=True)
    x = _inputs().astype(np.float32)[:1]
    rnn.build(x.shape)
    weights = {name.removeprefix("forward/"): value.numpy() for name, value in layer.weight_map().items() if name.startswith("forward/")}
    for name, value in weights.items():
        if name != "peephole":
            getattr(cell, name).assign(value)
    for gate, value in zip(("input", "forget", "output"), weights["peephole"]):
        getattr(cell, f"{gate}_gate_peephole_weights").assign(value)
    np.testing.assert_allclose(layer(x, LENGTHS[:1])[:, :, :UNITS], rnn(x), rtol=0, atol=1e-5)
