"""Element-wise arithmetic of the encoder at inference, in forms that TensorFlow makes one oneDNN operation of.

Same functions, arguments and results as in ``albert.arithmetic.plain``; what is not here is fused as it is there.
"""

import platform

import tensorflow as tf
from tensorflow.python.util import _pywrap_util_port

from albert.arithmetic import plain
from albert.arithmetic.plain import bias_activation, residual_sum

__all__ = [
    "attention_probabilities",
    "available",
    "bias_activation",
    "join_heads",
    "layer_norm",
    "residual_norm",
    "residual_sum",
    "split_heads",
]


def available():
    """True if this TensorFlow fuses them: an x86 build with oneDNN turned on."""
    return platform.machine() in ("x86_64", "AMD64") and _pywrap_util_port.IsMklEnabled()


def layer_norm(x, gamma, beta, epsilon):
    """As ``plain.layer_norm`` for x [N, H]; in bfloat16, gamma and beta are rounded to it as all other weights are.

    Keras' form, batch normalisation of the transposed, is the one TensorFlow 2.15 knows for a layer norm (remapper.cc, FindMklLayerNorm),
    and only while N is unknown when the graph is optimised. It must be recognized: oneDNN's batch normalisation, which it is otherwise,
    keeps what it computes on in the operation, and two threads that run one graph destroy each other's memory. A gamma that is a constant
    of ones, or a beta of zeros, is optimised away before: not for those. Nor for a norm of whose result nothing is made but a sum.
    """
    rows = tf.shape(x)[0]
    nothing = tf.constant([], tf.float32)
    y = tf.raw_ops.FusedBatchNormV3(
        x=tf.reshape(x, [1, rows, x.shape[-1], 1]),
        scale=tf.fill([rows], 1.0),
        offset=tf.fill([rows], 0.0),
        mean=nothing,
        variance=nothing,
        epsilon=epsilon,
        data_format="NCHW",
        is_training=True,
    ).y
    return tf.reshape(y, tf.shape(x)) * tf.cast(gamma, x.dtype) + tf.cast(beta, x.dtype)


def residual_norm(residual, x, bias, gamma, beta, epsilon, dropped=None):
    """As ``plain.residual_norm``."""
    y = layer_norm(residual_sum(residual, x, bias, dropped), gamma, beta, epsilon)
    return y, y


def split_heads(qkv, bias, batch, heads, packing=None):
    """As ``plain.split_heads``: with the heads' places one gather in two thirds of the time of a gather of rows and a transpose."""
    if packing is None:
        return plain.split_heads(qkv, bias, batch, heads)
    return tf.unstack(packing.heads.split_rows(tf.nn.bias_add(qkv, bias)))


def join_heads(context, packing=None):
    """As ``plain.join_heads``."""
    return plain.join_heads(context) if packing is None else packing.heads.join_heads(context)


def attention_probabilities(scores, factor, mask_bias, dropped=None):
    """As ``plain.attention_probabilities``: factor and mask are part of the product before, and oneDNN's softmax computes in float32."""
    scores *= tf.constant(factor, scores.dtype)
    if mask_bias is not None:
        # 0 or so low that its rounding does not matter.
        scores += tf.cast(mask_bias, scores.dtype)
    probabilities = tf.nn.softmax(scores)
    return probabilities if dropped is None else dropped.apply(probabilities)
