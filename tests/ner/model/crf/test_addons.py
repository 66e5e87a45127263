"""The project's own likelihood against tensorflow-addons', where that is installed."""

import numpy as np
import pytest
import tensorflow as tf

from ner.model.crf import addons, passes, scan
from ner.model.crf.layer import LinearChain

OWN = {"loop": passes.log_likelihood, "scan": scan.log_likelihood}
# Every length from 0 to 130, in an order in which neighbours differ.
LENGTHS = np.arange(131) * 53 % 131
NUM_TAGS = 5


@pytest.fixture(scope="module", name="chains")
def _chains():
    """float64 unary scores [B, T, K] and transitions [K, K]; int32 tags [B, T] and lengths [B]."""
    random = np.random.default_rng(17)
    unary = random.normal(size=(len(LENGTHS), 130, NUM_TAGS))
    tags = random.integers(0, NUM_TAGS, unary.shape[:2]).astype(np.int32)
    return unary, tags, LENGTHS.astype(np.int32), random.normal(size=(NUM_TAGS, NUM_TAGS))


def compute(log_likelihood, chains, dtype):
    """(log likelihood [B], its gradients: with respect to the unary scores, and to the transitions) with another weight for each row."""
    unary, tags, lengths, transitions = chains
    unary, transitions = tf.constant(unary, dtype), tf.constant(transitions, dtype)
    with tf.GradientTape() as tape:
        tape.watch([unary, transitions])
        value = log_likelihood(unary, tf.constant(tags), tf.constant(lengths), transitions)
        total = tf.reduce_sum(value * tf.constant(1.0 / (1 + np.arange(len(lengths))), dtype))
    return [x.numpy() for x in (value, *tape.gradient(total, [unary, transitions]))]


needs_addons = pytest.mark.skipif(addons.functions is None, reason="tensorflow-addons is not installed")


@needs_addons
@pytest.mark.parametrize("own", OWN)
def test_equals_tensorflow_addons(chains, own):
    expected = compute(lambda *x: addons.functions.crf_log_likelihood(*x)[0], chains, tf.float64)
    assert np.all(expected[0][LENGTHS == 0] == 0) and np.all(expected[0][LENGTHS > 0] < 0)
    for actual, value in zip(compute(OWN[own], chains, tf.float32), expected):
        np.testing.assert_allclose(actual, value, rtol=1e-5, atol=1e-5)


@needs_addons
def test_the_partition_function_equals_that_of_tensorflow_addons(chains):
    unary, tags, lengths, transitions = (tf.constant(x) for x in chains)
    expected = addons.functions.crf_log_norm(unary, lengths, transitions)
    unary, transitions = tf.cast(unary, tf.float32), tf.cast(transitions, tf.float32)
    np.testing.assert_allclose(scan.log_partition(unary, lengths, transitions), expected, rtol=1e-5, atol=1e-5)
    score = scan.sequence_score(unary, tags, lengths, transitions)
    np.testing.assert_allclose(score - passes.log_likelihood(unary, tags, lengths, transitions), expected, rtol=1e-5, atol=1e-5)


def test_it_is_used_where_there_is_no_other(monkeypatch, chains):
    unary, tags, lengths, transitions = chains
    zeros = tf.zeros([NUM_TAGS])
    chain = LinearChain(tf.constant(transitions, tf.float32), zeros, zeros, parallel_scan=False)
    monkeypatch.setattr(addons, "functions", None)
    own = passes.log_likelihood(tf.constant(unary, tf.float32), tags, lengths, chain.transitions)
    np.testing.assert_array_equal(chain.log_likelihood(unary, tags, lengths), own)
