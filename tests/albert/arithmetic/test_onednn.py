"""Inference with given weights: the operations TensorFlow fuses, against the plain ones, and that it does fuse them."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import tensorflow as tf
from tensorflow.python.eager import context

from albert import AlbertEncoder
from albert.arithmetic import onednn, plain
from albert.arithmetic.processor import cpu_flags
from albert.keras import keras
from albert.layers import BlockWeights
from tests.albert.arithmetic.test_plain import (
    CONFIG,
    HEADS,
    SIGNATURE,
    B,
    T,
    all_configs,
    dtypes,
    encoder_gradients,
    make_batch,
    make_encoder,
    tensor,
)

fusing = pytest.mark.skipif(not onednn.available(), reason="TensorFlow fuses products and norms with oneDNN, in x86 builds")


@pytest.fixture(name="random")
def _random():
    return np.random.default_rng(7)


@dtypes
@pytest.mark.parametrize("rows", [0, 1, 37])
@pytest.mark.parametrize("graph", [False, True])
def test_layer_norm(random, dtype, rows, graph):
    width = 24
    # From next to no variance, where epsilon counts, to values far from 0.
    x = 10.0 ** random.uniform(-6, 2, (rows, 1)) * random.normal(size=(rows, width)) + random.uniform(-3, 3, (rows, 1))
    x[-1:] = 2.0
    x = tf.cast(tf.constant(x, tf.float32), dtype)
    gamma, beta = 1.0 + 0.3 * tensor(random, width), tensor(random, width)

    def norm(x):
        return onednn.layer_norm(x, gamma, beta, 1e-12)

    y = (tf.function(norm, input_signature=[tf.TensorSpec([None, width], dtype)]) if graph else norm)(x)
    assert y.dtype == dtype
    centred = np.array(tf.cast(x, tf.float32), np.float64)
    centred -= centred.mean(-1, keepdims=True)
    spread = np.sqrt((centred**2).mean(-1, keepdims=True) + 1e-12)
    expected = centred / spread * gamma.numpy() + beta.numpy()
    # Float32's mean of values near 3 is off by some 1e-7, of which a row without much variance makes more.
    error = np.abs(np.array(tf.cast(y, tf.float32)) - expected)
    assert np.all(error <= (1e-5 if dtype == tf.float32 else 2**-6) * (1 + np.abs(expected)) + 3e-6 / spread)


@dtypes
@pytest.mark.parametrize("with_mask", [False, True])
def test_attention_probabilities(random, dtype, with_mask):
    mask_bias = tf.where(tf.sequence_mask([T, 1, 3, 5, 2], T), 0.0, -10000.0)[:, None, None, :] if with_mask else None
    scores = 9 * tensor(random, B, HEADS, T, T, dtype=dtype)
    given, unfused = (module.attention_probabilities(scores, 0.3, mask_bias) for module in (onednn, plain))
    assert given.dtype == dtype
    given, unfused = (tf.cast(x, tf.float32).numpy() for x in (given, unfused))
    # Factor and logits are rounded to bfloat16, logits of 10 by 0.02: a quarter of that is the most it moves a probability, itself rounded.
    np.testing.assert_allclose(given, unfused, rtol=0, atol=1e-6 if dtype == tf.float32 else 2**-6)
    if with_mask:
        assert not np.any(given[1, :, :, 1:])


def optimized_nodes(function, *inputs):
    """The operations that TensorFlow runs for a ``tf.function``, after all its rewriting."""
    context.enable_run_metadata()
    try:
        # Once turned on, graphs are gathered even while it is off: those of functions called before go.
        context.export_run_metadata()
        function(*inputs)
        graphs = context.export_run_metadata().function_graphs
    finally:
        context.disable_run_metadata()
    return [node for graph in graphs for node in graph.post_optimization_graph.node]


def outputs(config, constant, policy, random, batch=B):
    """float32 [batch, T, H] of an encoder called with given weights, called plainly, and called plainly in float32."""
    exact = make_encoder(config, random)
    keras.mixed_precision.set_global_policy(policy)
    try:
        encoder = make_encoder(config, random)
    finally:
        keras.mixed_precision.set_global_policy("float32")
    encoder.set_weights(exact.get_weights())
    weights = encoder.weights_for_inference()
    if constant:
        weights = [block._make(value.numpy() for value in block) for block in weights]
    inputs = make_batch(random, batch)
    plain = encoder(inputs, training=False)["sequence_output"]
    given = tf.function(lambda inputs: encoder.sequence_output(inputs, weights), input_signature=[SIGNATURE])(inputs)
    assert given.dtype == plain.dtype == encoder.compute_dtype
    exact = exact(inputs, training=False)["sequence_output"]
    return [tf.cast(x, tf.float32).numpy() for x in (given, plain, exact)]


constant_or_not = pytest.mark.parametrize("constant", [False, True])


@all_configs
@constant_or_not
def test_given_weights_compute_the_same(config, constant, random):
    given, _, exact = outputs(config, constant, "float32", random)
    np.testing.assert_allclose(given, exact, rtol=0, atol=1e-5 * np.abs(exact).max())


@all_configs
@constant_or_not
def test_a_layer_with_given_weights_computes_the_same_in_bfloat16(config, constant, random):
    config = config.replace(num_hidden_layers=1, num_hidden_groups=1)
    given, plain, _ = outputs(config, constant, "mixed_bfloat16", random)
    # Eight bits: values differ by a few of bfloat16's steps as operations are fused differently; a mistake would change them all.
    np.testing.assert_allclose(given, plain, rtol=0, atol=2**-5 * np.abs(plain).max())


@all_configs
@constant_or_not
def test_given_weights_are_as_exact_in_bfloat16(config, constant, random):
    """About as far from float32 as a plain call.

    Not value by value: the norm of a row that happens to vary little makes more of a rounding, five layers of norms much more.
    """
    given, plain, exact = outputs(config, constant, "mixed_bfloat16", random, batch=100)
    errors, usual = np.abs(given - exact), np.abs(plain - exact)
    assert errors.mean() < 2 * usual.mean()
    assert np.quantile(errors, 0.99) < 2 * np.quantile(usual, 0.99)
    assert errors.max() < 3 * usual.max()


def assert_fused(nodes, layers, others):
    """Each product is one operation with its bias, and the feed-forward's first with its gelu too."""
    fusions = [tuple(node.attr["fused_ops"].list.s) for node in nodes if "FusedMatMul" in node.op]
    # TensorFlow takes gelu in on processors with AVX-512 only.
    with_gelu = layers if "avx512f" in cpu_flags() else 0
    assert fusions.count((b"BiasAdd", b"GeluApproximate")) == with_gelu
    # Some have the residual as well.
    assert fusions.count((b"BiasAdd",)) + fusions.count((b"BiasAdd", b"Add")) == 4 * layers - with_gelu + others
    assert not [node.name for node in nodes if node.op in ("BiasAdd", "MatMul", "_MklMatMul")]


@fusing
def test_inference_is_fused(random):
    encoder = make_encoder(CONFIG, random)
    function = tf.function(lambda inputs: encoder(inputs, training=False)["sequence_output"], input_signature=[SIGNATURE])
    assert_fused(optimized_nodes(function, make_batch(random)), CONFIG.num_hidden_layers, others=1)


@fusing
def test_given_weights_are_fused(random):
    """Layers that share a block call one function, which is optimised on its own."""
    encoder = make_encoder(CONFIG, random)
    weights = [block._make(value.numpy() for value in block) for block in encoder.weights_for_inference()]
    function = tf.function(lambda inputs: encoder.sequence_output(inputs, weights), input_signature=[SIGNATURE])
    nodes = optimized_nodes(function, make_batch(random))
    assert_fused(nodes, layers=0, others=1)
    called = [node.attr["f"].func.name for node in nodes if "PartitionedCall" in node.op]
    assert len(called) == CONFIG.num_hidden_layers
    assert len(set(called)) == CONFIG.num_hidden_groups


@fusing
def test_a_layer_with_given_weights_is_fused(random):
    """Operations in the function above."""
    encoder = make_encoder(CONFIG, random)
    block, weights = encoder.blocks[0], encoder.weights_for_inference()[0]

    @tf.function(
        input_signature=[tf.TensorSpec([None, CONFIG.hidden_size]), tf.TensorSpec([None, 1, 1, None]), tf.TensorSpec([], tf.int32)]
    )
    def layer(rows, mask_bias, batch):
        return encoder._layer(block, weights._make(tf.constant(value.numpy()) for value in weights))(rows, mask_bias, batch)

    nodes = optimized_nodes(layer, tensor(random, B * T, CONFIG.hidden_size), tf.zeros([B, 1, 1, T]), tf.constant(B))
    assert_fused(nodes, layers=1, others=0)
    operations = [node.op for node in nodes]
    assert operations.count("_MklLayerNorm") == 2
    # Attention's scores with their factor and mask.
    assert operations.count("_MklFusedBatchMatMulV2") == 1
    assert not {"FusedBatchNormV3", "Mean", "Cast"} & set(operations)


@fusing
def test_attention_is_fused_in_training(random, capfd):
    """Factor and mask are part of the product of query and key, and the softmax is oneDNN's: of known rank, or TensorFlow complains."""
    encoder = make_encoder(CONFIG, random)
    step = tf.function(lambda inputs: encoder_gradients(encoder, inputs), input_signature=[SIGNATURE])
    ops_run = [node.op for node in optimized_nodes(step, make_batch(random))]
    assert ops_run.count("_MklFusedBatchMatMulV2") == CONFIG.num_hidden_layers
    assert ops_run.count("Softmax") + ops_run.count("_MklSoftmax") == CONFIG.num_hidden_layers
    assert "PredictCost" not in capfd.readouterr().err


@fusing
@all_configs
@pytest.mark.parametrize("trained", [False, True])
def test_no_norm_is_left_to_batch_normalisation(config, trained, random):
    """Not safe to run in two threads. Norms that were never trained have constants that TensorFlow optimises away."""
    encoder = make_encoder(config, random) if trained else AlbertEncoder(config)
    block = encoder.blocks[0]
    assert block.has_trivial_norms() == (not trained)
    weights = [value.numpy() for value in encoder.weights_for_inference()[0]]
    shapes = tf.TensorSpec([None, 12]), tf.TensorSpec([None, 1, 1, None]), tf.TensorSpec([], tf.int32)

    @tf.function(input_signature=shapes)
    def layer(rows, mask_bias, batch):
        return encoder._layer(block, BlockWeights(*map(tf.constant, weights)))(rows, mask_bias, batch)

    operations = [node.op for node in optimized_nodes(layer, tensor(random, 26, 12), tf.zeros([2, 1, 1, 13]), 2)]
    assert "FusedBatchNormV3" not in operations
    assert operations.count("_MklLayerNorm") == (2 if trained else 0)


def test_what_rounds_to_one_is_optimised_away_too():
    for policy, trivial in (("float32", False), ("mixed_bfloat16", True)):
        keras.mixed_precision.set_global_policy(policy)
        try:
            block = AlbertEncoder(CONFIG).blocks[0]
        finally:
            keras.mixed_precision.set_global_policy("float32")
        for norm in (block.attention_norm, block.output_norm):
            norm.gamma.assign(tf.fill([12], 1.001))
            norm.beta.assign(tf.fill([12], 0.1))
        assert block.has_trivial_norms() == trivial


@pytest.mark.parametrize("trained", [False, True])
def test_threads_share_given_weights(trained, random):
    """Two threads, batches of many shapes: what is not safe ends the process, or gives one thread the other's numbers."""
    encoder = make_encoder(CONFIG, random) if trained else AlbertEncoder(CONFIG)
    weights = [block._make(value.numpy() for value in block) for block in encoder.weights_for_inference()]
    function = tf.function(lambda inputs: encoder.sequence_output(inputs, weights), input_signature=[SIGNATURE])
    batches = [make_batch(random, batch, length) for batch in (1, 40, 90) for length in (2, 13, 29)]
    expected = [function(batch).numpy() for batch in batches]

    def run(number):
        for i in range(100):
            chosen = (i * (number + 2)) % len(batches)
            np.testing.assert_allclose(function(batches[chosen]), expected[chosen], rtol=0, atol=1e-5)

    with ThreadPoolExecutor(2) as threads:
        list(threads.map(run, range(2)))
