"""The tagger network: shapes, switches, and that neither padding nor neighbours in a batch change a sentence."""

import json
import re

import numpy as np
import pytest
import tensorflow as tf

from albert import AlbertConfig
from albert.errors import ConfigError
from albert.keras import keras
from ner.model.config import CharEncoderConfig, LatticeConfig, TaggerConfig
from ner.model.network import TaggerModel
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


LATTICE = LatticeConfig(num_words=17, word_embedding_size=7, max_word_length=4)
# Every system: what tells it from the default, ALBERT-BiLSTM-CRF.
SYSTEMS = {
    "default": {},
    "softmax": {"use_crf": False},
    "fine_tuning": {"rnn": "none", "use_crf": False},
    "encoder_crf": {"rnn": "none"},
    "peephole": {"lstm_cell": "peephole"},
    "gru": {"rnn": "gru"},
    "characters": {"encoder": CharEncoderConfig(53, 11)},
    "lattice": {"encoder": CharEncoderConfig(53, 11), "rnn": "lattice", "lattice": LATTICE},
    "soft_lexicon": {"softlexicon": True, "lattice": LATTICE},
    "soft_lexicon_alone": {"softlexicon": True, "lattice": LATTICE, "rnn": "none"},
}


def _config(**changes):
    return TaggerConfig(**{"encoder": ENCODER, "tag_set": TagSet(("LOC", "PER")), "max_seq_length": 31, "lstm_units": 5, **changes})


def _model(**changes):
    keras.utils.set_random_seed(7)
    model = TaggerModel(_config(**changes))
    random = np.random.default_rng(3)
    for variable in model.weight_map().values():
        variable.assign(variable + 0.3 * random.normal(size=variable.shape).astype(np.float32))
    return model


def _inputs(lengths, width, lattice=False):
    random = np.random.default_rng(sum(lengths))
    words = np.zeros([len(lengths), width + 2], np.int32)
    for row, length in enumerate(lengths):
        words[row, : length + 2] = random.integers(1, 53, length + 2)
    inputs = {"input_word_ids": words, "lengths": np.array(lengths, np.int32)}
    if lattice:
        matches = random.integers(1, LATTICE.num_words + 2, [len(lengths), width, LATTICE.num_slots])
        matches *= random.random(matches.shape) < 0.5
        # No word reaches into the padding.
        ends = np.arange(width)[:, None] + 2 + np.arange(LATTICE.num_slots)
        inputs["lattice_words"] = (matches * (ends <= inputs["lengths"][:, None, None])).astype(np.int32)
    return inputs


@pytest.mark.parametrize("changes", SYSTEMS.values(), ids=SYSTEMS)
def test_shapes_groups_and_names(changes):
    model = _model(**changes)
    inputs = _inputs([11, 3, 0], 11, "lattice" in changes)
    assert set(model.input_signature()) == set(inputs)
    emissions = model(inputs)
    assert emissions.shape == (3, 11, 5)
    assert emissions.dtype == tf.float32
    losses = model.loss(emissions, np.zeros([3, 11], np.int32), inputs["lengths"])
    assert losses.shape == (3,)
    assert losses[2] == 0.0
    names = set(model.weight_map())
    assert any(name.startswith("rnn/") for name in names) == (changes.get("rnn") != "none")
    assert any(name.startswith("crf/") for name in names) == changes.get("use_crf", True)
    assert ("word_vectors" in names) == ("lattice" in changes)
    groups = model.parameter_groups()
    grouped = {id(v) for variables in groups.values() for v in variables}
    pooler = {id(v) for name, v in model.weight_map().items() if "pooler" in name}
    assert grouped | pooler == {id(v) for v in model.trainable_variables}
    assert len(model.weight_map()) == len(model.trainable_variables) + ("word_frequencies" in names)


@pytest.mark.parametrize("changes", SYSTEMS.values(), ids=SYSTEMS)
def test_padding_and_neighbours_change_nothing(changes):
    model = _model(**changes)
    inputs = _inputs([13, 5, 1], 13, "lattice" in changes)
    together = model(inputs).numpy()
    for row, length in enumerate(inputs["lengths"]):
        widths = {"input_word_ids": length + 2, "lattice_words": length}
        alone = model(
            {name: value[row : row + 1, : widths[name]] if name in widths else value[row : row + 1] for name, value in inputs.items()}
        )
        np.testing.assert_allclose(together[row, :length], alone[0], atol=2e-5)


@pytest.mark.parametrize("changes", SYSTEMS.values(), ids=SYSTEMS)
def test_every_trained_weight_has_a_gradient(changes):
    model = _model(**changes)
    inputs = _inputs([13, 5, 2], 13, "lattice" in changes)
    tags = np.random.default_rng(1).integers(0, 5, [3, 13]).astype(np.int32)
    variables = [v for group in model.parameter_groups().values() for v in group]
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(model.loss(model(inputs, training=True, seed=[3, 5]), tags, inputs["lengths"]))
    for variable, gradient in zip(variables, tape.gradient(loss, variables)):
        assert gradient is not None, variable.name
        assert np.any(tf.convert_to_tensor(gradient).numpy()), variable.name


PRETRAINED = {name: changes for name, changes in SYSTEMS.items() if "encoder" not in changes}


@pytest.mark.parametrize("changes", PRETRAINED.values(), ids=PRETRAINED)
def test_encoders_without_padding_train_the_same(changes):
    model = _model(**changes, encoder=ENCODER.replace(hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0), dropout=0.0)
    inputs = _inputs([13, 5, 0, 2], 13, "lattice" in changes)
    tags = np.random.default_rng(1).integers(0, 5, [4, 13]).astype(np.int32)
    variables = [v for group in model.parameter_groups().values() for v in group]

    def losses_and_gradients(remove_padding):
        model.encoder.remove_padding = remove_padding
        with tf.GradientTape() as tape:
            losses = model.loss(model(inputs, training=True), tags, inputs["lengths"])
        return [losses, *map(tf.convert_to_tensor, tape.gradient(losses, variables))]

    for a, b in zip(losses_and_gradients(True), losses_and_gradients(False)):
        np.testing.assert_allclose(a, b, rtol=0, atol=1e-5 * max(1.0, np.abs(b).max()))


def test_wide_encoders_compute_no_padding():
    for width, accelerator, expected in ((512, False, True), (511, False, False), (512, True, False)):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("ner.model.network.on_accelerator", lambda accelerator=accelerator: accelerator)
            config = _config(encoder=ENCODER.replace(hidden_size=width, num_attention_heads=1, num_hidden_layers=1))
            assert TaggerModel(config).encoder.remove_padding == expected


@pytest.mark.parametrize("name", ["characters", "lattice"])
def test_without_a_pretrained_encoder_all_is_float32(name):
    inputs = _inputs([13, 5, 1], 13, name == "lattice")
    expected = _model(**SYSTEMS[name])(inputs)
    keras.mixed_precision.set_global_policy("mixed_bfloat16")
    try:
        emissions = _model(**SYSTEMS[name])(inputs)
    finally:
        keras.mixed_precision.set_global_policy("float32")
    np.testing.assert_allclose(emissions, expected, rtol=0, atol=1e-5)


@pytest.mark.parametrize("changes", SYSTEMS.values(), ids=SYSTEMS)
def test_a_config_survives_json(changes):
    config = _config(**changes)
    assert TaggerConfig.from_dict(json.loads(json.dumps(config.to_dict()))) == config


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"rnn": "rnn"}, "rnn: found 'rnn', expected one of lstm, gru, lattice, none"),
        ({"rnn": "gru", "lstm_cell": "peephole"}, "lstm_cell=peephole requires rnn=lstm"),
        ({"rnn": "lattice"}, "lattice: found None with rnn=lattice"),
        ({"lattice": LATTICE}, "lattice: found settings with rnn=lstm"),
        ({"softlexicon": True}, "lattice: found None with rnn=lstm and softlexicon=true"),
        ({"softlexicon": True, "lattice": LATTICE, "rnn": "lattice"}, "softlexicon: found true with rnn=lattice, which reads words itself"),
        ({"guideline": "silver"}, "guideline: found silver, expected gold: the network was trained on no silver sentences"),
    ],
)
def test_settings_that_do_not_fit(changes, message):
    with pytest.raises(ConfigError, match=re.escape(message)):
        _config(**changes)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"encoder_type": "word"}, "tagger config: encoder_type: expected one of albert, char, found 'word'"),
        ({"colour": 1}, "tagger config: unknown key 'colour'"),
        ({"encoder_type": "char", "encoder": {"vocab_size": 3}}, "character encoder config: missing key 'hidden_size'"),
        ({"lattice": {"num_words": 3}}, "lattice config: missing key 'word_embedding_size' (and max_word_length)"),
    ],
)
def test_a_damaged_config_names_the_key(change, message):
    with pytest.raises(ConfigError, match=re.escape(message)):
        TaggerConfig.from_dict({**_config().to_dict(), **change})


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
