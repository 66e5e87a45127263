"""The compiled element-wise parts against the plain ones, values and gradients, and the plain ones against float64 NumPy."""

import numpy as np
import pytest
import tensorflow as tf

from albert.arithmetic import plain, xla
from albert.config import AlbertConfig
from albert.encoder import AlbertEncoder

# Rows, features, batch, tokens, heads, width of a head: pairwise different.
N, H, B, T, HEADS, SIZE = 23, 17, 5, 7, 3, 11
ACTIVATIONS = ["gelu", "gelu_erf", "relu", "tanh", "linear"]
# Float32 sums of this length differ by a few units in the last place when added in another order.
ATOL = 1e-5
# bfloat16 has eight bits; the plain operations round to it more often than the compiled ones.
TOLERANCE = {tf.float32: {"rtol": 0, "atol": ATOL}, tf.bfloat16: {"rtol": 0.05, "atol": 0.1}}

dtypes = pytest.mark.parametrize("dtype", [tf.float32, tf.bfloat16], ids=lambda dtype: dtype.name)


@pytest.fixture(name="random")
def _random():
    return np.random.default_rng(7)


def tensor(random, *shape, dtype=tf.float32):
    return tf.cast(tf.constant(random.normal(size=shape), tf.float32), dtype)


def values_and_gradients(function, inputs, upstream):
    """The function's outputs and its gradients for all inputs, as float64 arrays."""
    with tf.GradientTape() as tape:
        tape.watch(inputs)
        outputs = function(*inputs)
    gradients = tape.gradient(outputs, inputs, upstream)
    for value, gradient in zip(inputs, gradients):
        assert gradient.dtype == value.dtype
    return [np.array(tf.cast(x, tf.float32), np.float64) for x in [*tf.nest.flatten(outputs), *gradients]]


def assert_same(compiled, plain, dtype):
    assert len(compiled) == len(plain)
    for a, b in zip(compiled, plain):
        np.testing.assert_allclose(a, b, **TOLERANCE[dtype])


def keep_mask(random, *shape):
    return plain.DropoutMask(tf.constant(random.random(shape) < 0.7), 1.4)


@dtypes
@pytest.mark.parametrize("name", ACTIVATIONS)
def test_bias_activation(random, name, dtype):
    inputs = [2 * tensor(random, N, H, dtype=dtype), tensor(random, H)]
    upstream = tensor(random, N, H, dtype=dtype)
    assert_same(
        values_and_gradients(lambda x, bias: xla.bias_activation(x, bias, name), inputs, upstream),
        values_and_gradients(lambda x, bias: plain.bias_activation(x, tf.cast(bias, dtype), name), inputs, upstream),
        dtype,
    )


@dtypes
@pytest.mark.parametrize("with_dropout", [False, True])
def test_residual_norm(random, dtype, with_dropout):
    inputs = [tensor(random, N, H, dtype=dtype), tensor(random, N, H, dtype=dtype), *(tensor(random, H) for _ in range(3))]
    upstream = [tensor(random, N, H, dtype=dtype) for _ in range(2)]
    dropped = keep_mask(random, N, H) if with_dropout else None

    def uncompiled(residual, x, bias, gamma, beta):
        return plain.residual_norm(residual, x, tf.cast(bias, dtype), gamma, beta, 1e-12, dropped)

    assert_same(
        values_and_gradients(lambda *values: xla.residual_norm(*values, 1e-12, dropped), inputs, upstream),
        values_and_gradients(uncompiled, inputs, upstream),
        dtype,
    )


@dtypes
def test_split_heads(random, dtype):
    inputs = [tensor(random, B * T, 3 * HEADS * SIZE, dtype=dtype), tensor(random, 3 * HEADS * SIZE)]
    upstream = [tensor(random, B, HEADS, T, SIZE, dtype=dtype) for _ in range(3)]
    assert_same(
        values_and_gradients(lambda qkv, bias: xla.split_heads(qkv, bias, B, HEADS), inputs, upstream),
        values_and_gradients(lambda qkv, bias: plain.split_heads(qkv, tf.cast(bias, dtype), B, HEADS), inputs, upstream),
        dtype,
    )


@dtypes
@pytest.mark.parametrize("with_dropout", [False, True])
@pytest.mark.parametrize("with_mask", [False, True])
def test_attention_probabilities(random, dtype, with_dropout, with_mask):
    mask_bias = tf.where(tf.sequence_mask([T, 1, 3, 5, 2], T), 0.0, -10000.0)[:, None, None, :] if with_mask else None
    dropped = keep_mask(random, B, HEADS, T, T) if with_dropout else None
    inputs, upstream = [9 * tensor(random, B, HEADS, T, T, dtype=dtype)], tensor(random, B, HEADS, T, T, dtype=dtype)
    assert_same(
        values_and_gradients(lambda scores: xla.attention_probabilities(scores, 0.3, mask_bias, dropped), inputs, upstream),
        values_and_gradients(lambda scores: plain.attention_probabilities(scores, 0.3, mask_bias, dropped), inputs, upstream),
        dtype,
    )


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_gradient_of_an_activation_is_its_slope(random, name):
    """Central differences of the plain operation: nothing of the compiled one's gradient is in them."""
    x, bias, h = tensor(random, N, H), tensor(random, H), 1e-2
    slope = (plain.bias_activation(x + h, bias, name) - plain.bias_activation(x - h, bias, name)) / (2 * h)
    # The relu's slope is not defined where x + bias is 0: there the difference quotient means nothing.
    smooth = np.abs((x + bias).numpy()) > 2 * h
    _, dx, _ = values_and_gradients(lambda x, bias: xla.bias_activation(x, bias, name), [x, bias], tf.ones([N, H]))
    # The quotient's own error is h² / 6 times the third derivative, below 1e-4 here, and float32 noise of 1e-7 / h.
    np.testing.assert_allclose(dx[smooth], slope.numpy()[smooth], rtol=0, atol=2e-4)


def test_column_sums_add_up_in_float32(random):
    x = tf.cast(tf.constant(1.0 + random.random((4099, 13))), tf.bfloat16)
    expected = np.array(tf.cast(x, tf.float32), np.float64).sum(0)
    # Added in bfloat16 the sum would stop growing at 512: it is rounded once instead, at the end.
    np.testing.assert_allclose(xla.column_sums(x), expected, rtol=2**-8)


def test_gradients_of_a_shared_weight_add_up_in_float32(random):
    weight = tensor(random, 19, 29)
    upstream = [tensor(random, 19, 29, dtype=tf.bfloat16) for _ in range(24)]
    with tf.GradientTape() as tape:
        tape.watch(weight)
        uses = xla.shared(weight, tf.bfloat16, 24)
    assert [use.dtype for use in uses] == [tf.bfloat16] * 24
    gradient = tape.gradient(uses, weight, upstream)
    expected = np.sum([np.array(tf.cast(g, tf.float32), np.float64) for g in upstream], axis=0)
    assert gradient.dtype == tf.float32
    np.testing.assert_allclose(gradient, expected, rtol=0, atol=ATOL)
    assert np.abs(np.array(tf.cast(tf.add_n(upstream), tf.float32)) - expected).max() > 100 * ATOL


@pytest.mark.parametrize("rate", [0.1, 0.5])
def test_dropout_mask_is_a_function_of_seed_and_site(rate):
    shape = tf.constant([101, 103])
    keep, scale = plain.dropout_mask(shape, rate, [3, 5], 7)
    # 10,403 values: a standard deviation below 0.005, so 0.02 is four of them.
    assert abs(keep.numpy().mean() - (1 - rate)) < 0.02
    assert abs(scale * (1 - rate) - 1) < 1e-4
    np.testing.assert_array_equal(keep, plain.dropout_mask(shape, rate, [3, 5], 7).keep)
    for seed, mask_id in (([3, 5], 8), ([3, 6], 7), ([4, 5], 7)):
        # Independent masks agree in rate² + (1 - rate)² of the places.
        agree = (keep.numpy() == plain.dropout_mask(shape, rate, seed, mask_id).keep.numpy()).mean()
        assert abs(agree - rate**2 - (1 - rate) ** 2) < 0.02
    # Neighbours come from one random word, each from its own half of the bits.
    flat = keep.numpy().ravel()
    assert abs((flat[:-1:2] == flat[1::2]).mean() - rate**2 - (1 - rate) ** 2) < 0.03


def test_no_dropout_mask_without_seed_or_rate():
    assert plain.dropout_mask([2, 3], 0.5, None, 1) is None
    assert plain.dropout_mask([2, 3], 0.0, [1, 2], 1) is None


CONFIG = AlbertConfig(
    vocab_size=41,
    embedding_size=8,
    hidden_size=12,
    num_hidden_layers=5,
    num_attention_heads=3,
    intermediate_size=19,
    max_position_embeddings=29,
    hidden_dropout_prob=0.2,
    attention_probs_dropout_prob=0.1,
)
CONFIGS = {
    "shared": CONFIG,
    "two groups": CONFIG.replace(num_hidden_groups=2),
    "pre-LN": CONFIG.replace(embedding_projection="before_sum", ln_type="preln"),
    "bert, erf": CONFIG.replace(embedding_size=12, embedding_projection="none", num_hidden_groups=5, hidden_act="gelu_erf"),
}
all_configs = pytest.mark.parametrize("config", CONFIGS.values(), ids=CONFIGS.keys())


def make_encoder(config, random):
    encoder = AlbertEncoder(config, clusters=True)
    for variable in encoder.trainable_variables:
        variable.assign(variable + 0.3 * tensor(random, *variable.shape))
    return encoder


def make_batch(random, batch=B, length=13):
    return {
        "input_word_ids": tf.constant(random.integers(1, 41, (batch, length)), tf.int32),
        "input_mask": tf.sequence_mask(random.integers(1, length + 1, batch), length, tf.int32),
    }


def encoder_gradients(encoder, inputs, seed=(3, 5)):
    """Sequence output and the gradients of all weights that it depends on."""
    with tf.GradientTape() as tape:
        output = encoder(inputs, training=True, seed=tf.constant(seed))["sequence_output"]
        loss = tf.reduce_sum(tf.sin(output))
    variables = [v for name, v in encoder.weight_map().items() if not name.startswith("pooler")]
    return [output, *(tf.convert_to_tensor(g) for g in tape.gradient(loss, variables))]


@all_configs
def test_encoder_trains_the_same_with_and_without_clusters(config, random):
    encoder, inputs = make_encoder(config, random), make_batch(random)
    compiled = encoder_gradients(encoder, inputs)
    encoder.clusters = False
    plain = encoder_gradients(encoder, inputs)
    for a, b in zip(compiled, plain):
        # Gradients of a sum over 65 tokens: relative to the largest.
        np.testing.assert_allclose(a, b, rtol=0, atol=ATOL * max(1.0, np.abs(b).max()))


@all_configs
@pytest.mark.parametrize("graph", [False, True])
def test_recomputation_changes_nothing(config, graph, random):
    """Identical up to the order of float32 sums, dropout masks included."""
    encoder, inputs = make_encoder(config, random), make_batch(random)
    run = tf.function(encoder_gradients) if graph else encoder_gradients
    kept = run(encoder, inputs)
    encoder.recompute_grad = True
    run = tf.function(encoder_gradients) if graph else encoder_gradients
    names = ["output", *(name for name in encoder.weight_map() if not name.startswith("pooler"))]
    for name, a, b in zip(names, run(encoder, inputs), kept):
        # The key's bias has a gradient of 0, of which rounding remains.
        if not name.endswith("attention/key/bias"):
            np.testing.assert_allclose(a, b, rtol=0, atol=1e-6 * max(1.0, np.abs(b).max()), err_msg=name)


def graph_of(function, *signature):
    """All operations of a traced function, those of the functions it calls included."""
    graph = tf.function(function).get_concrete_function(*signature).graph.as_graph_def()
    return [*graph.node, *(node for f in graph.library.function for node in f.node_def)], graph.library.function


SIGNATURE = {name: tf.TensorSpec([None, None], tf.int32) for name in ("input_word_ids", "input_mask")}


def compiled_functions(functions):
    return [f.signature.name for f in functions if f.attr["_XlaMustCompile"].b]


def test_only_training_is_compiled(random):
    encoder = make_encoder(CONFIG, random)
    _, functions = graph_of(lambda inputs: encoder(inputs, training=False)["sequence_output"], SIGNATURE)
    assert compiled_functions(functions) == []
    _, functions = graph_of(lambda inputs: encoder_gradients(encoder, inputs), SIGNATURE)
    assert compiled_functions(functions)


def test_inference_can_be_fused(random):
    """MatMul and BiasAdd follow one another with nothing between: what TensorFlow fuses into one operation."""
    encoder = make_encoder(CONFIG, random)
    nodes, _ = graph_of(lambda inputs: encoder(inputs, training=False)["sequence_output"], SIGNATURE)
    by_name = {node.name: node for node in nodes}
    before = [by_name[node.input[0].split(":")[0]].op for node in nodes if node.op == "BiasAdd"]
    # Four products for each layer, the embeddings' projection, and the pooler.
    assert before == (4 * CONFIG.num_hidden_layers + 2) * ["MatMul"]
    # The weights are read and put together once, not once for each layer that shares them.
    assert sum(node.op == "ConcatV2" for node in nodes) == 2


def test_narrow_encoders_are_not_compiled():
    assert not AlbertEncoder(CONFIG).clusters
    assert AlbertEncoder(CONFIG.replace(hidden_size=129)).clusters


def test_one_trace_for_all_shapes(random):
    encoder = make_encoder(CONFIG, random)
    step = tf.function(lambda inputs: encoder_gradients(encoder, inputs), input_signature=[SIGNATURE])
    step(make_batch(random))
    counts = [f.experimental_get_tracing_count() for f in xla._compiled.values()]
    for batch, length in ((2, 3), (3, 29), (7, 11), (1, 1)):
        step(make_batch(random, batch, length))
    assert step.experimental_get_tracing_count() == 1
    assert [f.experimental_get_tracing_count() for f in xla._compiled.values()] == counts
