"""The CRF layer against scores found by enumerating every path."""

import itertools
import pathlib

import numpy as np
import pytest
import tensorflow as tf

from albert.keras import keras
from ner.model import CRF
from ner.model.crf import addons, scan

GOLDEN = pathlib.Path(__file__).parent / "crf_golden.npz"


@pytest.fixture(scope="module", name="golden")
def _golden():
    with np.load(GOLDEN) as data:
        return dict(data)


def _layer(golden, boundary, parallel_scan=False):
    crf = CRF(golden["transitions"].shape[0], parallel_scan)
    crf.transitions.assign(golden["transitions"])
    if boundary:
        crf.start.assign(golden["start"])
        crf.end.assign(golden["end"])
    return crf


def log_partition(crf, emissions, lengths):
    """Log of the sum over all tag sequences of exp(score): the denominator of eq. (17)."""
    unary, lengths, _ = crf.chain.unary(emissions, lengths)
    return scan.log_partition(unary, lengths, crf.transitions)


@pytest.fixture(name="kind", params=["tensorflow-addons", "own", "scan"])
def _kind(request, monkeypatch):
    """Each way to the likelihood that is there."""
    if request.param == "tensorflow-addons" and addons.functions is None:
        pytest.skip("tensorflow-addons is not installed")
    if request.param != "tensorflow-addons":
        monkeypatch.setattr(addons, "functions", None)
    return request.param


@pytest.mark.numbers
@pytest.mark.parametrize("case", ["noboundary", "boundary", "large"])
@pytest.mark.parametrize("graph", [False, True])
def test_matches_enumeration(golden, case, graph, kind):
    crf = _layer(golden, boundary=case != "noboundary", parallel_scan=kind == "scan")
    unary = golden["large_unary" if case == "large" else "unary"]
    lengths = golden["lengths"]
    tolerance = {"rtol": 1e-5, "atol": 1e-4} if case == "large" else {"rtol": 0, "atol": 1e-4}

    def run(unary, tags, lengths):
        return (
            crf.log_likelihood(unary, tags, lengths),
            log_partition(crf, unary, lengths),
            crf.decode(unary, lengths),
            crf.chain.marginals(unary, lengths),
        )

    if graph:
        run = tf.function(
            run, input_signature=[tf.TensorSpec([None, None, 4]), tf.TensorSpec([None, None], tf.int32), tf.TensorSpec([None], tf.int32)]
        )
    likelihood, partition, (tags, score), marginals = run(unary, golden["tags"], lengths)
    np.testing.assert_allclose(likelihood, golden[f"{case}_log_likelihood"], **tolerance)
    np.testing.assert_allclose(partition, golden[f"{case}_log_partition"], **tolerance)
    np.testing.assert_allclose(score, golden[f"{case}_best_score"], **tolerance)
    np.testing.assert_allclose(marginals, golden[f"{case}_marginals"], rtol=0, atol=1e-4)
    assert tags.dtype == tf.int32
    for row, length in enumerate(lengths):
        np.testing.assert_array_equal(tags[row, :length], golden[f"{case}_best_path"][row, :length])
        assert not np.any(tags[row, length:])


@pytest.mark.numbers
def test_gradients_are_expected_counts_minus_observed(golden, kind):
    crf = _layer(golden, boundary=True, parallel_scan=kind == "scan")
    with tf.GradientTape() as tape:
        likelihood = crf.log_likelihood(golden["unary"], golden["tags"], golden["lengths"])
    gradient = tape.gradient(likelihood, crf.transitions).numpy()
    observed = np.zeros_like(gradient)
    for row, length in enumerate(golden["lengths"]):
        for t in range(1, length):
            observed[golden["tags"][row, t - 1], golden["tags"][row, t]] += 1
    np.testing.assert_allclose(gradient, observed - golden["boundary_expected_transitions"].sum(0), atol=1e-4)


@pytest.mark.parametrize("steps", [0, 1, 2])
def test_short_inputs(steps):
    crf = CRF(3)
    crf.start.assign([0.5, -1.0, 2.0])
    crf.end.assign([1.0, 0.25, -3.0])
    crf.transitions.assign(np.arange(9.0).reshape(3, 3) / 7)
    emissions = np.random.default_rng(5).normal(size=(2, steps, 3)).astype(np.float32)
    lengths = np.array([steps, 0], np.int32)
    scores = []
    for path in itertools.product(range(3), repeat=steps):
        score = sum(emissions[0, t, tag] for t, tag in enumerate(path))
        score += sum(crf.transitions.numpy()[a, b] for a, b in zip(path, path[1:]))
        scores.append(score + (crf.start.numpy()[path[0]] + crf.end.numpy()[path[-1]] if path else 0.0))
    tags, best = crf.decode(emissions, lengths)
    assert tags.shape == (2, steps)
    np.testing.assert_allclose(best, [max(scores), 0.0], atol=1e-5)
    np.testing.assert_allclose(log_partition(crf, emissions, lengths), [np.log(np.sum(np.exp(scores))), 0.0], atol=1e-5)
    assert crf.chain.marginals(emissions, lengths).shape == (2, steps, 3)
    likelihood = crf.log_likelihood(emissions, np.zeros([2, steps], np.int32), lengths)
    np.testing.assert_allclose(likelihood, [scores[0] - np.log(np.sum(np.exp(scores))), 0.0], atol=1e-5)


def test_stays_float32_under_a_mixed_policy():
    keras.mixed_precision.set_global_policy("mixed_bfloat16")
    try:
        crf = CRF(5)
        emissions = tf.cast(np.random.default_rng(3).normal(size=(2, 7, 5)), tf.bfloat16)
        assert crf.log_likelihood(emissions, np.zeros([2, 7], np.int32), [7, 3]).dtype == tf.float32
        assert crf.transitions.dtype == tf.float32
    finally:
        keras.mixed_precision.set_global_policy("float32")
