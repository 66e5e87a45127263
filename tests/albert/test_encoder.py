"""The encoder and its heads against an independent float64 recomputation, for every published architecture."""

import pathlib

import numpy as np
import pytest
import tensorflow as tf

from albert.checkpoints import load_pretraining_model
from albert.config import AlbertConfig
from albert.encoder import AlbertEncoder
from albert.keras import keras
from albert.pretraining_model import AlbertForPretraining
from tests.albert import numpy_reference

# Sizes are pairwise different, so that no swapped axis passes unseen: B 5, T 11, P 2, V 41, E 8, H 12 (3 heads of 4), F 19,
# M 13, 3 types, L 7.
BASE = AlbertConfig(
    vocab_size=41,
    embedding_size=8,
    hidden_size=12,
    num_hidden_layers=7,
    num_attention_heads=3,
    intermediate_size=19,
    max_position_embeddings=13,
    type_vocab_size=3,
)
VARIANTS = {
    "google albert": BASE,
    "google albert, relu": BASE.replace(hidden_act="relu"),
    "google albert, 3 groups": BASE.replace(num_hidden_groups=3),
    "google albert, E == H": BASE.replace(embedding_size=12, embedding_projection="none"),
    "huggingface albert, erf gelu": BASE.replace(hidden_act="gelu_erf"),
    "huggingface albert, E == H with projection": BASE.replace(embedding_size=12),
    "brightmart post-LN": BASE.replace(embedding_projection="before_sum"),
    "brightmart pre-LN": BASE.replace(embedding_projection="before_sum", ln_type="preln"),
    "bert": BASE.replace(embedding_size=12, embedding_projection="none", num_hidden_groups=7),
}
LENGTHS = [11, 7, 1, 3, 5]
# Float32 noise of the published models' own code is below 5e-6; the mildest mistake changes these outputs by over 5e-4.
ATOL = 2e-5

all_variants = pytest.mark.parametrize("config", VARIANTS.values(), ids=VARIANTS.keys())


def randomise(model, seed=3):
    """Set every weight, norms and biases too, to values of a size at which a wrong formula shows.

    Half of the word vectors are tiny, and so are type and position vectors, so that a wrong epsilon shows as well.
    """
    rng = np.random.default_rng(seed)
    for name, variable in model.weight_map().items():
        kind = name.rsplit("/", 1)[1]
        value = rng.normal(size=variable.shape)
        if kind == "kernel":
            value *= (2 if "intermediate" in name else 1.3) / np.sqrt(variable.shape[0])
        elif kind == "gamma":
            value = 1 + 0.3 * value
        elif kind in ("bias", "beta"):
            value *= 0.3
        elif kind == "word":
            value[::2] *= 1e-5
            value[1::2] *= 0.5
        else:
            value *= 1e-5
        variable.assign(value)
    return model


def make_model(config):
    return randomise(AlbertForPretraining(config))


def make_inputs(config, batch=5, length=11, seed=17):
    rng = np.random.default_rng(seed)
    return {
        "input_word_ids": rng.integers(0, config.vocab_size, (batch, length)).astype(np.int32),
        "input_mask": (np.arange(length) < np.array(LENGTHS[:batch])[:, None]).astype(np.int32),
        "input_type_ids": rng.integers(0, config.type_vocab_size, (batch, length)).astype(np.int32),
        "masked_lm_positions": rng.integers(0, length, (batch, 2)).astype(np.int32),
    }


def run(model, inputs, **kwargs):
    return model({name: tf.constant(value) for name, value in inputs.items()}, **kwargs)


def reference(model, inputs):
    weights = {name: variable.numpy() for name, variable in model.weight_map().items()}
    return numpy_reference.forward(
        model.config,
        weights,
        inputs["input_word_ids"],
        inputs.get("input_mask"),
        inputs.get("input_type_ids"),
        inputs.get("masked_lm_positions"),
    )


def assert_agree(outputs, expected, atol=ATOL):
    assert set(outputs) == set(expected)
    for name, value in expected.items():
        if name == "encoder_outputs":
            assert len(outputs[name]) == len(value)
        actual = np.array(outputs[name], np.float64)
        assert actual.shape == np.shape(value), name
        np.testing.assert_allclose(actual, value, atol=atol, rtol=0, err_msg=name)


@all_variants
def test_agrees_with_float64(config):
    model = make_model(config)
    inputs = make_inputs(config)
    expected = reference(model, inputs)
    # Outputs of size one: an absolute tolerance of 2e-5 then means five digits.
    assert 0.3 < np.std(expected["sequence_output"]) < 30
    assert_agree(run(model, inputs), expected)


@pytest.mark.parametrize("folder", ["google_albert", "brightmart_postln", "bert"])
def test_the_recomputation_agrees_with_the_original_code(folder):
    """Outputs of the published models' own TensorFlow 1 code: without them, encoder and NumPy might share a mistake."""
    path = pathlib.Path(__file__).parent / "data" / folder
    model = load_pretraining_model(path)
    golden = np.load(path / "golden.npz")
    inputs = {
        "input_word_ids": golden["input_ids"],
        "input_mask": golden["input_mask"],
        "input_type_ids": golden["token_type_ids"],
        "masked_lm_positions": golden["masked_lm_positions"],
    }
    outputs = reference(model, inputs)
    names = {"encoder_outputs": "all_encoder_layers", "sentence_order_logits": "seq_relationship_logits"}
    assert_agree(outputs, {name: golden[names.get(name, name)] for name in outputs})


@all_variants
def test_each_part_of_the_input_and_config_matters(config):
    """Comparisons at 2e-5 are worth something only if each ingredient changes the outputs by much more."""
    model = make_model(config)
    inputs = make_inputs(config)
    expected = reference(model, inputs)["encoder_outputs"]

    def change(other_config=config, **other_inputs):
        other = AlbertForPretraining(other_config)
        for name, variable in other.weight_map().items():
            variable.assign(model.weight_map()[name])
        return np.abs(np.array(run(other, {**inputs, **other_inputs})["encoder_outputs"]) - expected).max()

    assert change() < ATOL
    assert change(input_mask=np.ones_like(inputs["input_mask"])) > 1e-2
    assert change(input_type_ids=np.zeros_like(inputs["input_type_ids"])) > 1e-3
    assert change(config.replace(layer_norm_eps=1e-6)) > 5e-4
    assert change(config.replace(num_attention_heads=4)) > 1e-2
    assert change(config.replace(hidden_act="gelu_erf" if config.hidden_act == "gelu" else "gelu")) > 2e-4
    assert change(config.replace(ln_type="preln" if config.ln_type == "postln" else "postln")) > 1e-2


@pytest.mark.parametrize("activation", ["tanh", "linear"])
def test_other_activations_agree_with_float64(activation):
    config = BASE.replace(hidden_act=activation)
    model = make_model(config)
    inputs = make_inputs(config)
    assert_agree(run(model, inputs), reference(model, inputs))


@all_variants
def test_mask_and_types_may_be_left_out(config):
    model = make_model(config)
    inputs = make_inputs(config)
    del inputs["input_mask"], inputs["input_type_ids"]
    assert_agree(run(model, inputs), reference(model, inputs))


@all_variants
def test_outputs_do_not_depend_on_the_padding(config):
    model = make_model(config)
    inputs = make_inputs(config)
    full = run(model, inputs)["sequence_output"].numpy()
    for b, length in enumerate(LENGTHS):
        alone = {name: inputs[name][b : b + 1, :length] for name in ("input_word_ids", "input_mask", "input_type_ids")}
        np.testing.assert_allclose(run(model.encoder, alone)["sequence_output"][0], full[b, :length], atol=ATOL, rtol=0)


@all_variants
def test_row_of_padding_is_as_if_unmasked(config):
    model = make_model(config)
    inputs = make_inputs(config)
    inputs["input_mask"][1] = 0
    outputs = run(model, inputs)
    expected = reference(model, inputs)
    # 1e-2: next to the constant of -10000 a float32 score keeps three decimals, in the original code as here.
    assert_agree({"sequence_output": outputs["sequence_output"][1]}, {"sequence_output": expected["sequence_output"][1]}, atol=1e-2)
    np.testing.assert_array_equal(np.isfinite(outputs["masked_lm_logits"]), True)
    unmasked = {**inputs, "input_mask": np.ones_like(inputs["input_mask"])}
    np.testing.assert_allclose(outputs["sequence_output"][1], run(model, unmasked)["sequence_output"][1], atol=1e-2, rtol=0)


@all_variants
def test_single_token(config):
    model = make_model(config)
    inputs = make_inputs(config, batch=1, length=1)
    assert_agree(run(model, inputs), reference(model, inputs))


@all_variants
def test_dynamic_shapes_in_a_function(config):
    model = make_model(config)
    ids = tf.TensorSpec([None, None], tf.int32)
    signature = {"input_word_ids": ids, "input_mask": ids, "input_type_ids": ids, "masked_lm_positions": ids}
    function = tf.function(model, input_signature=[signature])
    for batch, length in [(5, 11), (2, 13), (1, 1)]:
        inputs = make_inputs(config, batch, length)
        assert_agree(run(function, inputs), reference(model, inputs))
    with pytest.raises(tf.errors.InvalidArgumentError, match="the encoder has 13 positions"):
        run(function, make_inputs(config, 1, 14))


def test_input_longer_than_the_positions():
    encoder = AlbertEncoder(BASE)
    inputs = make_inputs(BASE, length=14)
    with pytest.raises(ValueError, match="input_word_ids: the encoder has 13 positions, found a length of 14"):
        run(encoder, {"input_word_ids": inputs["input_word_ids"]})


DROPOUT = BASE.replace(hidden_dropout_prob=0.3, attention_probs_dropout_prob=0.2)


def test_dropout_is_a_function_of_the_seed():
    model = make_model(DROPOUT)
    inputs = make_inputs(DROPOUT)

    def output(seed, training=True):
        return run(model, inputs, training=training, seed=tf.constant(seed))["sequence_output"].numpy()

    np.testing.assert_array_equal(output([1, 2]), output([1, 2]))
    for other in ([1, 3], [2, 2]):
        assert np.abs(output([1, 2]) - output(other)).max() > 0.1
    np.testing.assert_array_equal(output([1, 2], training=False), run(model, inputs)["sequence_output"])
    in_graph = tf.function(lambda seed: run(model, inputs, training=True, seed=seed)["sequence_output"])
    np.testing.assert_allclose(in_graph(tf.constant([1, 2])), output([1, 2]), atol=ATOL, rtol=0)


def test_dropout_without_a_seed_follows_the_global_one():
    model = make_model(DROPOUT)
    inputs = make_inputs(DROPOUT)

    def two_outputs():
        tf.random.set_seed(7)
        return [run(model, inputs, training=True)["sequence_output"].numpy() for _ in range(2)]

    first, second = two_outputs()
    assert np.abs(first - second).max() > 0.1
    np.testing.assert_array_equal(two_outputs(), [first, second])


def test_dropout_keeps_the_stated_share_and_the_mean():
    config = BASE.replace(hidden_dropout_prob=0.3, type_vocab_size=1)
    model = make_model(config)
    ids = np.random.default_rng(5).integers(0, config.vocab_size, (503, 13)).astype(np.int32)
    plain = run(model.encoder, {"input_word_ids": ids})["embedding_output"].numpy()
    dropped = run(model.encoder, {"input_word_ids": ids}, training=True, seed=tf.constant([3, 5]))["embedding_output"].numpy()
    kept = dropped != 0
    # 503 · 13 · 8 = 52,312 values: a standard deviation of 0.002, so 0.01 is five of them.
    assert abs(kept.mean() - 0.7) < 0.01
    # The same for each position and feature, 503 values each: no axis shares one mask.
    assert np.abs(kept.mean(0) - 0.7).max() < 0.1
    assert np.abs(kept.mean((1, 2)) - 0.7).max() < 0.3
    np.testing.assert_allclose(dropped[kept], plain[kept] / 0.7, atol=ATOL, rtol=1e-5)


@pytest.mark.parametrize("rate", ["hidden_dropout_prob", "attention_probs_dropout_prob"])
def test_layers_that_share_weights_drop_different_values(rate):
    """With all-equal layers, equal masks in every layer would be visible as equal differences between them."""
    config = BASE.replace(**{rate: 0.5}, num_hidden_layers=2)
    model = make_model(config)
    for name, variable in model.weight_map().items():
        if name.startswith("group_0") and not name.endswith(("gamma", "query/kernel", "key/kernel", "value/kernel", "value/bias")):
            variable.assign(tf.zeros_like(variable))
    model.weight_map()["group_0/attention/output/bias"].assign(tf.ones(config.hidden_size))
    model.weight_map()["group_0/attention/output/kernel"].assign(tf.eye(config.hidden_size))
    inputs = make_inputs(config)
    plain = run(model, inputs)
    dropped = run(model, inputs, training=True, seed=tf.constant([1, 1]))
    changes = [np.abs(a - b) for a, b in zip(plain["encoder_outputs"], dropped["encoder_outputs"])]
    assert all(change.max() > 1e-2 for change in changes)
    assert np.abs(changes[0] - changes[1]).max() > 1e-2


@pytest.fixture
def bfloat16_policy():
    previous = keras.mixed_precision.global_policy()
    keras.mixed_precision.set_global_policy("mixed_bfloat16")
    yield
    keras.mixed_precision.set_global_policy(previous)


@all_variants
def test_bfloat16_policy(config, bfloat16_policy):
    model = make_model(config)
    inputs = make_inputs(config)
    outputs = run(model, inputs)
    for name in ("embedding_output", "sequence_output", "pooled_output"):
        assert outputs[name].dtype == tf.bfloat16
    for name in ("masked_lm_logits", "sentence_order_logits"):
        assert outputs[name].dtype == tf.float32
    assert all(variable.dtype == tf.float32 for variable in model.weight_map().values())
    # bfloat16 has eight bits, 0.4 % per operation; the noise adds up through the layers.
    for i, expected in enumerate(reference(model, inputs)["encoder_outputs"]):
        difference = np.abs(np.array(outputs["encoder_outputs"][i], np.float64) - expected)
        assert difference.mean() < 0.03 * (i + 1) * np.abs(expected).mean()


@all_variants
def test_every_weight_has_a_gradient(config):
    model = make_model(config)
    inputs = make_inputs(config)
    weights = model.weight_map()
    with tf.GradientTape() as tape:
        outputs = run(model, inputs)
        loss = sum(tf.reduce_sum(tf.sin(outputs[name])) for name in ("masked_lm_logits", "sentence_order_logits"))
    gradients = dict(zip(weights, tape.gradient(loss, list(weights.values()))))
    # The key's bias adds the same to every score of a query, which softmax takes away again: its gradient is 0 exactly.
    for name, gradient in gradients.items():
        assert gradient is not None, name
        largest = np.abs(tf.convert_to_tensor(gradient)).max()
        assert largest < 1e-4 if name.endswith("attention/key/bias") else largest > 1e-3, name


@all_variants
def test_weight_map_is_all_weights_once(config):
    model = AlbertForPretraining(config)
    variables = [variable.ref() for variable in model.weight_map().values()]
    assert len(set(variables)) == len(variables)
    assert set(variables) == {variable.ref() for variable in model.trainable_variables}


def test_layers_share_their_groups_weights():
    one, more_layers, more_groups = (
        len(AlbertEncoder(config).trainable_variables)
        for config in (BASE.replace(num_hidden_layers=5), BASE, BASE.replace(num_hidden_groups=2))
    )
    assert one == more_layers
    assert more_groups == one + 16


def count(config):
    return sum(int(np.prod(variable.shape)) for variable in AlbertEncoder(config).weight_map().values())


ALBERT_BASE_ZH = AlbertConfig(
    vocab_size=21128,
    embedding_size=128,
    hidden_size=768,
    num_hidden_layers=12,
    num_attention_heads=12,
    intermediate_size=3072,
)
BERT_BASE_ZH = ALBERT_BASE_ZH.replace(embedding_size=768, num_hidden_groups=12, embedding_projection="none")


@pytest.mark.parametrize(
    ("config", "parameters"),
    [
        # Google: V·E + (M + 2 + 2)·E + (E + 1)·H + 4·(H + 1)·H + (H + 1)·F + (F + 1)·H + 4·H + (H + 1)·H.
        (ALBERT_BASE_ZH, 10_547_968),
        # brightmart: V·E + E·H + (M + 2 + 2)·H and the same layer; with the heads 11.5M, published as 12M.
        (ALBERT_BASE_ZH.replace(embedding_projection="before_sum"), 10_877_440),
        # The 102M of chinese_L-12_H-768_A-12.
        (BERT_BASE_ZH, 102_267_648),
    ],
    ids=["google albert_base_zh", "brightmart albert_base_zh", "bert base chinese"],
)
def test_number_of_parameters_of_the_published_models(config, parameters):
    assert count(config) == parameters
