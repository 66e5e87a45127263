"""Element-wise arithmetic of the encoder, as plain functions of tensors.

Shapes: N rows (batch times tokens), B batch, T tokens, H features.
"""

import math

import tensorflow as tf


def gelu(x):
    """tanh form of gelu, as in the original BERT code: 0.5 x (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3)))."""
    return tf.nn.gelu(x, approximate=True)


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


def attention_probabilities(scores, mask_bias, head_size):
    """softmax(scores / sqrt(head_size) + mask_bias) over the last axis, in float32 inside.

    Args:
      scores: float [B, heads, T, T], query times key.
      mask_bias: float32 [B, 1, 1, T], 0 for a token and -10000 for padding, or None when nothing is padded.
      head_size: width of one head.

    Returns:
      Tensor of the shape and dtype of ``scores``.
    """
    logits = tf.cast(scores, tf.float32) * (1.0 / math.sqrt(head_size))
    if mask_bias is not None:
        logits += mask_bias
    return tf.cast(tf.nn.softmax(logits), scores.dtype)


def dropout(x, rate, seed, site):
    """Inverted dropout whose mask is a function of ``seed`` and ``site`` alone.

    A stateless mask makes a resumed run equal to an unbroken one, and a recomputed layer equal to its first computation.

    Args:
      x: float tensor of any shape.
      rate: Python float in [0, 1), the share of values set to zero.
      seed: int32 [2], or None for no dropout.
      site: Python int that tells this call from the others made with the same seed.

    Returns:
      Tensor of x's shape and dtype.
    """
    if seed is None or rate == 0.0:
        return x
    site_seed = tf.random.experimental.stateless_fold_in(seed, site)
    kept = tf.random.stateless_uniform(tf.shape(x), site_seed) >= rate
    return tf.where(kept, x * tf.cast(1.0 / (1.0 - rate), x.dtype), tf.zeros([], x.dtype))


def dropout_seed(seed, training):
    """The seed to use for one forward pass: None outside training, ``seed`` if given, else one from TensorFlow's global generator."""
    if not training:
        return None
    if seed is None:
        return tf.random.uniform([2], minval=tf.int32.min, maxval=tf.int32.max, dtype=tf.int32)
    return seed
