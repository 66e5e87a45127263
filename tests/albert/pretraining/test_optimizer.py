"""AdamW, LAMB and the schedule against transcriptions in NumPy."""

import numpy as np
import pytest
import tensorflow as tf

from albert.optimization import AdamWeightDecay, ParameterGroup, WarmupPolynomialDecay
from albert.pretraining.lamb import Lamb

SHAPES = {"kernel": (5, 3), "bias": (3,), "zero": (2, 7)}


def _in_numpy(weights, gradients, rate, trust, decay=0.03, beta_1=0.9, beta_2=0.999, epsilon=1e-6):
    """BERT's AdamW, or with ``trust`` You et al., algorithm 2, both without bias correction, as the original codes have them; float64."""
    weights = {name: value.astype(np.float64) for name, value in weights.items()}
    m = {name: np.zeros(value.shape) for name, value in weights.items()}
    v = {name: np.zeros(value.shape) for name, value in weights.items()}
    for step_gradients in gradients:
        for name, g in step_gradients.items():
            m[name] = beta_1 * m[name] + (1 - beta_1) * g
            v[name] = beta_2 * v[name] + (1 - beta_2) * g**2
            update = m[name] / (np.sqrt(v[name]) + epsilon)
            ratio = 1.0
            if weights[name].ndim > 1:
                update = update + decay * weights[name]
                norms = np.linalg.norm(weights[name]), np.linalg.norm(update)
                ratio = norms[0] / norms[1] if trust and min(norms) > 0 else 1.0
            weights[name] = weights[name] - rate * ratio * update
    return weights


@pytest.mark.parametrize("optimizer", [AdamWeightDecay, Lamb])
def test_optimizers_are_the_original_codes(optimizer):
    rng = np.random.default_rng(1)
    weights = {name: rng.normal(size=shape).astype(np.float32) for name, shape in SHAPES.items()}
    weights["zero"][:] = 0.0
    gradients = [{name: rng.normal(size=shape).astype(np.float32) for name, shape in SHAPES.items()} for _ in range(7)]
    variables = {name: tf.Variable(value, name=name) for name, value in weights.items()}
    groups = [ParameterGroup("all", 0.01, tuple(variables.values()))]
    schedule = WarmupPolynomialDecay(groups, num_train_steps=100, num_warmup_steps=0, num_decay_steps=0)
    trust = optimizer is Lamb
    optimizer = optimizer(groups, schedule, weight_decay=0.03)
    for step_gradients in gradients:
        optimizer.apply_gradients([(tf.constant(step_gradients[name]), variable) for name, variable in variables.items()])
    for name, expected in _in_numpy(weights, gradients, 0.01, trust).items():
        assert variables[name].numpy() == pytest.approx(expected, abs=2e-6), name


def test_lamb_does_not_move_without_gradient_or_decay():
    variable = tf.Variable(np.ones((3, 5), np.float32))
    groups = [ParameterGroup("all", 0.1, (variable,))]
    optimizer = Lamb(groups, WarmupPolynomialDecay(groups, 10, 0), weight_decay=0.0)
    optimizer.apply_gradients([(tf.zeros((3, 5)), variable)])
    assert np.array_equal(variable.numpy(), np.ones((3, 5)))


def _rates(steps, **settings):
    schedule = WarmupPolynomialDecay([ParameterGroup("all", 2.0, ())], **settings)
    return [float(schedule(step)[0]) for step in range(steps)]


def test_rate_rises_and_falls():
    rates = _rates(11, num_train_steps=11, num_warmup_steps=4)
    assert rates[:4] == pytest.approx([0.5, 1.0, 1.5, 2.0])
    assert rates[3:] == pytest.approx([2.0 * left / 8 for left in range(8, 0, -1)])
    assert _rates(13, num_train_steps=11, num_warmup_steps=4)[-1] == 0.0


def test_rate_stays_before_it_falls():
    rates = _rates(20, num_train_steps=20, num_warmup_steps=5, num_decay_steps=4)
    assert rates[:5] == pytest.approx([0.4, 0.8, 1.2, 1.6, 2.0])
    assert rates[5:16] == pytest.approx([2.0] * 11)
    assert rates[16:] == pytest.approx([1.6, 1.2, 0.8, 0.4])


def test_power():
    linear, square = (_rates(20, num_train_steps=20, num_warmup_steps=0, power=power) for power in (1.0, 2.0))
    assert square == pytest.approx([rate**2 / 2.0 for rate in linear])


def test_groups_have_peaks_and_first_steps_of_their_own():
    groups = [ParameterGroup("encoder", 2.0, (), first_step=3), ParameterGroup("head", 4.0, ())]
    schedule = WarmupPolynomialDecay(groups, num_train_steps=11, num_warmup_steps=4)
    rates = np.array([schedule(step).numpy() for step in range(12)])
    assert rates.dtype == np.float32
    assert rates[:, 1] == pytest.approx([1.0, 2.0, 3.0, 4.0, 3.5, 3.0, 2.5, 2.0, 1.5, 1.0, 0.5, 0.0])
    # Its warm-up begins late, and ends where it meets the decay that all groups share.
    assert rates[:, 0] == pytest.approx([0.0, 0.0, 0.0, 0.5, 1.0, 1.5, 1.25, 1.0, 0.75, 0.5, 0.25, 0.0])
