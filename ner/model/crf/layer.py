"""Linear-chain conditional random field.

Shapes: B batch, T characters, K tags.
"""

import tensorflow as tf

from albert.arithmetic.devices import on_accelerator
from albert.keras import keras
from ner.model.crf import FORBIDDEN, addons, passes, scan


class LinearChain:
    """Scores tag sequences: start[y_0] + Σ emissions[t, y_t] + Σ transitions[y_{t-1}, y_t] + end[y_{n-1}] (paper, eqs. 16-19).

    The start and end scores extend eq. (16), which has transitions and emissions only; with both at zero it is the paper's.
    Methods take ``emissions`` float [B, T, K], which are cast to float32, and ``lengths`` int32 [B] in [0, T]. A row of length 0 has one
    empty sequence of score 0.

    Args:
      transitions: float32 [K, K], scoring the step from tag i to tag j at [i, j].
      start, end: float32 [K].
      parallel_scan: whether ``log_likelihood`` is computed by ``ner.model.crf.scan``, without a loop; by default on a GPU or TPU. With
        a loop it is tensorflow-addons' where that is installed, and that of ``ner.model.crf.passes`` elsewhere.
    """

    def __init__(self, transitions, start, end, parallel_scan=None):
        self.transitions, self.start, self.end = transitions, start, end
        self.parallel_scan = on_accelerator() if parallel_scan is None else parallel_scan

    def masked(self, transitions, start, end):
        """The same chain over the tag sequences that masks allow: bool [K, K], [K] and [K] (``ner.decoding.constraints.Masks``)."""
        masks = (transitions, start, end)
        scores = (self.transitions, self.start, self.end)
        penalties = (tf.where(tf.constant(allowed), 0.0, FORBIDDEN) for allowed in masks)
        return LinearChain(*(score + penalty for score, penalty in zip(scores, penalties)), self.parallel_scan)

    def log_likelihood(self, emissions, tags, lengths):
        """Log probability of the given tag sequences (paper, eqs. 17 and 18).

        Args:
          emissions: float [B, T, K].
          tags: int32 [B, T] in [0, K), also in the padding, where they do not count.
          lengths: int32 [B].

        Returns:
          float32 [B]; 0 for a row of length 0, which adds nothing to a gradient either.
        """
        unary, lengths, _ = self.unary(emissions, lengths)
        tags = tf.pad(tf.cast(tags, tf.int32), [[0, 0], [0, tf.shape(unary)[1] - tf.shape(tags)[1]]])
        if self.parallel_scan:
            return scan.log_likelihood(unary, tags, lengths, self.transitions)
        if addons.functions is None:
            return passes.log_likelihood(unary, tags, lengths, self.transitions)
        return addons.functions.crf_log_likelihood(unary, tags, lengths, self.transitions)[0]

    def decode(self, emissions, lengths):
        """Best tag sequence by the Viterbi algorithm (paper, eq. 19).

        Returns:
          (tags int32 [B, T], with 0 in the padding; score float32 [B], the best sequence's score, 0 for length 0).
        """
        unary, lengths, steps = self.unary(emissions, lengths)
        tags = passes.best_path(passes.best_scores(unary, self.transitions), lengths, self.transitions)
        score = scan.sequence_score(unary, tags, lengths, self.transitions)
        return tags[:, :steps], tf.where(lengths > 0, score, 0.0)

    def decode_and_sum(self, emissions, lengths):
        """The best tag sequence, and log sums over the beginnings and the ends of all, for the price of one.

        Returns:
          (tags, unary, alpha, beta): int32 [B, max(T, 1)], 0 in the padding, and each float32 [B, max(T, 1), K]. ``unary`` holds the
          emissions with start and end scores added. ``alpha[b, t, k]`` is the log of the summed exp(score) of all ways to reach tag k at
          t, t's own unary score included; ``beta[b, t, k]`` of all ways to go on from there, without it. Both are given up to a constant
          for each character, taken off so that they stay small and precise however long the row is. Values in the padding mean nothing.
        """
        unary, lengths, _ = self.unary(emissions, lengths)
        best, alpha, beta = passes.best_scores_and_sums(unary, lengths, self.transitions)
        return passes.best_path(best, lengths, self.transitions), unary, alpha, beta

    def marginals(self, emissions, lengths):
        """Posterior probability of each tag at each character, by the forward-backward algorithm.

        Differentiable, as its gradient is what R-Drop trains with.

        Returns:
          float32 [B, T, K]; rows of real characters sum to 1, the padding is 0.
        """
        steps = tf.shape(emissions)[1]
        _, _, alpha, beta = self.decode_and_sum(emissions, lengths)
        return tf.nn.softmax(alpha + beta)[:, :steps] * tf.sequence_mask(lengths, steps, dtype=tf.float32)[:, :, None]

    def unary(self, emissions, lengths):
        """Emissions with start and end scores added, and with one column when T is 0 (tensorflow-addons needs one).

        Args:
          emissions: float [B, T, K].
          lengths: int [B].

        Returns:
          (unary float32 [B, max(T, 1), K], lengths int32 [B], T as a scalar int32 tensor).
        """
        emissions = tf.cast(emissions, tf.float32)
        lengths = tf.cast(lengths, tf.int32)
        steps = tf.shape(emissions)[1]
        padded = tf.maximum(steps, 1)
        emissions = tf.pad(emissions, [[0, 0], [0, padded - steps], [0, 0]])
        first = tf.one_hot(0, padded)[None, :, None]
        last = tf.one_hot(lengths - 1, padded)[:, :, None]
        return emissions + first * self.start + last * self.end, lengths, steps


class CRF(keras.layers.Layer):
    """A ``LinearChain`` whose scores are trained; float32 whatever the precision policy.

    Args:
      num_tags: K.
      parallel_scan: as for ``LinearChain``.

    Weights:
      transitions [K, K] from tag i to tag j; start [K]; end [K].
    """

    def __init__(self, num_tags, parallel_scan=None, name="crf", **kwargs):
        super().__init__(name=name, dtype="float32", autocast=False, **kwargs)
        self.num_tags = num_tags
        self.parallel_scan = parallel_scan
        self.transitions = self.add_weight("transitions", [num_tags, num_tags], initializer="zeros")
        self.start = self.add_weight("start", [num_tags], initializer="zeros")
        self.end = self.add_weight("end", [num_tags], initializer="zeros")
        self.built = True

    @property
    def chain(self):
        """The ``LinearChain`` of the present weights."""
        return LinearChain(*(tf.convert_to_tensor(w) for w in (self.transitions, self.start, self.end)), parallel_scan=self.parallel_scan)

    def log_likelihood(self, emissions, tags, lengths):
        """``LinearChain.log_likelihood``: float32 [B]."""
        return self.chain.log_likelihood(emissions, tags, lengths)

    def decode(self, emissions, lengths):
        """``LinearChain.decode``: (tags int32 [B, T], score float32 [B])."""
        return self.chain.decode(emissions, lengths)

    def call(self, emissions, lengths):
        """Same as ``decode``."""
        return self.decode(emissions, lengths)
