"""The CRF's log-likelihood without a loop over the characters, for devices on which a loop of small steps is slow.

The forward algorithm is a product of T - 1 matrices over the log semiring, M_t[i, j] = transitions[i, j] + unary[t, j], and a product
may be taken in any order: in pairs of neighbours, and again in pairs, until one matrix is left (Blelloch, 1990, "Prefix sums and
their applications"; Särkkä and García-Fernández, 2021, arXiv:2102.05743, for hidden Markov models). That is K times the arithmetic of the
loop in log2 T steps instead of T. On a CPU, where arithmetic costs and steps do not, tensorflow-addons' loop is faster; it is the
reference this is held to.

Shapes: B batch, T characters, K tags.
"""

import tensorflow as tf

from albert.arithmetic import xla

# The logarithm of 0: far below every score, and no -inf, whose differences are not numbers.
_LOG_ZERO = -1e30
# Halvings to unroll where T is not known when the graph is built: what exceeds an actual T costs a few tiny operations.
_MAX_LEVELS = 12


def log_likelihood(unary, tags, lengths, transitions):
    """Log probability of the given tag sequences, as ``tfa.text.crf_log_likelihood``.

    Args:
      unary: float32 [B, T, K], T at least 1 and at most 4096.
      tags: int32 [B, T] in [0, K), also in the padding, where they do not count.
      lengths: int32 [B].
      transitions: float32 [K, K].

    Returns:
      float32 [B]; 0 for a row of length 0.
    """
    return sequence_score(unary, tags, lengths, transitions) - log_partition(unary, lengths, transitions)


def sequence_score(unary, tags, lengths, transitions):
    """Score of the given tag sequences: Σ unary[t, y_t] + Σ transitions[y_{t-1}, y_t], float32 [B]; arguments as ``log_likelihood``."""
    real = tf.sequence_mask(lengths, tf.shape(unary)[1], dtype=unary.dtype)
    emitted = tf.gather(unary, tags, batch_dims=2)
    # One index into the flattened matrix: gather_nd's gradient would add up in no fixed order on a GPU.
    pairs = tags[:, :-1] * transitions.shape[0] + tags[:, 1:]
    passed = tf.gather(tf.reshape(transitions, [-1]), pairs)
    return tf.reduce_sum(emitted * real, axis=1) + tf.reduce_sum(passed * real[:, 1:], axis=1)


def log_partition(unary, lengths, transitions):
    """Log of the sum over all tag sequences of exp(score), float32 [B]; arguments as ``log_likelihood``."""
    num_tags = transitions.shape[0]
    real = tf.sequence_mask(lengths - 1, tf.shape(unary)[1] - 1)
    # Padding multiplies by one.
    one = tf.where(tf.eye(num_tags, dtype=tf.bool), 0.0, _LOG_ZERO)
    matrices = tf.where(real[:, :, None, None], transitions + unary[:, 1:, None, :], one)
    for _ in range(_levels(unary.shape[1])):
        count = tf.shape(matrices)[1]
        missing = 2 * tf.maximum((count + 1) // 2, 1) - count
        filler = tf.broadcast_to(one, tf.stack([tf.shape(unary)[0], missing, num_tags, num_tags]))
        matrices = tf.concat([matrices, filler], axis=1)
        matrices = log_matmul(matrices[:, ::2], matrices[:, 1::2])
    with tf.control_dependencies([tf.debugging.assert_equal(tf.shape(matrices)[1], 1, message="CRF: more than 4096 characters")]):
        total = tf.reduce_logsumexp(unary[:, 0, :, None] + matrices[:, 0], axis=[1, 2])
    return tf.where(lengths > 0, total, 0.0)


def _levels(steps):
    """Halvings that leave one matrix of ``steps - 1``, at least one; of 4095 if the number of steps is not known."""
    return _MAX_LEVELS if steps is None else max((steps - 2).bit_length(), 1)


@tf.custom_gradient
def log_matmul(a, b):
    """Matrix product over the log semiring: c[i, j] = log Σ_k exp(a[i, k] + b[k, j]).

    Exact for scores of any size: each sum is taken relative to its own largest term. Compiled, where TensorFlow can, the K³ terms are
    never all in memory.

    Args:
      a, b: float32 [..., K, K].

    Returns:
      float32 [..., K, K].
    """
    compile_ = xla.cluster if xla.available() else lambda function: function
    c = compile_(_log_matmul)(a, b)
    return c, lambda dc: compile_(_log_matmul_gradient)(a, b, c, dc)


def _log_matmul(a, b):
    return tf.reduce_logsumexp(a[..., :, :, None] + b[..., None, :, :], axis=-2)


def _log_matmul_gradient(a, b, c, dc):
    share = tf.exp(a[..., :, :, None] + b[..., None, :, :] - c[..., :, None, :]) * dc[..., :, None, :]
    return tf.reduce_sum(share, axis=-1), tf.reduce_sum(share, axis=-3)
