"""The tagger network: shapes, switches, and that neither padding nor neighbours in a batch change a sentence."""

import numpy as np
import pytest
import tensorflow as tf

from albert import AlbertConfig
from ner.config import TaggerConfig
from ner.models import TaggerModel
from ner.tags import TagSet

ENCODER = AlbertConfig(
    vocab_size=53,
    embedding_size=7,
    hidden_size=22,
    num_hidden_layers=3,
    num_attention_heads=2,
    intermediate_size=13,
    hidden_dropout_prob=0.1,
    attention_probs_dropout_prob=0.1,
    max_position_embeddings=41,
)


def _model(**changes):
    tf.keras.utils.set_random_seed(7)
    model = TaggerModel(TaggerConfig(ENCODER, TagSet(("LOC", "PER")), **{"max_seq_length": 31, "lstm_units": 5, **changes}))
    random = np.random.default_rng(3)
    for variable in model.weight_map().values():
        variable.assign(variable + 0.3 * random.normal(size=variable.shape).astype(np.float32))
    return model


def _inputs(lengths, width):
    random = np.random.default_rng(sum(lengths))
    words = np.zeros([len(lengths), width + 2], np.int32)
    for row, length in enumerate(lengths):
        words[row, : length + 2] = random.integers(1, 53, length + 2)
    return {"input_word_ids": words, "lengths": np.array(lengths, np.int32)}


@pytest.mark.parametrize("use_bilstm", [True, False])
@pytest.mark.parametrize("use_crf", [True, False])
def test_shapes_groups_and_names(use_bilstm, use_crf):
    model = _model(use_bilstm=use_bilstm, use_crf=use_crf)
    inputs = _inputs([11, 3, 0], 11)
    emissions = model(inputs)
    assert emissions.shape == (3, 11, 5)
    assert emissions.dtype == tf.float32
    losses = model.loss(emissions, np.zeros([3, 11], np.int32), inputs["lengths"])
    assert losses.shape == (3,)
    assert losses[2] == 0.0
    names = set(model.weight_map())
    assert any(name.startswith("bilstm/") for name in names) == use_bilstm
    assert any(name.startswith("crf/") for name in names) == use_crf
    groups = model.parameter_groups()
    grouped = {id(v) for variables in groups.values() for v in variables}
    pooler = {id(v) for v in model.encoder.pooler.trainable_variables}
    assert grouped | pooler == {id(v) for v in model.trainable_variables}
    assert len(model.weight_map()) == len(model.trainable_variables)


def test_padding_and_neighbours_change_nothing():
    model = _model()
    inputs = _inputs([13, 5, 1], 13)
    together = model(inputs).numpy()
    for row, length in enumerate(inputs["lengths"]):
        own = slice(row, row + 1)
        alone = model({"input_word_ids": inputs["input_word_ids"][own, : length + 2], "lengths": inputs["lengths"][own]})
        np.testing.assert_allclose(together[row, :length], alone[0], atol=2e-5)


def test_every_trained_weight_has_a_gradient():
    model = _model()
    inputs = _inputs([13, 5, 2], 13)
    tags = np.random.default_rng(1).integers(0, 5, [3, 13]).astype(np.int32)
    variables = [v for group in model.parameter_groups().values() for v in group]
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(model.loss(model(inputs, training=True, seed=[3, 5]), tags, inputs["lengths"]))
    for variable, gradient in zip(variables, tape.gradient(loss, variables)):
        assert gradient is not None, variable.name
        assert np.any(tf.convert_to_tensor(gradient).numpy()), variable.name


def test_dropout_is_a_function_of_the_seed():
    model = _model(dropout=0.5)
    inputs = _inputs([13, 5], 13)
    first, again, other = (model(inputs, training=True, seed=seed).numpy() for seed in ([3, 5], [3, 5], [3, 6]))
    np.testing.assert_array_equal(first, again)
    assert np.abs(first - other).max() > 1e-3


def test_softmax_loss_is_the_cross_entropy():
    model = _model(use_crf=False)
    emissions = np.random.default_rng(2).normal(size=[2, 3, 5]).astype(np.float32)
    tags = np.array([[1, 2, 0], [4, 0, 0]], np.int32)
    lengths = np.array([3, 1], np.int32)
    log_p = emissions - np.log(np.exp(emissions).sum(-1, keepdims=True))
    expected = [-(log_p[0, 0, 1] + log_p[0, 1, 2] + log_p[0, 2, 0]), -log_p[1, 0, 4]]
    np.testing.assert_allclose(model.loss(emissions, tags, lengths), expected, rtol=1e-5)
    decoded, _ = model.chain.decode(emissions, lengths)
    np.testing.assert_array_equal(decoded[0], emissions[0].argmax(-1))
