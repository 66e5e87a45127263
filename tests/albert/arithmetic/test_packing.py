"""Encoders that leave rows of padding out, against the same that compute them."""

import numpy as np
import pytest
import tensorflow as tf

from albert.arithmetic import onednn, plain, xla
from albert.arithmetic.packing import Packing
from albert.keras import keras
from tests.albert.arithmetic.test_plain import (
    ATOL,
    CONFIG,
    SIGNATURE,
    all_configs,
    dtypes,
    encoder_gradients,
    graph_of,
    make_batch,
    make_encoder,
    tensor,
)

# Full rows and an empty one, holes, one token, no padding, nothing but padding.
MASKS = {
    "rows of different lengths": [[1, 1, 1, 1], [1, 0, 0, 0], [0, 0, 0, 0], [1, 1, 1, 0]],
    "holes": [[0, 1, 0, 1], [1, 0, 0, 1]],
    "one token": [[0, 0, 1]],
    "one place of padding": [[1, 1], [1, 0]],
    "no padding": [[1, 1, 1], [1, 1, 1]],
    "all padding": [[0, 0], [0, 0]],
}


@pytest.fixture(name="random")
def _random():
    return np.random.default_rng(7)


@pytest.mark.parametrize("multiple", [1, 3, 100])
@pytest.mark.parametrize("mask", MASKS.values(), ids=MASKS.keys())
def test_rows_and_their_places(mask, multiple):
    mask = np.array(mask, np.int32)
    packing = Packing.of(tf.constant(mask), multiple)
    x = np.arange(mask.size, dtype=np.float32)[:, None]
    packed, is_token = packing.pack(x).numpy(), mask.ravel() > 0
    count, n = is_token.sum(), len(packed)
    np.testing.assert_array_equal(packed[:count], x[is_token])
    assert not is_token[packed[count:, 0].astype(int)].any(), "what is no token is a copy of padding"
    assert n == mask.size or (n % multiple == 0 and count < n <= count + multiple)
    np.testing.assert_array_equal(packing.unpack(packed).numpy()[is_token], x[is_token])
    assert (packing.places.numpy()[~is_token] == n - 1).all()


@pytest.mark.parametrize("multiple", [1, 4, 100])
@pytest.mark.parametrize("mask", MASKS.values(), ids=MASKS.keys())
def test_more_rows_than_places(mask, multiple):
    mask = np.array(mask, np.int32)
    packing = Packing.of(tf.constant(mask), multiple, beyond=True)
    x = np.arange(mask.size, dtype=np.float32)[:, None]
    packed, is_token = packing.pack(x).numpy(), mask.ravel() > 0
    needed = min(is_token.sum() + 1, mask.size)
    assert len(packed) == -(-needed // multiple) * multiple
    np.testing.assert_array_equal(packing.unpack(packed).numpy()[is_token], x[is_token])
    assert not is_token[packing.unpack(packed).numpy().astype(int)[~is_token, 0]].any(), "padding is taken from padding"


@pytest.mark.parametrize("multiple", [1, 4, 100])
@pytest.mark.parametrize("mask", MASKS.values(), ids=MASKS.keys())
def test_heads_in_one_gather(mask, multiple, random):
    mask, heads, size = tf.constant(mask), 3, 2
    packing = Packing.of(mask, multiple, beyond=True)
    with_heads = packing.with_heads(mask.shape[0], heads)
    qkv, bias = tensor(random, len(packing.rows), 3 * heads * size), tensor(random, 3 * heads * size)
    expected = plain.split_heads(qkv, bias, mask.shape[0], heads, packing)
    split = onednn.split_heads(qkv, bias, mask.shape[0], heads, with_heads)
    for a, b in zip(split, expected):
        np.testing.assert_array_equal(a, b)
    np.testing.assert_array_equal(onednn.join_heads(split[0], with_heads), plain.join_heads(split[0], packing))


@dtypes
def test_gradients_are_those_of_a_gather(random, dtype):
    mask = tf.constant(MASKS["rows of different lengths"])
    packing, is_token = Packing.of(mask, 3), tf.cast(tf.reshape(mask, [-1, 1]), dtype)
    x = tensor(random, mask.shape.num_elements(), 5, dtype=dtype)
    upstream = tensor(random, *x.shape, dtype=dtype)

    def gradient(function):
        with tf.GradientTape() as tape:
            tape.watch(x)
            # As in an encoder: what is at padding in the end is not used.
            y = function(tf.sin(x)) * is_token * upstream
        return tf.cast(tape.gradient(y, x), tf.float32).numpy()

    np.testing.assert_array_equal(
        gradient(lambda x: packing.unpack(packing.pack(x))), gradient(lambda x: tf.gather(tf.gather(x, packing.rows), packing.places))
    )


@dtypes
def test_gradients_of_heads_in_one_gather(random, dtype):
    """Of query, key, value and context at tokens; what is at padding is not used."""
    mask, heads, size = tf.constant(MASKS["rows of different lengths"]), 3, 2
    packing = Packing.of(mask, 3).with_heads(mask.shape[0], heads)
    qkv = tensor(random, len(packing.rows), 3 * heads * size, dtype=dtype)
    # Clusters take it in float32, plain operations in the dtype of the product.
    bias = tf.cast(tensor(random, 3 * heads * size, dtype=dtype), tf.float32)
    is_token = tf.cast(mask, dtype)[:, None, :, None]
    upstream = [tensor(random, *mask.shape[:1], heads, mask.shape[1], size, dtype=dtype) * is_token for _ in range(3)]

    def split_gradients(function, bias, rounding):
        with tf.GradientTape() as tape:
            tape.watch([qkv, bias])
            parts = function(qkv, bias, mask.shape[0], heads, packing)
        of_qkv, of_bias = tape.gradient(parts, [qkv, bias], upstream)
        # Clusters round the bias's sum to bfloat16, plain operations each sum on the way to it.
        np.testing.assert_allclose(
            tf.cast(of_bias, tf.float32),
            tf.reduce_sum(tf.cast(of_qkv, tf.float32), axis=0),
            rtol=0.004 if dtype == tf.bfloat16 else 0,
            atol=rounding,
        )
        return [*(part * is_token for part in parts), of_qkv]

    def join_gradients(function):
        with tf.GradientTape() as tape:
            tape.watch(upstream[0])
            rows = function(upstream[0], packing)
        return rows, tape.gradient(rows, upstream[0], rows) * is_token

    found = [*split_gradients(xla.split_heads, bias, 1e-5), *join_gradients(xla.join_heads)]
    expected = [
        *split_gradients(plain.split_heads, tf.cast(bias, dtype), 0.05 if dtype == tf.bfloat16 else 1e-5),
        *join_gradients(plain.join_heads),
    ]
    for a, b in zip(found, expected):
        np.testing.assert_array_equal(tf.cast(a, tf.float32), tf.cast(b, tf.float32))


def in_graph(*args):
    return tf.function(encoder_gradients)(*args)


def without_dropout(config):
    # With dropout other values are dropped, as the tensors have other shapes.
    return config.replace(hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0)


def assert_same_training(encoder, inputs, run=encoder_gradients):
    """``encoder_gradients``' loss takes in what is at padding, too: there outputs are 0, and nothing comes of them."""
    is_token = tf.cast(inputs["input_mask"], tf.float32)[:, :, None]

    class Masked:
        weight_map = encoder.weight_map

        def __call__(self, *args, **kwargs):
            return {"sequence_output": encoder(*args, **kwargs)["sequence_output"] * is_token}

    plain = run(Masked(), inputs)
    encoder.remove_padding = True
    packed = run(encoder, inputs)
    assert len(plain) == len(packed)
    for a, b in zip(packed, plain):
        np.testing.assert_allclose(a, b, rtol=0, atol=ATOL * max(1.0, np.abs(b).max()))


@all_configs
@pytest.mark.parametrize("clusters", [False, True])
def test_training_is_the_same_without_padding(config, clusters, random):
    encoder, inputs = make_encoder(without_dropout(config), random), make_batch(random)
    encoder.clusters = clusters
    assert_same_training(encoder, inputs)


@pytest.mark.parametrize("mask", MASKS.values(), ids=MASKS.keys())
def test_any_mask(mask, random):
    mask = np.array(mask, np.int32)
    encoder = make_encoder(without_dropout(CONFIG), random)
    assert_same_training(encoder, {**make_batch(random, *mask.shape), "input_mask": tf.constant(mask)})


@pytest.mark.parametrize("graph", [False, True])
def test_recomputation_without_padding(graph, random):
    encoder, inputs = make_encoder(without_dropout(CONFIG), random), make_batch(random)
    encoder.recompute_grad = True
    assert_same_training(encoder, inputs, run=in_graph if graph else encoder_gradients)


def test_dropout_without_padding(random):
    """A function of the seed; another one drops other values."""
    encoder, inputs = make_encoder(CONFIG, random), make_batch(random)
    encoder.remove_padding = True
    first, again, other = (encoder_gradients(encoder, inputs, seed)[0].numpy() for seed in ((3, 5), (3, 5), (4, 5)))
    np.testing.assert_array_equal(first, again)
    assert np.abs(first - other).max() > 0.1


@all_configs
@pytest.mark.parametrize("constant", [False, True])
def test_given_weights_without_padding(config, constant, random):
    encoder, inputs = make_encoder(config, random), make_batch(random)
    weights = encoder.weights_for_inference()
    if constant:
        weights = [block._make(value.numpy() for value in block) for block in weights]
    expected = encoder(inputs)["sequence_output"] * tf.cast(inputs["input_mask"], tf.float32)[:, :, None]
    encoder.remove_padding = True
    given = tf.function(lambda inputs: encoder.sequence_output(inputs, weights), input_signature=[SIGNATURE])(inputs)
    np.testing.assert_allclose(given, expected, rtol=0, atol=ATOL * np.abs(expected).max())


@pytest.mark.parametrize("constant", [False, True])
@pytest.mark.parametrize("mask", MASKS.values(), ids=MASKS.keys())
def test_matrix_units_get_whole_tiles(mask, constant, random, monkeypatch):
    """In bfloat16 with AMX: rows in multiples of 128 at inference, and in training where the batch has that many places."""
    monkeypatch.setattr("albert.encoder.cpu_flags", lambda: {"amx_bf16"})
    keras.mixed_precision.set_global_policy("mixed_bfloat16")
    try:
        encoder = make_encoder(without_dropout(CONFIG), random)
    finally:
        keras.mixed_precision.set_global_policy("float32")
    mask = np.tile(np.array(mask, np.int32), [40, 1])
    inputs = {**make_batch(random, *mask.shape), "input_mask": tf.constant(mask)}
    weights = encoder.weights_for_inference()
    if constant:
        weights = [block._make(value.numpy() for value in block) for block in weights]
    is_token = mask[:, :, None]
    expected = tf.cast(encoder(inputs)["sequence_output"], tf.float32) * is_token
    encoder.remove_padding = True
    given = tf.function(lambda inputs: encoder.sequence_output(inputs, weights), input_signature=[SIGNATURE])(inputs)
    trained = encoder(inputs, training=True)["sequence_output"]
    for output in (given, trained):
        np.testing.assert_allclose(tf.cast(output, tf.float32), expected, rtol=0, atol=0.05 * np.abs(expected).max())
    for training in (False, True):
        n = len(encoder._packing(inputs, training).rows)
        assert n % 128 == 0 or (training and n == mask.size) or (mask.size <= 64 and n % 16 == 0)


def test_only_with_a_mask_and_where_asked_for(random):
    encoder, inputs = make_encoder(CONFIG, random), make_batch(random)
    encoder.remove_padding = True
    plain = encoder(inputs)["sequence_output"].numpy()
    assert plain[inputs["input_mask"].numpy() == 0].all(), "a plain call computes padding, too"
    del inputs["input_mask"]
    nodes, _ = graph_of(lambda inputs: encoder(inputs, training=True)["sequence_output"], {"input_word_ids": SIGNATURE["input_word_ids"]})
    assert "Where" not in {node.op for node in nodes}
