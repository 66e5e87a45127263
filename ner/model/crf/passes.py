"""Viterbi and the forward and backward sums of a linear chain, in one loop over the characters.

A step of the loop is a handful of small operations whose cost is that of being called, so what can be done for all characters at once is
done outside.

Shapes: B batch, T characters, K tags.
"""

import tensorflow as tf

from ner.model.recurrent.unrolled import unrolled_scan


def best_scores(unary, transitions):
    """Score of the best way to each tag at each character, up to a constant for each character.

    Args:
      unary: float32 [B, T, K], T at least 1.
      transitions: float32 [K, K].

    Returns:
      float32 [B, T, K].
    """

    steps, to_tag = _rows_last(unary), tf.transpose(transitions)[..., None]

    def step(state, scores):
        return _lowered(scores + tf.reduce_max(state + to_tag, axis=1), axis=0)

    states = _scan(step, _lowered(steps[0], axis=0), steps[1:])
    return tf.transpose(states, [2, 0, 1])


def best_scores_and_sums(unary, lengths, transitions):
    """``best_scores``, and the same with sums over all ways in place of the best, from both ends.

    Args:
      unary: float32 [B, T, K], T at least 1.
      lengths: int32 [B].
      transitions: float32 [K, K].

    Returns:
      (best, alpha, beta), each float32 [B, T, K]; alpha and beta as ``LinearChain.decode_and_sum`` describes them.
    """
    reverse = tf.reverse_sequence(unary, lengths, seq_axis=1)
    steps = tf.stack([_rows_last(x) for x in (unary, unary, reverse)], axis=1)  # [T, 3, K, B]
    both = tf.stack([transitions, transitions, tf.transpose(transitions)])[..., None]  # [3, K, K, 1]
    # The logarithm of the sum relative to the largest term is what a sum has and a maximum has not.
    sums = tf.constant([0.0, 1.0, 1.0])[:, None, None]

    def step(state, scores):
        ways = tf.expand_dims(state, 2) + both
        largest = tf.reduce_max(ways, axis=1, keepdims=True)
        rest = tf.math.log(tf.reduce_sum(tf.exp(ways - largest), axis=1))
        return _lowered(scores + tf.squeeze(largest, 1) + sums * rest, axis=1)

    states = _scan(step, _lowered(steps[0], axis=1), steps[1:])
    best, alpha, reverse = tf.unstack(tf.transpose(states, [1, 3, 0, 2]), num=3)
    return best, alpha, tf.reverse_sequence(reverse, lengths, seq_axis=1) - unary


def log_likelihood(unary, tags, lengths, transitions):
    """Log probability of the given tag sequences (paper, eqs. 17 and 18).

    It is the sum of log p(last tag) and of each log p(tag | next tag) given the characters so far. In these the forward sums count only
    relative to each other, so that nothing grows with the length of a row, nor rounding with it.

    Args:
      unary: float32 [B, T, K], T at least 1.
      tags: int32 [B, T] in [0, K), also in the padding, where they do not count.
      lengths: int32 [B].
      transitions: float32 [K, K].

    Returns:
      float32 [B]; 0 for a row of length 0.
    """
    alpha = _sums(unary, transitions)
    last = tf.one_hot(lengths - 1, tf.shape(unary)[1], dtype=tf.bool, on_value=True, off_value=False)
    # Ways on from each tag: none at the last character, to the one next tag elsewhere.
    onward = tf.gather(tf.transpose(transitions), tf.roll(tags, -1, axis=1))
    logits = alpha + tf.where(last[..., None], 0.0, onward)
    chosen = tf.gather(tf.nn.log_softmax(logits), tags, batch_dims=2)
    return tf.reduce_sum(tf.where(tf.sequence_mask(lengths, tf.shape(unary)[1]), chosen, 0.0), axis=1)


def _sums(unary, transitions):
    """Log of the summed exp(score) of all ways to each tag, up to a constant for each character: float32 [B, T, K]."""
    steps, to_tag = _rows_last(unary), tf.transpose(transitions)[..., None]

    def step(state, scores):
        ways = state + to_tag
        largest = tf.stop_gradient(tf.reduce_max(ways, axis=1, keepdims=True))
        sums = scores + tf.squeeze(largest, 1) + tf.math.log(tf.reduce_sum(tf.exp(ways - largest), axis=1))
        return sums - tf.stop_gradient(tf.reduce_max(sums, axis=0, keepdims=True))

    return tf.transpose(_scan(step, steps[0], steps[1:]), [2, 0, 1])


def best_path(best, lengths, transitions):
    """Best tag sequence: int32 [B, T], 0 in the padding.

    Args:
      best: float32 [B, T, K], of ``best_scores``.
      lengths: int32 [B].
      transitions: float32 [K, K].
    """
    # From each row's last character on, so that the padding comes last.
    steps = tf.transpose(tf.reverse_sequence(best, lengths, seq_axis=1), [1, 0, 2])
    to_tag = tf.transpose(transitions)

    def step(tag, scores):
        return tf.argmax(scores + tf.gather(to_tag, tag), axis=-1, output_type=tf.int32)

    path = _scan(step, tf.argmax(steps[0], axis=-1, output_type=tf.int32), steps[1:])
    path = tf.reverse_sequence(tf.transpose(path), lengths, seq_axis=1)
    return tf.where(tf.sequence_mask(lengths, tf.shape(path)[1]), path, 0)


def _scan(step, first, steps):
    """The states [T + 1, ...] first, step(first, steps[0]), ... of a recursion; ``steps`` is [T, ...]."""
    states = unrolled_scan(lambda state, one: (step(state[0], one),), (first,), steps)
    return tf.concat([first[None], states], axis=0)


def _lowered(scores, axis):
    """Scores less the largest over the tags: small, and so precise, however long the row is."""
    return scores - tf.reduce_max(scores, axis=axis, keepdims=True)


def _rows_last(unary):
    """[T, K, B] of [B, T, K]: what a step does to the tags it then does to vectors of rows, in half the time."""
    return tf.transpose(unary, [1, 2, 0])
