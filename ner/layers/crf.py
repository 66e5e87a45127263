"""Linear-chain conditional random field on tensorflow-addons.

The only module that imports tensorflow-addons.
Shapes: B batch, T characters, K tags.
"""

import warnings

import tensorflow as tf

with warnings.catch_warnings():
    # tensorflow-addons warns at import that it is at its end of life and that TensorFlow 2.15 is newer than it was built
    # for. The two CRF functions used here are plain TensorFlow graphs and are held to enumerated values by the tests.
    warnings.simplefilter("ignore")
    from tensorflow_addons.text import crf as tfa_crf


class CRF(tf.keras.layers.Layer):
    """Scores tag sequences: start[y_0] + Σ emissions[t, y_t] + Σ transitions[y_{t-1}, y_t] + end[y_{n-1}] (paper, eqs. 16-19).

    The start and end scores extend eq. (16), which has transitions and emissions only; with both at zero it is the paper's.
    Everything is float32 whatever the precision policy.

    Args:
      num_tags: K.

    Weights:
      transitions [K, K], scoring the step from tag i to tag j at [i, j]; start [K]; end [K].
    """

    def __init__(self, num_tags, name="crf", **kwargs):
        super().__init__(name=name, dtype="float32", autocast=False, **kwargs)
        self.num_tags = num_tags
        self.transitions = self.add_weight("transitions", [num_tags, num_tags], initializer="zeros")
        self.start = self.add_weight("start", [num_tags], initializer="zeros")
        self.end = self.add_weight("end", [num_tags], initializer="zeros")
        self.built = True

    def log_likelihood(self, emissions, tags, lengths):
        """Log probability of the given tag sequences (paper, eqs. 17 and 18).

        Args:
          emissions: float [B, T, K].
          tags: int32 [B, T]; values in the padding are ignored.
          lengths: int32 [B], in [0, T].

        Returns:
          float32 [B]; 0 for a row of length 0, which adds nothing to a gradient either.
        """
        unary, lengths, _ = self._prepare(emissions, lengths)
        tags = tf.pad(tf.cast(tags, tf.int32), [[0, 0], [0, tf.shape(unary)[1] - tf.shape(tags)[1]]])
        return tfa_crf.crf_log_likelihood(unary, tags, lengths, self.transitions)[0]

    def log_partition(self, emissions, lengths):
        """Log of the sum over all tag sequences of exp(score): the denominator of eq. (17). float32 [B]."""
        unary, lengths, _ = self._prepare(emissions, lengths)
        return tfa_crf.crf_log_norm(unary, lengths, self.transitions)

    def decode(self, emissions, lengths):
        """Best tag sequence by the Viterbi algorithm (paper, eq. 19).

        Args:
          emissions: float [B, T, K].
          lengths: int32 [B], in [0, T].

        Returns:
          (tags int32 [B, T], with 0 in the padding; score float32 [B], the best sequence's score, 0 for length 0).
        """
        unary, lengths, steps = self._prepare(emissions, lengths)
        tags, score = tfa_crf.crf_decode(unary, self.transitions, lengths)
        # tensorflow-addons decodes a row of length 0 as if it had length 1.
        mask = tf.sequence_mask(lengths, tf.shape(unary)[1])
        tags = tf.where(mask, tags, 0)[:, :steps]
        return tags, tf.where(lengths > 0, score, 0.0)

    def marginals(self, emissions, lengths):
        """Posterior probability of each tag at each character: the gradient of the log partition function.

        Args:
          emissions: float [B, T, K].
          lengths: int32 [B], in [0, T].

        Returns:
          float32 [B, T, K]; rows of real characters sum to 1, the padding is 0.
        """
        unary, lengths, steps = self._prepare(emissions, lengths)
        with tf.GradientTape() as tape:
            tape.watch(unary)
            log_partition = tfa_crf.crf_log_norm(unary, lengths, self.transitions)
        return tape.gradient(log_partition, unary)[:, :steps]

    def call(self, emissions, lengths):
        """Same as ``decode``."""
        return self.decode(emissions, lengths)

    def _prepare(self, emissions, lengths):
        """Add start and end scores to the emissions, and a column when T is 0 (tensorflow-addons needs one)."""
        emissions = tf.cast(emissions, tf.float32)
        lengths = tf.cast(lengths, tf.int32)
        steps = tf.shape(emissions)[1]
        padded = tf.maximum(steps, 1)
        emissions = tf.pad(emissions, [[0, 0], [0, padded - steps], [0, 0]])
        first = tf.one_hot(0, padded)[None, :, None]
        last = tf.one_hot(lengths - 1, padded)[:, :, None]
        return emissions + first * self.start + last * self.end, lengths, steps
