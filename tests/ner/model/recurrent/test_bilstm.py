"""The BiLSTM's operations for a CPU against Keras' layers, which say what an LSTM computes."""

import functools

import numpy as np
import pytest
import tensorflow as tf

from ner.model import BiLSTM

H, UNITS = 7, 5
SIGNATURE = [tf.TensorSpec([None, None, H]), tf.TensorSpec([None], tf.int32)]
either = pytest.mark.parametrize("training", [True, False], ids=["one operation", "loops"])


def make_layer(seed=3):
    layer = BiLSTM(H, UNITS)
    # As wide ones do outside training.
    layer.loops = True
    random = np.random.default_rng(seed)
    for variable in layer.trainable_variables:
        variable.assign(random.normal(size=variable.shape))
    return layer


def by_keras(layer, x, lengths):
    """Row by row, each without its padding."""
    steps = x.shape[1]
    rows = []
    for row, length in zip(tf.unstack(x), lengths):
        states = [layer.forward(row[None, :length]), layer.backward(row[None, :length][:, ::-1])[:, ::-1]]
        rows.append(tf.pad(tf.concat(states, axis=-1)[0], [[0, steps - length], [0, 0]]))
    return tf.stack(rows)


def values_and_gradients(layer, function, x, lengths, upstream):
    with tf.GradientTape() as tape:
        tape.watch(x)
        states = function(layer, x, lengths)
    return [states, *tape.gradient(states, [x, *layer.trainable_variables], upstream)]


@either
@pytest.mark.parametrize("graph", [False, True], ids=["eager", "unknown shapes"])
@pytest.mark.parametrize(("steps", "lengths"), [(1, [1, 1]), (8, [8, 3]), (13, [13, 8, 1]), (11, [4, 11, 9, 2])])
def test_equals_keras(steps, lengths, graph, training):
    layer, random = make_layer(), np.random.default_rng(steps)
    x = tf.constant(random.normal(size=(len(lengths), steps, H)), tf.float32)
    upstream = tf.constant(random.normal(size=(len(lengths), steps, 2 * UNITS)), tf.float32)
    expected = values_and_gradients(layer, by_keras, x, lengths, upstream)

    def run(x, lengths, upstream):
        return values_and_gradients(layer, functools.partial(BiLSTM.call_on_cpu, training=training), x, lengths, upstream)

    if graph:
        run = tf.function(run, input_signature=[*SIGNATURE, tf.TensorSpec([None, None, 2 * UNITS])])
    for actual, value in zip(run(x, tf.constant(lengths), upstream), expected):
        np.testing.assert_allclose(actual, value, rtol=1e-5, atol=1e-5)


@either
def test_a_row_without_characters_has_no_states_and_no_gradient(training):
    layer, run = make_layer(), functools.partial(BiLSTM.call_on_cpu, training=training)
    x = tf.random.stateless_normal([2, 3, H], [3, 5])
    states, dx, *_ = values_and_gradients(layer, run, x, tf.constant([0, 2]), tf.ones([2, 3, 2 * UNITS]))
    for value in (states, dx):
        assert not value.numpy()[0].any()
        assert not value.numpy()[1, 2].any()
        assert value.numpy()[1, :2].all()


@either
@pytest.mark.parametrize("shape", [(2, 0), (0, 3)])
def test_nothing_in_nothing_out(shape, training):
    layer = make_layer()
    run = tf.function(lambda *inputs: layer.call_on_cpu(*inputs, training=training), input_signature=SIGNATURE)
    states = run(tf.zeros([*shape, H]), tf.zeros(shape[:1], tf.int32))
    assert states.shape == (*shape, 2 * UNITS)


def test_bfloat16_in_the_product_with_the_characters_alone():
    """States as of float32 but for the rounding of characters, kernel and gates."""
    layer, random = make_layer(), np.random.default_rng(7)
    for variable in layer.trainable_variables:
        variable.assign(0.3 * variable)
    x, lengths = tf.cast(random.normal(size=(3, 40, H)), tf.bfloat16), tf.constant([40, 17, 1])
    states, expected = layer(x, lengths), layer(tf.cast(x, tf.float32), lengths)
    assert states.dtype == tf.float32
    difference = np.abs(states - expected)
    assert 0 < difference.max() < 0.02, "one in 256 of gates of 1 to 4, and what that adds up to"
    assert difference.mean() < 0.002


@pytest.mark.parametrize(("training", "loops", "operations"), [(True, 0, 2), (False, 2, 0)])
def test_operations_on_a_cpu(training, loops, operations):
    layer = make_layer()
    run = tf.function(lambda *inputs: layer.call_on_cpu(*inputs, training=training), input_signature=SIGNATURE)
    found = [node.op for node in run.get_concrete_function().graph.as_graph_def().node]
    assert found.count("BlockLSTMV2") == operations
    assert found.count("While") + found.count("StatelessWhile") == loops


@pytest.mark.parametrize(("width", "loops"), [(511, False), (512, True)])
def test_loops_where_there_are_many_weights(width, loops):
    assert BiLSTM(width, UNITS).loops == loops
