"""The BiLSTM's operations for a CPU against Keras' layers, which say what an LSTM computes."""

import numpy as np
import pytest
import tensorflow as tf

from ner.layers import BiLSTM

H, UNITS = 7, 5


def make_layer(seed=3):
    layer = BiLSTM(H, UNITS)
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


@pytest.mark.parametrize("graph", [False, True], ids=["eager", "unknown shapes"])
@pytest.mark.parametrize(("steps", "lengths"), [(1, [1, 1]), (13, [13, 8, 1]), (11, [4, 11, 9, 2])])
def test_equals_keras(steps, lengths, graph):
    layer, random = make_layer(), np.random.default_rng(steps)
    x = tf.constant(random.normal(size=(len(lengths), steps, H)), tf.float32)
    upstream = tf.constant(random.normal(size=(len(lengths), steps, 2 * UNITS)), tf.float32)
    expected = values_and_gradients(layer, by_keras, x, lengths, upstream)

    def run(x, lengths, upstream):
        return values_and_gradients(layer, BiLSTM.call_on_cpu, x, lengths, upstream)

    if graph:
        signature = [tf.TensorSpec([None, None, H]), tf.TensorSpec([None], tf.int32), tf.TensorSpec([None, None, 2 * UNITS])]
        run = tf.function(run, input_signature=signature)
    for actual, value in zip(run(x, tf.constant(lengths), upstream), expected):
        np.testing.assert_allclose(actual, value, rtol=1e-5, atol=1e-5)


def test_a_row_without_characters_has_no_states_and_no_gradient():
    layer = make_layer()
    x = tf.random.stateless_normal([2, 3, H], [3, 5])
    states, dx, *_ = values_and_gradients(layer, BiLSTM.call_on_cpu, x, tf.constant([0, 2]), tf.ones([2, 3, 2 * UNITS]))
    for value in (states, dx):
        assert not value.numpy()[0].any()
        assert not value.numpy()[1, 2].any()
        assert value.numpy()[1, :2].all()


@pytest.mark.parametrize("shape", [(2, 0), (0, 3)])
def test_nothing_in_nothing_out(shape):
    layer = make_layer()
    states = tf.function(layer.call_on_cpu)(tf.zeros([*shape, H]), tf.zeros(shape[:1], tf.int32))
    assert states.shape == (*shape, 2 * UNITS)


def test_no_loop_at_inference_on_a_cpu():
    layer = make_layer()
    run = tf.function(layer.call_on_cpu, input_signature=[tf.TensorSpec([None, None, H]), tf.TensorSpec([None], tf.int32)])
    operations = [node.op for node in run.get_concrete_function().graph.as_graph_def().node]
    assert operations.count("BlockLSTMV2") == 2
    assert not {"While", "StatelessWhile"} & set(operations)
