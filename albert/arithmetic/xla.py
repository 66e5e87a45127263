"""The encoder's element-wise parts for training: each a small XLA cluster with a gradient of its own.

Between two matrix products there are a dozen element-wise operations. Each alone reads and writes the whole activations, in
bfloat16 at a fraction of the memory's speed; compiled together they read and write once. Matrix products stay outside: XLA's own are
slower on a CPU than oneDNN's. Column sums (gradients of biases and norms) stay outside as well: as a product with a row of ones they are
a fast matrix product that adds up in float32, while XLA on a CPU walks down the columns.

For training only: inference has no gradient to keep activations for, so TensorFlow fuses the plain operations of
``albert.arithmetic.plain`` into the matrix products, and an exported graph must not hold XLA. Everything here equals those plain
operations; inside, all is float32.

XLA compiles once for each shape it meets: batches should come in few.

Shapes: N rows (batch times tokens, or what ``albert.arithmetic.packing`` leaves of them), B batch, T tokens, H features, n heads,
d width of a head.
"""

import atexit
import functools

import tensorflow as tf

from albert.arithmetic import onednn, plain
from albert.arithmetic.devices import on_accelerator
from albert.arithmetic.onednn import join_heads  # noqa: F401 - nothing but two orders of vectors
from albert.arithmetic.plain import (
    column_sums,
    layer_norm,  # noqa: F401 - before attention and feed-forward (pre-LN) it is left to TensorFlow
)
from albert.quiet import quiet_stderr

# From plain function to compiled one. Emptied before the interpreter takes TensorFlow apart, which complains of functions that outlive it.
_compiled = {}
atexit.register(_compiled.clear)


def cluster(function):
    """The function compiled by XLA when it is first called."""

    @functools.wraps(function)
    def run(*args):
        if function not in _compiled:
            _compiled[function] = tf.function(function, jit_compile=True, reduce_retracing=True, autograph=False)
        return _compiled[function](*args)

    return run


@functools.cache
def available():
    """True if this TensorFlow can compile for the device it would place an operation on; its builds for some systems cannot."""
    # The first compilation, at which XLA says that it is there.
    with tf.init_scope(), quiet_stderr():
        try:
            cluster(tf.square)(tf.constant(3.0))
        except (tf.errors.OpError, ValueError):
            return False
    return True


_float32_sum = cluster(plain.float32_sum)


def shared(weight, dtype, uses):
    """As ``plain.shared``, with the gradients' sum compiled."""
    return plain.fan_out(weight, dtype, uses, tf.add_n if dtype == tf.float32 else _float32_sum)


def bias_activation(x, bias, name):
    """activation(x + bias).

    Args:
      x: float [N, H].
      bias: float32 [H].
      name: a config's ``hidden_act``.

    Returns:
      Tensor of x's shape and dtype.
    """
    forward, backward = _bias_activation(name)

    @tf.custom_gradient
    def run(x, bias):
        def gradient(dy):
            dx = backward(x, bias, dy)
            return dx, column_sums(dx)

        return forward(x, bias), gradient

    return run(x, bias)


@functools.cache
def _bias_activation(name):
    activation = plain.short_gelu if name == "gelu" else plain.activation(name)

    @cluster
    def forward(x, bias):
        return tf.cast(activation(tf.cast(x, tf.float32) + bias), x.dtype)

    @cluster
    def backward(x, bias, dy):
        total = tf.cast(x, tf.float32) + bias
        with tf.GradientTape() as tape:
            tape.watch(total)
            y = activation(total)
        return tf.cast(tape.gradient(y, total, tf.cast(dy, tf.float32)), x.dtype)

    return forward, backward


def residual_norm(residual, x, bias, gamma, beta, epsilon, dropped=None):
    """Layer norm of residual + dropout(x + bias).

    Args:
      residual, x: float [N, H].
      bias, gamma, beta: float32 [H].
      epsilon: of the layer norm.
      dropped: ``ops.DropoutMask`` for [N, H], or None for no dropout.

    Returns:
      The same tensor of x's shape and dtype twice, for two uses, whose gradients are added up inside.
    """
    keep, scale = _mask_arguments(dropped)

    @tf.custom_gradient
    def run(residual, x, bias, gamma, beta):
        y, mean, inverse = _residual_norm(residual, x, bias, gamma, beta, keep, epsilon, scale)

        def gradient(*dy):
            d, dy_normalized, dy = _residual_norm_gradient(residual, x, bias, gamma, dy, mean, inverse, keep, scale)
            dx = _dropped(d, keep, scale) if keep else d
            return d, dx, column_sums(dx), column_sums(dy_normalized), column_sums(dy)

        return (y, tf.identity(y)), gradient

    return run(residual, x, bias, gamma, beta)


@cluster
def _residual_norm(residual, x, bias, gamma, beta, keep, epsilon, scale):
    y = _residual_sum(residual, x, bias, keep, scale)
    mean = tf.reduce_mean(y, axis=-1, keepdims=True)
    inverse = tf.math.rsqrt(tf.reduce_mean(tf.square(y - mean), axis=-1, keepdims=True) + epsilon)
    return tf.cast((y - mean) * (inverse * gamma) + beta, x.dtype), mean, inverse


@cluster
def _residual_norm_gradient(residual, x, bias, gamma, dy, mean, inverse, keep, scale):
    # The sum is computed once more: cheaper than keeping it in float32 until here.
    normalized = (_residual_sum(residual, x, bias, keep, scale) - mean) * inverse
    dy = tf.add_n([tf.cast(one_use, tf.float32) for one_use in dy])
    d_normalized = dy * gamma
    along = tf.reduce_mean(d_normalized * normalized, axis=-1, keepdims=True)
    d = (d_normalized - tf.reduce_mean(d_normalized, axis=-1, keepdims=True) - normalized * along) * inverse
    return tf.cast(d, x.dtype), tf.cast(dy * normalized, x.dtype), tf.cast(dy, x.dtype)


def _residual_sum(residual, x, bias, keep, scale):
    return tf.cast(residual, tf.float32) + _drop(tf.cast(x, tf.float32) + bias, keep, scale)


def _mask_arguments(dropped):
    """A ``DropoutMask`` or None as (list with the mask or without, scale), which a cluster can take."""
    return ([], 1.0) if dropped is None else ([dropped.keep], dropped.scale)


def _drop(x, keep, scale):
    return tf.where(keep[0], x * scale, 0.0) if keep else x


@cluster
def _dropped(x, keep, scale):
    return tf.cast(_drop(tf.cast(x, tf.float32), keep, scale), x.dtype)


def split_heads(qkv, bias, batch, heads, packing=None):
    """Query, key and value of every head, with their bias.

    Args:
      qkv: float [N, 3nd], the product with the three kernels side by side.
      bias: float32 [3nd].
      batch: int32 scalar, B.
      heads: Python int, n.
      packing: the ``Packing`` of the N rows, with its heads' places, or None where N is B times T.

    Returns:
      Three tensors [B, n, T, d] of qkv's dtype.
    """
    width = bias.shape[0]
    size = width // (3 * heads)

    @tf.custom_gradient
    def run(qkv, bias):
        def gradient(*gradients):
            d = tf.reshape(_split_heads_gradient(*gradients), [-1, width])
            return d, column_sums(d)

        parts = _split_heads(tf.reshape(qkv, [batch, -1, 3, heads, size]), bias)
        # Taken apart outside: parts of the first axis share the whole's memory. TensorFlow does not know the shape of a cluster's result.
        return tf.unstack(tf.ensure_shape(parts, [3, None, heads, None, size])), gradient

    @tf.custom_gradient
    def run_packed(qkv, bias):
        def gradient(*gradients):
            d = packing.heads.join_parts(gradients)
            return d, column_sums(d)

        parts, bias = packing.heads.split_rows(qkv), tf.reshape(bias, [3, 1, heads, 1, size])
        # Next to the product the bias would become part of it, for which oneDNN puts the weights in another order each time.
        parts = parts + bias if parts.dtype == tf.float32 else _biased(parts, bias)
        return tf.unstack(tf.ensure_shape(parts, [3, None, heads, None, size])), gradient

    return run(qkv, bias) if packing is None else run_packed(qkv, bias)


@cluster
def _biased(x, bias):
    return tf.cast(tf.cast(x, tf.float32) + bias, x.dtype)


@cluster
def _split_heads(qkv, bias):
    qkv = tf.cast(tf.cast(qkv, tf.float32) + tf.reshape(bias, tf.shape(qkv)[2:]), qkv.dtype)
    return tf.transpose(qkv, [2, 0, 3, 1, 4])


@cluster
def _split_heads_gradient(*gradients):
    return tf.stack([tf.transpose(gradient, [0, 2, 1, 3]) for gradient in gradients], axis=2)


def attention_probabilities(scores, factor, mask_bias, dropped=None):
    """dropout(softmax(factor * scores + mask_bias)) over the last axis.

    Args:
      scores: float [B, n, T, T], query times key.
      factor: Python float.
      mask_bias: float32 [B, 1, 1, T], or None when nothing is padded.
      dropped: ``ops.DropoutMask`` for [B, n, T, T], or None for no dropout.

    Returns:
      Tensor of the shape and dtype of ``scores``.
    """
    keep, scale = _mask_arguments(dropped)

    @tf.custom_gradient
    def run(scores):
        if onednn.available() and not on_accelerator():
            # Half the time of XLA's: factor and mask become part of the product before, and oneDNN has a fast softmax.
            probabilities = onednn.attention_probabilities(scores, factor, mask_bias)
        else:
            probabilities = _probabilities(scores, factor, [] if mask_bias is None else [mask_bias])

        def gradient(dy):
            return _probabilities_gradient(probabilities, factor, dy, keep, scale)

        return _dropped(probabilities, keep, scale) if keep else probabilities, gradient

    return run(scores)


@cluster
def _probabilities(scores, factor, mask):
    logits = tf.cast(scores, tf.float32) * factor
    return tf.cast(tf.nn.softmax(logits + mask[0] if mask else logits), scores.dtype)


@cluster
def _probabilities_gradient(probabilities, factor, dy, keep, scale):
    p = tf.cast(probabilities, tf.float32)
    dy = _drop(tf.cast(dy, tf.float32), keep, scale)
    return tf.cast(factor * p * (dy - tf.reduce_sum(dy * p, axis=-1, keepdims=True)), probabilities.dtype)
