"""The CRF's loss by a scan against the loop: values, gradients, and what the graph is made of."""

import numpy as np
import pytest
import tensorflow as tf

from ner.model import CRF
from ner.model.crf import passes, scan
from ner.model.crf.layer import LinearChain

ATOL = 1e-4


def make_inputs(steps, num_tags, lengths, scale=1.0, seed=11):
    random = np.random.default_rng(seed)
    unary = tf.constant(scale * random.normal(size=(len(lengths), steps, num_tags)), tf.float32)
    tags = tf.constant(random.integers(0, num_tags, (len(lengths), steps)), tf.int32)
    scores = [tf.constant(random.normal(size=shape), tf.float32) for shape in ((num_tags, num_tags), (num_tags,), (num_tags,))]
    return unary, tags, tf.constant(lengths, tf.int32), scores


def likelihood_and_gradients(unary, tags, lengths, scores, parallel_scan):
    with tf.GradientTape() as tape:
        tape.watch([unary, scores])
        value = LinearChain(*scores, parallel_scan=parallel_scan).log_likelihood(unary, tags, lengths)
        # Another weight for each row, so that no row's gradient stands in for another's.
        total = tf.reduce_sum(value * tf.range(1.0, 1.0 + lengths.shape[0]))
    return [value, *tf.nest.flatten(tape.gradient(total, [unary, scores], unconnected_gradients="zero"))]


@pytest.mark.numbers
@pytest.mark.parametrize(
    ("steps", "num_tags", "lengths"),
    [
        (1, 3, [1, 0]),
        (2, 3, [2, 1, 0]),
        (3, 5, [3, 2]),
        (13, 7, [13, 5, 1, 0, 8, 12, 2]),
        (16, 2, [16, 15, 1]),
        (17, 5, [17, 16, 9]),
        (131, 7, [131, 128, 64, 3, 0]),
    ],
)
@pytest.mark.parametrize("graph", [False, True], ids=["known shapes", "unknown shapes"])
def test_equals_the_loop(steps, num_tags, lengths, graph):
    unary, tags, lengths, scores = make_inputs(steps, num_tags, lengths)
    expected = likelihood_and_gradients(unary, tags, lengths, scores, parallel_scan=False)

    def run(unary, tags, lengths):
        return likelihood_and_gradients(unary, tags, lengths, scores, parallel_scan=True)

    if graph:
        signature = [tf.TensorSpec([None, None, num_tags]), tf.TensorSpec([None, None], tf.int32), tf.TensorSpec([None], tf.int32)]
        # The rows' weights need their number when the graph is built.
        signature[2] = tf.TensorSpec([len(lengths)], tf.int32)
        run = tf.function(run, input_signature=signature)
    for actual, value in zip(run(unary, tags, lengths), expected):
        # Relative: over 131 characters values reach 360 and gradients 60, and the loop rounds 131 times in float32.
        np.testing.assert_allclose(actual, value, rtol=1e-5, atol=ATOL)


def test_large_scores_do_not_overflow():
    unary, tags, lengths, scores = make_inputs(13, 5, [13, 7, 1], scale=400.0)
    expected = likelihood_and_gradients(unary, tags, lengths, scores, parallel_scan=False)
    for actual, value in zip(likelihood_and_gradients(unary, tags, lengths, scores, parallel_scan=True), expected):
        np.testing.assert_allclose(actual, value, rtol=1e-5, atol=ATOL)


def test_forbidden_transitions_stay_forbidden():
    unary, tags, lengths, (transitions, start, end) = make_inputs(11, 5, [11, 6])
    transitions += tf.constant(np.where(np.random.default_rng(3).random((5, 5)) < 0.4, -1e4, 0.0), tf.float32)
    expected = likelihood_and_gradients(unary, tags, lengths, [transitions, start, end], parallel_scan=False)
    for actual, value in zip(likelihood_and_gradients(unary, tags, lengths, [transitions, start, end], parallel_scan=True), expected):
        np.testing.assert_allclose(actual, value, rtol=1e-6, atol=ATOL)


def test_log_matmul_is_the_logarithm_of_a_product():
    random = np.random.default_rng(5)
    a, b = random.normal(size=(2, 3, 7, 7))
    np.testing.assert_allclose(scan.log_matmul(a.astype(np.float32), b.astype(np.float32)), np.log(np.exp(a) @ np.exp(b)), atol=1e-5)


def operations(parallel_scan):
    """Names of all operations of the loss and its gradient for unknown B and T, those inside called functions included."""
    crf = CRF(7, parallel_scan=parallel_scan)
    signature = [tf.TensorSpec([None, None, 7]), tf.TensorSpec([None, None], tf.int32), tf.TensorSpec([None], tf.int32)]

    @tf.function(input_signature=signature)
    def loss(emissions, tags, lengths):
        with tf.GradientTape() as tape:
            tape.watch(emissions)
            value = crf.log_likelihood(emissions, tags, lengths)
        return value, tape.gradient(value, [emissions, *crf.trainable_variables])

    graph = loss.get_concrete_function().graph.as_graph_def()
    return [node.op for nodes in [graph.node, *(f.node_def for f in graph.library.function)] for node in nodes]


def test_no_loop_in_the_graph():
    loops = {"While", "StatelessWhile", "Enter"}
    assert not loops.intersection(operations(parallel_scan=True))
    assert loops.intersection(operations(parallel_scan=False))


def test_more_steps_than_unrolled_are_an_error():
    unary, tags, lengths, scores = make_inputs(4098, 2, [4098])
    run = tf.function(lambda unary: scan.log_partition(unary, lengths, scores[0]), input_signature=[tf.TensorSpec([1, None, 2])])
    with pytest.raises(tf.errors.InvalidArgumentError, match="more than 4096 characters"):
        run(unary)
    inputs = unary[:, :4096], tags[:, :4096], tf.constant([4096]), scores[0]
    partition = scan.sequence_score(*inputs) - passes.log_likelihood(*inputs)
    # A sum of thousands in float32.
    np.testing.assert_allclose(run(unary[:, :4096]), partition, rtol=1e-4)


def test_chosen_by_device():
    on_accelerator = bool(tf.config.list_logical_devices("GPU") or tf.config.list_logical_devices("TPU"))
    assert CRF(3).chain.parallel_scan == on_accelerator
    assert CRF(3, parallel_scan=True).chain.parallel_scan
