"""Exact posterior probabilities of more than the best sequence's entities: of entities that somebody else says there are, and of openings.

Shapes: B batch, T characters, K tags, S states.
"""

import tensorflow as tf

from ner.decoding.decoder import _IMPOSSIBLE, Decoder


class PosteriorDecoder(Decoder):
    """A ``Decoder`` that also judges given entities; all probabilities are those of the legal sequences that its options allow."""

    def posteriors(self, emissions, lengths, given):
        """Best tags with their entities' probabilities, those of given entities, and those that an entity begins.

        Args:
          emissions: float [B, T, K].
          lengths: int32 [B], in [0, T].
          given: int32 [B, T], ids of tags, whose entities in the conlleval reading are judged.

        Returns:
          dict of tensors [B, T]: ``tags`` int32; ``scores`` and ``given`` float32 in [0, 1], the probability of an entity of the best or
          given tags at the character that closes it, else 0; ``opens`` float32 in [0, 1], the probability that an entity of any type
          begins at a character. Their sum is the expected number of entities.
        """
        steps = tf.shape(emissions)[1]
        paths = self._paths(emissions, None)
        found, unary, alpha, beta = paths.chain.decode_and_sum(paths.emissions, lengths)
        given = tf.pad(given, [[0, 0], [0, tf.shape(found)[1] - steps]])
        result = {"tags": paths.tags(found), "opens": self._opening(paths, unary, alpha, beta, lengths)}
        for name, tags in (("scores", result["tags"]), ("given", given)):
            probabilities = self._probabilities(paths, unary, alpha, beta, lengths, tags, *self._borders(tags, lengths))
            result[name] = tf.clip_by_value(probabilities, 0.0, 1.0)
        return {name: value[:, :steps] for name, value in result.items()}

    def _opening(self, paths, unary, alpha, beta, lengths):
        """Probability that an entity begins at each character: float32 [B, T]."""
        states = paths.states
        entity = tf.constant(states.labels >= 0)
        # [S, S]: an entity state that does not continue the one before.
        opening = tf.constant((states.labels >= 0)[None, :] & ~states.continues)
        here = unary + beta
        first = tf.reduce_sum(tf.where(entity, tf.nn.softmax(here[:, 0]), 0.0), axis=-1)
        ways = alpha[:, :-1, :, None] + paths.chain.transitions + here[:, 1:, None, :]
        some = tf.reduce_logsumexp(tf.where(opening, ways, _IMPOSSIBLE), axis=[2, 3])
        later = tf.exp(some - tf.reduce_logsumexp(ways, axis=[2, 3]))
        real = tf.sequence_mask(lengths, tf.shape(unary)[1])
        return tf.where(real, tf.clip_by_value(tf.concat([first[:, None], later], axis=1), 0.0, 1.0), 0.0)
