"""16-bit arithmetic: how exact its gradients are, and what an overflow does."""

import numpy as np
import pytest
import tensorflow as tf

from albert.errors import UserError
from tests.ner.training.toy import NO_DROPOUT, SOFTMAX, make_trainer, weights


def gradients(tmp_path, precision):
    """dict from variable number to the gradient of one step in a precision, and the step's loss."""
    trainer = make_trainer(tmp_path / precision, precision=precision, **NO_DROPOUT)
    model = trainer.model
    for name, variable in model.weight_map().items():
        # Larger than at the start of training, so that attention and activations are far from linear.
        if "norm" not in name:
            variable.assign(0.3 * tf.random.stateless_normal(variable.shape, [1, len(name)]))
    assert {v.dtype for v in model.trainable_variables} == {tf.float32}
    batch = {name: value[0] for name, value in trainer._feed.parts(0, 1).items()}
    variables = [v for group in trainer.groups for v in group.variables]
    with tf.GradientTape() as tape:
        emissions = model(batch)
        assert emissions.dtype == tf.float32
        loss = tf.reduce_mean(model.loss(emissions, batch["tag_ids"], batch["lengths"]))
        scaled = loss * 2.0**10 if precision == "float16" else loss
    scale = float(scaled / loss)
    return float(loss), [tf.convert_to_tensor(g).numpy() / scale for g in tape.gradient(scaled, variables)]


def test_gradients_agree_across_precisions(tmp_path):
    """Relative error of each weight's gradient, as a vector: a few units of 2⁻¹¹ in float16 and of 2⁻⁸ in bfloat16."""
    loss, exact = gradients(tmp_path, "off")
    total = np.sqrt(sum(np.sum(g**2) for g in exact))
    for precision, unit in (("float16", 2.0**-11), ("bfloat16", 2.0**-8)):
        rounded_loss, rounded = gradients(tmp_path, precision)
        assert rounded_loss == pytest.approx(loss, rel=4 * unit)
        error = np.sqrt(sum(np.sum((a - b) ** 2) for a, b in zip(exact, rounded))) / total
        assert 0.0 < error < 8 * unit
        for a, b in zip(exact, rounded):
            # The key's bias has a gradient of rounding errors only; hence the share of the whole gradient.
            assert np.linalg.norm(a - b) < 16 * unit * (np.linalg.norm(a) + 1e-2 * total)


def test_an_overflow_skips_the_step_lowers_the_scale_and_says_so_once(tmp_path):
    lines = []
    trainer = make_trainer(tmp_path, precision="float16", max_train_steps=4, loop={"log_steps": 1}, log=lines.append, **SOFTMAX)
    before = weights(trainer)
    trainer.optimizer._loss_scale._current_loss_scale.assign(2.0**40)
    seen = []
    account = trainer._account

    def watch(values, seconds, bar):
        account(values, seconds, bar)
        seen.append((float(trainer.optimizer.loss_scale), np.abs(weights(trainer)["emissions/kernel"] - before["emissions/kernel"]).max()))

    trainer._account = watch
    trainer.run()
    assert seen == [(2.0**n, 0.0) for n in (39, 38, 37, 36)]
    said = [line for line in lines if "overflow" in line]
    assert said == [
        "float16 overflowed by step 1: the step was skipped and the loss scale lowered to 5.49756e+11; "
        "history.csv counts such steps, they are not reported again"
    ]
    assert trainer.history.rows[0]["skipped_steps"] == 4


def test_an_overflow_at_the_smallest_scale_is_an_error(tmp_path):
    trainer = make_trainer(tmp_path, precision="float16", **SOFTMAX)
    trainer.optimizer._loss_scale._current_loss_scale.assign(1.0)
    trainer.model.emissions.bias.assign([float("nan")] * 5)
    with pytest.raises(UserError, match="^--learning_rate: the loss or its gradient is not a finite number by step 5"):
        trainer.run()
