"""16-bit arithmetic: how exact its gradients are, and what an overflow does."""

import numpy as np
import pytest
import tensorflow as tf

from albert.config import AlbertConfig
from albert.errors import UserError
from albert.keras import keras
from albert.training.precision import Precision
from ner.model.config import CharEncoderConfig, LatticeConfig, TaggerConfig
from ner.model.network import TaggerModel
from tests.albert.low_precision import sums_in_16_bits
from tests.ner.training.toy import ENCODER, NO_DROPOUT, SOFTMAX, TAG_SET, make_trainer, weights

HEADS = {
    "lstm": {},
    "peephole": {"lstm_cell": "peephole"},
    "gru": {"rnn": "gru"},
    "lattice": {"rnn": "lattice", "lattice": LatticeConfig(13, 3, 4)},
    "softmax": {"rnn": "none", "use_crf": False},
}
SENTENCES, CHARACTERS = 131, 35


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


@pytest.mark.numbers
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


def make_tagger(head, precision, encoder=None):
    """A tagger whose encoder is compiled, with weights far from their first values, and a batch for it."""
    keras.utils.set_random_seed(5)
    with Precision(precision, "asked for").scope():
        model = TaggerModel(TaggerConfig(encoder or AlbertConfig.from_dict(ENCODER), TAG_SET, 37, lstm_units=11, **HEADS[head]))
    model.encoder.clusters = True
    random = np.random.default_rng(5)
    for variable in model.weight_map().values():
        variable.assign(variable.numpy() + 0.2 * random.normal(size=variable.shape))
    batch = {
        "input_word_ids": random.integers(5, 20, (SENTENCES, CHARACTERS + 2)),
        "lengths": random.integers(1, CHARACTERS + 1, SENTENCES),
        "tag_ids": np.ones([SENTENCES, CHARACTERS]),
        **({"lattice_words": np.zeros([SENTENCES, CHARACTERS, 3])} if head == "lattice" else {}),
    }
    return model, {name: tf.constant(value, tf.int32) for name, value in batch.items()}


def mean_gradients(model, batch, variables):
    with tf.GradientTape() as tape:
        emissions = model(batch, training=True, seed=tf.constant([3, 5]))
        loss = tf.reduce_mean(model.loss(emissions, batch["tag_ids"], batch["lengths"]))
    return [tf.convert_to_tensor(gradient) for gradient in tape.gradient(loss, variables)]


@pytest.mark.parametrize("frozen", [True, False])
@pytest.mark.parametrize("precision", ["bfloat16", pytest.param("float16", marks=pytest.mark.slow)])
@pytest.mark.parametrize("head", HEADS)
def test_no_sum_of_a_gradient_is_in_16_bits(head, precision, frozen):
    model, batch = make_tagger(head, precision)
    groups = model.parameter_groups()
    variables = [v for name, group in groups.items() if name != "encoder" or not frozen for v in group]
    specs = {name: tf.TensorSpec(value.shape, tf.int32) for name, value in batch.items()}
    assert sums_in_16_bits(lambda inputs: mean_gradients(model, inputs, variables), specs) == []


def test_nothing_of_character_vectors_is_in_16_bits():
    model, batch = make_tagger("gru", "float16", CharEncoderConfig(29, 7))
    specs = {name: tf.TensorSpec(value.shape, tf.int32) for name, value in batch.items()}
    variables = model.trainable_variables
    assert sums_in_16_bits(lambda inputs: mean_gradients(model, inputs, variables), specs) == []


@pytest.mark.parametrize("remove_padding", [False, True])
def test_gradients_over_thousands_of_characters(remove_padding):
    """Each weight's gradient over 131 sentences of up to 35 characters, as a vector, against that in float32."""
    results = []
    for precision in ("off", "bfloat16"):
        model, batch = make_tagger("gru", precision)
        model.encoder.remove_padding = remove_padding
        groups = model.parameter_groups()
        names = {id(v): name for name, v in model.weight_map().items() if not name.endswith("attention/key/bias")}
        variables = [v for group in groups.values() for v in group if id(v) in names]
        run = tf.function(lambda inputs, m=model, v=variables: mean_gradients(m, inputs, v), autograph=False)
        results.append({names[id(v)]: gradient.numpy() for v, gradient in zip(variables, run(batch))})
    for name, exact in results[0].items():
        assert np.linalg.norm(results[1][name] - exact) < 0.1 * np.linalg.norm(exact), name


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
    with pytest.raises(UserError, match="^learning_rate: the loss or its gradient is not a finite number by step 5"):
        trainer.run()
