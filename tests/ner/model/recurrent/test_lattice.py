"""The lattice LSTM against its equations in NumPy: values, gradients, padding, and words that are not there."""

import numpy as np
import pytest
import tensorflow as tf

from albert.keras import keras
from ner.model.recurrent.lattice import LatticeBiLSTM
from tests.ner.model.recurrent.recurrence_reference import both_directions, finite_differences, lattice_states

INPUT, UNITS, WORD, SLOTS = 5, 2, 3, 3
LENGTHS = np.array([7, 2, 0, 5], np.int32)
# (row, first character, length): words inside one another, across one another, ending and starting together.
WORDS = [(0, 0, 2), (0, 0, 3), (0, 1, 2), (0, 2, 4), (0, 4, 2), (0, 3, 3), (0, 5, 2), (1, 0, 2), (3, 1, 4), (3, 3, 2)]


def _layer(dtype="float64"):
    layer = LatticeBiLSTM(INPUT, UNITS, WORD, SLOTS, dtype=dtype)
    random = np.random.default_rng(11)
    for variable in layer.weight_map().values():
        variable.assign(random.normal(scale=0.8, size=variable.shape))
    return layer


def _inputs():
    random = np.random.default_rng(2)
    x = random.normal(size=[len(LENGTHS), LENGTHS.max(), INPUT])
    return x, random.normal(size=[len(WORDS), WORD])


PLACES = np.array([(row, first, length - 2) for row, first, length in WORDS], np.int32)


def _reference(weights, x, words):
    lists = [[] for _ in LENGTHS]
    for (row, first, length), vector in zip(WORDS, words):
        lists[row].append((first, first + length - 1, vector))
    return both_directions(lattice_states, weights, x, LENGTHS, lists)


@pytest.mark.parametrize(("dtype", "tolerance"), [("float64", 1e-12), ("float32", 1e-5)])
def test_values_are_those_of_the_equations(dtype, tolerance):
    layer = _layer(dtype)
    x, words = _inputs()
    weights = {name: variable.numpy().astype(np.float64) for name, variable in layer.weight_map().items()}
    output = layer(x, LENGTHS, words, PLACES)
    assert output.dtype == dtype
    np.testing.assert_allclose(output, _reference(weights, x, words), rtol=0, atol=tolerance)


# A graph's loop, which training runs, has a gradient of its own making.
@pytest.mark.parametrize("graph", [False, True])
def test_gradients_are_finite_differences_of_the_equations(graph):
    layer = _layer()
    x, words = _inputs()
    weights = {name: variable.numpy() for name, variable in layer.weight_map().items()}
    coefficients = np.random.default_rng(3).normal(size=[*x.shape[:2], 2 * UNITS])

    def loss():
        return np.sum(coefficients * _reference(weights, x, words))

    def gradients(inputs):
        with tf.GradientTape() as tape:
            tape.watch(inputs)
            value = tf.reduce_sum(coefficients * layer(inputs["x"], LENGTHS, inputs["words"], PLACES))
        return tape.gradient(value, {**inputs, **layer.weight_map()})

    found = (tf.function(gradients) if graph else gradients)({"x": tf.constant(x), "words": tf.constant(words)})
    for name, array in {"x": x, "words": words, **weights}.items():
        np.testing.assert_allclose(found[name], finite_differences(loss, array), rtol=0, atol=1e-7, err_msg=name)
        assert np.abs(found[name]).max() > 1e-3, name


def test_words_of_two_characters_only():
    layer = LatticeBiLSTM(INPUT, UNITS, WORD, 1, dtype="float64")
    for variable, value in zip(layer.weight_map().values(), _layer().weight_map().values()):
        variable.assign(value)
    x, words = _inputs()
    short = PLACES[:, 2] == 0
    expected = _layer()(x, LENGTHS, words[short], PLACES[short])
    np.testing.assert_allclose(layer(x, LENGTHS, words[short], PLACES[short]), expected, rtol=0, atol=1e-12)


def test_padding_and_neighbours_change_nothing():
    layer = _layer()
    x, words = _inputs()
    together = layer(x, LENGTHS, words, PLACES).numpy()
    for row, length in enumerate(LENGTHS):
        assert not together[row, length:].any()
        if not length:
            continue
        own = PLACES[:, 0] == row
        alone = layer(x[row : row + 1, :length], LENGTHS[row : row + 1], words[own], PLACES[own] * [0, 1, 1]).numpy()
        np.testing.assert_allclose(together[row, :length], alone[0], rtol=0, atol=1e-12)


def test_the_order_of_the_words_does_not_matter():
    layer = _layer()
    x, words = _inputs()
    order = np.random.default_rng(5).permutation(len(words))
    np.testing.assert_allclose(layer(x, LENGTHS, words[order], PLACES[order]), layer(x, LENGTHS, words, PLACES), rtol=0, atol=1e-12)


def test_without_words_it_is_an_lstm():
    layer = _layer("float32")
    x, words = _inputs()
    reference = keras.layers.LSTM(UNITS, return_sequences=True)
    reference.build(x.shape)
    reference.set_weights([layer.weight_map()[f"forward/{name}"].numpy() for name in ("kernel", "recurrent_kernel", "bias")])
    output = layer(x, LENGTHS, words[:0], PLACES[:0])
    np.testing.assert_allclose(output[:1, :, :UNITS], reference(x[:1].astype(np.float32)), rtol=0, atol=1e-5)


@pytest.mark.parametrize("known", [True, False])
def test_in_a_graph_with_and_without_known_shapes(known):
    layer = _layer()
    x, words = _inputs()
    inputs = x, LENGTHS, words, PLACES
    open_shapes = [None, None, INPUT], [None], [None, WORD], [None, 3]
    signature = [tf.TensorSpec(a.shape if known else shape, a.dtype) for a, shape in zip(inputs, open_shapes)]
    function = tf.function(layer.call, input_signature=signature)
    np.testing.assert_allclose(function(*inputs), layer(*inputs), rtol=0, atol=1e-12)
