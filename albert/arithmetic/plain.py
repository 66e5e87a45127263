"""Element-wise arithmetic of the encoder, as plain functions of tensors. ``albert.arithmetic.xla`` has some of them compiled, for training.

Shapes: N rows (batch times tokens, or what ``albert.arithmetic.packing`` leaves of them), B batch, T tokens, H features, n heads,
d width of a head.
"""

import math
from typing import NamedTuple

import tensorflow as tf

from albert.arithmetic.devices import on_accelerator
from albert.arithmetic.processor import CPU_BFLOAT16, cpu_flags

_GELU_SCALE = math.sqrt(2.0 / math.pi)


def gelu(x):
    """tanh form of gelu, as in the original BERT code: 0.5 x (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3)))."""
    if "avx512f" in cpu_flags():
        # The operations that TensorFlow makes one of with the matrix product before them, on processors with AVX-512.
        return tf.nn.gelu(x, approximate=True)
    return short_gelu(x)


def short_gelu(x):
    """The same with fewer operations: nine tenths of the time where TensorFlow does not fuse them."""
    return 0.5 * x * (1.0 + tf.tanh(x * (_GELU_SCALE + _GELU_SCALE * 0.044715 * tf.square(x))))


def gelu_erf(x):
    """erf form of gelu, what HuggingFace calls ``gelu``: 0.5 x (1 + erf(x / sqrt(2)))."""
    return tf.nn.gelu(x, approximate=False)


_ACTIVATIONS = {"gelu": gelu, "gelu_erf": gelu_erf, "relu": tf.nn.relu, "tanh": tf.tanh, "linear": tf.identity}


def activation(name):
    """The function for a config's ``hidden_act``."""
    return _ACTIVATIONS[name]


def layer_norm(x, gamma, beta, epsilon):
    """Layer normalisation over the last axis with biased variance.

    Args:
      x: float tensor [..., H] of any float dtype.
      gamma, beta: float32 [H].
      epsilon: added to the variance inside the square root.

    Returns:
      Tensor of x's shape and dtype; mean and variance are taken in float32 whatever the dtype.
    """
    y = tf.cast(x, tf.float32)
    centred = y - tf.reduce_mean(y, axis=-1, keepdims=True)
    variance = tf.reduce_mean(tf.square(centred), axis=-1, keepdims=True)
    return tf.cast(centred * (tf.math.rsqrt(variance + epsilon) * gamma) + beta, x.dtype)


class DropoutMask(NamedTuple):
    """Mask of one application of dropout: ``keep``, a bool tensor, and ``scale``, the factor on what is kept."""

    keep: tf.Tensor
    scale: float

    def apply(self, x):
        """Inverted dropout of x, which has the mask's shape."""
        return tf.where(self.keep, x * tf.cast(self.scale, x.dtype), tf.zeros([], x.dtype))


def dropout_mask(shape, rate, seed, mask_id):
    """A dropout mask that is a function of ``seed`` and ``mask_id`` alone.

    A stateless mask makes a resumed run equal to an unbroken one, and a recomputed layer equal to its first computation.

    Args:
      shape: int32 tensor, the shape of what is dropped from; its last axis must not be empty.
      rate: Python float in [0, 1), the share of values set to zero, exact to 1 / 65536.
      seed: int32 [2], or None for no dropout.
      mask_id: Python int that tells this call from the others made with the same seed.

    Returns:
      ``DropoutMask``, or None for no dropout.
    """
    if seed is None or rate == 0.0:
        return None
    mask_seed = tf.random.experimental.stateless_fold_in(seed, mask_id)
    # Random bits cost more than all else about a mask; sixteen for each value are enough.
    size = tf.reduce_prod(shape)
    words = tf.random.stateless_uniform([(size + 1) // 2], mask_seed, minval=None, maxval=None, dtype=tf.int32)
    bits = tf.reshape(tf.bitcast(words, tf.int16), [-1])[:size]
    dropped = round(rate * 65536)
    keep = tf.reshape(bits >= tf.constant(dropped - 32768, tf.int16), shape)
    return DropoutMask(keep, 65536.0 / (65536 - dropped))


def dropout(x, rate, seed, mask_id):
    """Inverted dropout of a tensor of any shape; for the other arguments see ``dropout_mask``. Keeps shape and dtype."""
    mask = dropout_mask(tf.shape(x), rate, seed, mask_id)
    return x if mask is None else mask.apply(x)


def dropout_seed(seed, training):
    """The seed to use for one forward pass: None outside training, ``seed`` if given, else one from TensorFlow's global generator."""
    if not training:
        return None
    if seed is None:
        return tf.random.uniform([2], minval=tf.int32.min, maxval=tf.int32.max, dtype=tf.int32)
    return seed


def column_sums(x):
    """Sums over the rows of [N, H], added up in float32: float32 [H]."""
    if not _products_add_up_in_float32(x.dtype):
        x = tf.cast(x, tf.float32)
    return tf.cast(tf.matmul(tf.ones([1, tf.shape(x)[0]], x.dtype), x)[0], tf.float32)


def _products_add_up_in_float32(dtype):
    if dtype == tf.bfloat16:
        # Without instructions for it, products in bfloat16 have their results cut off instead of rounded.
        return on_accelerator() or bool(cpu_flags().intersection(CPU_BFLOAT16))
    # A CPU adds up in float16 itself.
    return dtype != tf.float16 or on_accelerator()


def bias_add(x, bias):
    """x + bias; the gradient of a float32 bias is added up in float32, whatever x is.

    TensorFlow's own is added up in x's dtype on a CPU: in bfloat16 a sum of ones stops at 256, however many rows there are.

    Args:
      x: float [N, H].
      bias: [H], float32 or of x's dtype.

    Returns:
      Tensor of x's shape and dtype.
    """
    if bias.dtype == x.dtype:
        return tf.nn.bias_add(x, bias)

    @tf.custom_gradient
    def run(x, bias):
        return tf.nn.bias_add(x, tf.cast(bias, x.dtype)), lambda dy: (dy, column_sums(dy))

    return run(x, bias)


def shared(weight, dtype, uses):
    """One weight cast once, for several uses whose gradients add up in float32.

    Without this, gradients of a block that L layers share would be added in bfloat16, which has eight bits: the more layers, the
    more of each one's gradient is rounded away.

    Args:
      weight: float32 tensor of any shape.
      dtype: what to cast to.
      uses: Python int.

    Returns:
      list of ``uses`` tensors, all the same.
    """
    return [weight] * uses if dtype == weight.dtype else fan_out(weight, dtype, uses, float32_sum)


def fan_out(weight, dtype, uses, add_up):
    """As ``shared``; ``add_up`` makes one float32 tensor of the list of gradients."""

    @tf.custom_gradient
    def run(weight):
        cast = tf.cast(weight, dtype)
        return [tf.identity(cast) for _ in range(uses)], lambda *gradients: add_up(list(gradients))

    return run(weight)


def float32_sum(tensors):
    """Sum of a list of tensors of one shape, added up in float32."""
    return tf.add_n([tf.cast(tensor, tf.float32) for tensor in tensors])


def bias_activation(x, bias, name):
    """activation(x + bias).

    Args:
      x: float [N, H].
      bias: [H], as for ``bias_add``.
      name: a config's ``hidden_act``.

    Returns:
      Tensor of x's shape and dtype.
    """
    return activation(name)(bias_add(x, bias))


def residual_sum(residual, x, bias, dropped=None):
    """residual + dropout(x + bias) for residual and x float [N, H], bias as for ``bias_add``, a ``DropoutMask`` or None: [N, H] like x."""
    return residual + _drop(bias_add(x, bias), dropped)


def residual_norm(residual, x, bias, gamma, beta, epsilon, dropped=None):
    """Layer norm of residual + dropout(x + bias).

    Args:
      residual, x: float [N, H].
      bias: [H], as for ``bias_add``.
      gamma, beta: float32 [H].
      epsilon: of the layer norm.
      dropped: ``DropoutMask`` for [N, H], or None for no dropout.

    Returns:
      The same tensor of x's shape and dtype twice, as ``xla.residual_norm``.
    """
    y = layer_norm(residual_sum(residual, x, bias, dropped), gamma, beta, epsilon)
    return y, y


def split_heads(qkv, bias, batch, heads, packing=None):
    """Query, key and value of every head, with their bias.

    Args:
      qkv: float [N, 3nd], the product with the three kernels side by side.
      bias: [3nd], as for ``bias_add``.
      batch: int32 scalar, B.
      heads: Python int, n.
      packing: the ``Packing`` of the N rows, or None where N is B times T.

    Returns:
      Three tensors [B, n, T, d] of qkv's dtype.
    """
    # The bias before any change of shape: next to the product the two become one operation.
    qkv = bias_add(qkv, bias)
    if packing is not None:
        qkv = packing.unpack(qkv)
    size = bias.shape[0] // (3 * heads)
    return tf.unstack(tf.transpose(tf.reshape(qkv, [batch, -1, 3, heads, size]), [2, 0, 3, 1, 4]))


def join_heads(context, packing=None):
    """Concatenates the heads' outputs; inverse of ``split_heads``.

    Args:
      context: float [B, n, T, d].
      packing: the ``Packing`` of the N rows, or None where N is B times T.

    Returns:
      [N, nd] of context's dtype.
    """
    _, heads, _, size = context.shape
    context = tf.reshape(tf.transpose(context, [0, 2, 1, 3]), [-1, heads * size])
    return context if packing is None else packing.pack(context)


def attention_probabilities(scores, factor, mask_bias, dropped=None):
    """dropout(softmax(factor * scores + mask_bias)) over the last axis, in float32 inside.

    Args:
      scores: float [B, n, T, T], query times key.
      factor: Python float.
      mask_bias: float32 [B, 1, 1, T], 0 for a token and -10000 for padding, or None when nothing is padded.
      dropped: ``DropoutMask`` for [B, n, T, T], or None for no dropout.

    Returns:
      Tensor of the shape and dtype of ``scores``.
    """
    logits = tf.cast(scores, tf.float32) * factor
    if mask_bias is not None:
        logits += mask_bias
    return _drop(tf.cast(tf.nn.softmax(logits), scores.dtype), dropped)


def _drop(x, dropped):
    return x if dropped is None else dropped.apply(x)
