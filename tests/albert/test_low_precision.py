"""Gradients in bfloat16 and float16 over thousands of rows: what is added up over rows and layers is added up in float32. And logits."""

import numpy as np
import pytest
import tensorflow as tf

from albert.arithmetic import plain, xla
from albert.config import AlbertConfig
from albert.keras import keras
from albert.layers import Dense
from albert.pretraining_model import AlbertForPretraining
from tests.albert.low_precision import sums_in_16_bits

# Layers enough that gradients of shared weights are a sum, too.
CONFIG = AlbertConfig(
    vocab_size=41,
    embedding_size=7,
    hidden_size=18,
    num_hidden_layers=5,
    num_attention_heads=3,
    intermediate_size=29,
    max_position_embeddings=37,
    hidden_dropout_prob=0.1,
    attention_probs_dropout_prob=0.1,
)
CONFIGS = {
    "google albert": CONFIG,
    "pre-LN": CONFIG.replace(embedding_projection="before_sum", ln_type="preln"),
    "brightmart": CONFIG.replace(embedding_projection="before_sum", num_hidden_groups=2),
    "bert": CONFIG.replace(embedding_size=18, embedding_projection="none", num_hidden_groups=5, hidden_act="gelu_erf"),
}
WAYS = {
    "clusters": {"clusters": True},
    "plain": {"clusters": False},
    "clusters, recomputed": {"clusters": True, "recompute_grad": True},
    "plain, recomputed": {"clusters": False, "recompute_grad": True},
    "clusters, packed": {"clusters": True, "remove_padding": True},
    "plain, packed": {"clusters": False, "remove_padding": True},
}
LENGTH = 32
# In bfloat16 forward and backward pass round some hundred times by 2⁻⁹; sums that stop growing were wrong by 0.3 to 0.8.
TOLERANCE = {"bfloat16": 0.15, "float16": 0.02}
UNIT = {"bfloat16": 2.0**-8, "float16": 2.0**-11}

dtypes = pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
many_rows = pytest.mark.parametrize("rows", [4096, pytest.param(16384, marks=pytest.mark.slow)])


@pytest.fixture(autouse=True)
def _float32_afterwards():
    yield
    keras.mixed_precision.set_global_policy("float32")


def tensor(rows, columns, dtype, seed=3):
    """Values around 1: a sum of them in bfloat16 stops growing at 256."""
    random = np.random.default_rng(seed)
    return tf.cast(tf.constant(1.0 + random.random((rows, columns)), tf.float32), dtype)


def bias_gradient(function, x, bias, upstream):
    """(gradient of the bias, the column sums in float64 of what comes to the rows)."""
    with tf.GradientTape() as tape:
        tape.watch([x, bias])
        y = function(x, bias)
    dx, dbias = tape.gradient(y, [x, bias], upstream)
    assert dbias.dtype == tf.float32
    return dbias.numpy(), np.array(tf.cast(dx, tf.float32), np.float64).sum(axis=0)


def functions(arithmetic, rows, dtype):
    """Everything with a bias: dict from name to (function of x and bias, gradient of what it returns)."""
    heads = [tf.ones([rows // LENGTH, 3, LENGTH, 2], dtype)] * 3
    residual, gamma, beta = tf.ones([rows, 18], dtype), tf.linspace(0.5, 1.5, 18), tf.ones([18])
    ones = tf.ones([rows, 18], dtype)
    found = {
        "bias_activation": (lambda x, b: arithmetic.bias_activation(x, b, "gelu"), ones),
        "linear": (lambda x, b: arithmetic.bias_activation(x, b, "linear"), ones),
        "split_heads": (lambda x, b: arithmetic.split_heads(x, b, rows // LENGTH, 3), heads),
        # Not ones: through a norm nothing comes of the same gradient everywhere.
        "residual_norm": (lambda x, b: arithmetic.residual_norm(residual, x, b, gamma, beta, 1e-12)[0], ones * tf.cast(gamma, dtype)),
    }
    if arithmetic is plain:
        found["bias_add"] = (plain.bias_add, ones)
        found["residual_sum"] = (lambda x, b: plain.residual_sum(residual, x, b), ones)
    return found


@dtypes
@many_rows
@pytest.mark.parametrize("arithmetic", [plain, xla], ids=["plain", "xla"])
def test_bias_gradients_are_sums_over_all_rows(arithmetic, rows, dtype):
    x, bias = tensor(rows, 18, dtype), tf.linspace(-0.1, 0.1, 18)
    for name, (function, upstream) in functions(arithmetic, rows, dtype).items():
        got, expected = bias_gradient(function, x, bias, upstream)
        # The sum is rounded once at most, at its end.
        np.testing.assert_allclose(got, expected, rtol=UNIT[dtype], atol=UNIT[dtype] * np.abs(expected).max(), err_msg=name)


@dtypes
@many_rows
def test_column_sums(rows, dtype):
    x = tensor(rows, 13, dtype)
    expected = np.array(tf.cast(x, tf.float32), np.float64).sum(axis=0)
    np.testing.assert_allclose(plain.column_sums(x), expected, rtol=UNIT[dtype])


@dtypes
@many_rows
@pytest.mark.parametrize("training", [False, True])
def test_a_dense_layer_by_itself(rows, dtype, training):
    """Gradients of kernel, bias and input against float64, whatever the layer is told about training."""
    keras.mixed_precision.set_global_policy(f"mixed_{dtype}")
    layer, x, upstream = Dense(13, 11, 0.02), tensor(rows, 13, dtype), tensor(rows, 11, dtype, seed=5)
    with tf.GradientTape() as tape:
        y = layer(x, training=training) if training else layer(x)
    assert y.dtype == dtype
    dkernel, dbias = tape.gradient(y, [layer.kernel, layer.bias], upstream)
    x, upstream = (np.array(tf.cast(value, tf.float32), np.float64) for value in (x, upstream))
    np.testing.assert_allclose(dbias, upstream.sum(axis=0), rtol=UNIT[dtype])
    # A CPU's own products in float16 add up parts of the rows in it.
    np.testing.assert_allclose(dkernel, x.T @ upstream, rtol=UNIT[dtype] if dtype == "bfloat16" else 8 * UNIT[dtype])


@pytest.mark.parametrize("arithmetic", [plain, xla], ids=["plain", "xla"])
def test_gradients_of_uses_add_up_in_float32(arithmetic):
    """A weight that 24 layers share, each with a gradient of 1 but for one with 512: in bfloat16 the ones would be lost."""
    weight = tf.ones([3, 5])
    with tf.GradientTape() as tape:
        tape.watch(weight)
        uses = arithmetic.shared(weight, tf.bfloat16, 24)
    upstream = [tf.fill([3, 5], tf.constant(512 if i == 0 else 1, tf.bfloat16)) for i in range(24)]
    np.testing.assert_array_equal(tape.gradient(uses, weight, upstream), np.full([3, 5], 535.0))


@dtypes
def test_logits_are_not_rounded(dtype):
    """Against the same products in float64, of the states that the heads see: float32 noise only, where rounding is up to 0.06."""
    model = make_model(CONFIG, f"mixed_{dtype}")
    head, words = model.masked_lm, model.encoder.embeddings.word
    words.assign(11.0 * words)
    seen = {}
    head.norm.call = lambda x, call=head.norm.call: seen.setdefault("x", call(x))
    outputs = model(make_batch(64, False))
    assert outputs["masked_lm_logits"].dtype == outputs["sentence_order_logits"].dtype == tf.float32
    x, pooled = (np.array(tf.cast(value, tf.float32), np.float64) for value in (seen["x"], outputs["pooled_output"]))
    masked_lm = x @ np.float64(words).T + np.float64(head.bias)
    order = pooled @ np.float64(model.sentence_order.kernel) + np.float64(model.sentence_order.bias)
    assert np.abs(masked_lm).max() > 16
    np.testing.assert_allclose(np.reshape(outputs["masked_lm_logits"], masked_lm.shape), masked_lm, atol=1e-4, rtol=1e-6)
    np.testing.assert_allclose(outputs["sentence_order_logits"], order, atol=1e-5)


def make_model(config, policy, clusters=True, **options):
    keras.mixed_precision.set_global_policy(policy)
    keras.utils.set_random_seed(5)
    model = AlbertForPretraining(config)
    for name, value in {"clusters": clusters, **options}.items():
        setattr(model.encoder, name, value)
    random = np.random.default_rng(5)
    for variable in model.weight_map().values():
        variable.assign(variable.numpy() + 0.2 * random.normal(size=variable.shape))
    return model


def make_batch(rows, padded):
    random = np.random.default_rng(3)
    batch = rows // LENGTH
    inputs = {
        "input_word_ids": random.integers(1, 41, (batch, LENGTH)),
        "masked_lm_positions": np.stack([random.permutation(8)[:5] for _ in range(batch)]),
    }
    if padded:
        inputs["input_mask"] = np.arange(LENGTH) < random.integers(8, LENGTH + 1, (batch, 1))
    return {name: tf.constant(value, tf.int32) for name, value in inputs.items()}


def gradients(model, inputs, variables, training=True):
    """Gradients of the masked-LM and sentence order losses and of the states themselves, times 64 as float16 needs it."""
    positions = inputs["masked_lm_positions"]
    with tf.GradientTape() as tape:
        outputs = model(inputs, training=training, seed=tf.constant([3, 5]))
        logits = outputs["masked_lm_logits"], outputs["sentence_order_logits"]
        labels = tf.ones_like(positions), tf.ones_like(positions[:, 0])
        loss = sum(tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(*pair)) for pair in zip(labels, logits))
        states = tf.sin(tf.cast(outputs["sequence_output"], tf.float32)) * tf.linspace(0.0, 1.0, 18)
        loss = 64.0 * (loss + tf.reduce_mean(tf.reduce_sum(states, axis=-1)))
    return [tf.convert_to_tensor(gradient) for gradient in tape.gradient(loss, variables)]


def assert_exact(config, way, rows, padded, dtype):
    """Each weight's gradient, as a vector, against that in float32."""
    inputs, results = make_batch(rows, padded), []
    for policy in ("float32", f"mixed_{dtype}"):
        model = make_model(config, policy, **way)
        # Of the key's bias nothing but rounding comes: the softmax does not see it.
        weights = {name: v for name, v in model.weight_map().items() if not name.endswith("attention/key/bias")}
        run = tf.function(lambda batch, m=model, w=weights: gradients(m, batch, list(w.values())), autograph=False)
        results.append([gradient.numpy() for gradient in run(inputs)])
    errors = {name: np.linalg.norm(a - b) / np.linalg.norm(a) for name, a, b in zip(weights, *results)}
    worst = max(errors, key=errors.get)
    assert errors[worst] < TOLERANCE[dtype], (worst, errors[worst])


@pytest.mark.parametrize(
    ("config", "way", "rows", "padded", "dtype"),
    [
        ("google albert", "clusters", 4096, False, "bfloat16"),
        ("google albert", "plain, packed", 4096, True, "bfloat16"),
        ("google albert", "plain", 4096, False, "float16"),
        ("pre-LN", "clusters, packed", 4096, True, "bfloat16"),
        ("bert", "plain, recomputed", 4096, True, "bfloat16"),
        *(
            pytest.param(config, way, rows, padded, dtype, marks=pytest.mark.slow)
            for config in CONFIGS
            for way in WAYS
            for rows in (4096, 16384)
            for padded in (False, True)
            for dtype in ("bfloat16", "float16")
        ),
    ],
)
def test_gradients_are_exact_however_many_rows(config, way, rows, padded, dtype):
    assert_exact(CONFIGS[config], WAYS[way], rows, padded, dtype)


@pytest.mark.parametrize(
    ("config", "way", "dtype", "training"),
    [
        ("google albert", "clusters", "bfloat16", True),
        ("google albert", "plain", "float16", False),
        ("pre-LN", "clusters, recomputed", "float16", True),
        ("brightmart", "clusters, packed", "bfloat16", True),
        ("bert", "plain, packed", "bfloat16", True),
        *(
            pytest.param(config, way, dtype, training, marks=pytest.mark.slow)
            for config in CONFIGS
            for way in WAYS
            for dtype in ("bfloat16", "float16")
            for training in (True, False)
        ),
    ],
)
def test_no_sum_of_a_gradient_is_in_16_bits(config, way, dtype, training):
    config, way = CONFIGS[config], WAYS[way]
    model = make_model(config, f"mixed_{dtype}", **way)
    shapes = {"input_word_ids": [7, LENGTH], "input_mask": [7, LENGTH], "masked_lm_positions": [7, 5]}
    specs = {name: tf.TensorSpec(shape, tf.int32) for name, shape in shapes.items()}
    variables = list(model.weight_map().values())
    found = sums_in_16_bits(lambda inputs: gradients(model, inputs, variables, training), specs)
    if "remove_padding" in way:
        # The number of rows is not known then.
        found = [name for name in found if not name.startswith("Sum ")]
    assert found == []
