"""From emissions to entities: Viterbi, where entities open and close, and how probable each one is.

Everything is a TensorFlow graph of core operations, so that the exported model decodes as the Python tagger does.
Shapes: B batch, T characters, K tags.
"""

import numpy as np
import tensorflow as tf

from ner.layers.crf import LinearChain
from ner.tags import OUTSIDE, spans_from_tags


class Decoder:
    """Finds the best tag sequence and what is needed to read scored entities off it.

    Args:
      chain: the ``LinearChain`` to decode with.
      tag_set: the ``TagSet`` the emissions are over.
      constrained: whether only sequences the scheme allows are considered. The scores are then posterior probabilities
        given that the sequence is legal.
    """

    def __init__(self, chain, tag_set, constrained=True):
        self.tag_set = tag_set
        self.chain: LinearChain = chain.constrained(tag_set) if constrained else chain
        self._continues = tf.constant(_continues(tag_set))
        self._inside = tf.constant(np.array([tag != OUTSIDE for tag in tag_set.tags]))

    def tags(self, emissions, lengths):
        """Best tag ids int32 [B, T], 0 in the padding."""
        return self.chain.decode(emissions, lengths)[0]

    def entities(self, emissions, lengths):
        """Best tags, and the pieces from which every entity's probability is put together.

        For an entity of the best sequence that opens at s and closes at e, the log posterior probability that the tags of
        s … e are these, and that the entity neither begins before s nor goes on after e, is ``opening[s] + inside[e] -
        inside[s] + closing[e]``: the chain is a Markov chain, so the probability is a product of conditional ones, and one
        pass of the forward-backward algorithm serves all entities of a sentence.

        Args:
          emissions: float [B, T, K].
          lengths: int32 [B].

        Returns:
          dict of tensors [B, T]: ``tags`` int32; ``opens`` and ``closes`` bool, the first and last characters of entities
          in the conlleval reading; ``opening``, ``inside`` and ``closing`` float32.
        """
        batch, steps = tf.shape(emissions)[0], tf.shape(emissions)[1]
        tags = self.chain.decode(emissions, lengths)[0]
        unary, alpha, beta = self.chain.forward_backward(emissions, lengths)
        tags = tf.pad(tags, [[0, 0], [0, tf.shape(unary)[1] - steps]])
        transitions = self.chain.transitions

        # What follows a character, for all characters at once; the last one of a row is followed by nothing.
        following = tf.concat([tags[:, 1:], tf.zeros_like(tags[:, :1])], axis=1)
        last = tf.range(tf.shape(unary)[1])[None, :] >= lengths[:, None] - 1
        goes_on = tf.gather_nd(self._continues, tf.stack([tags, following], axis=-1)) & ~last
        came_on = tf.concat([tf.zeros_like(goes_on[:, :1]), goes_on[:, :-1]], axis=1)
        inside_entity = tf.gather(self._inside, tags) & tf.sequence_mask(lengths, tf.shape(unary)[1])

        # log P(tag here, entity not begun before): all ways here over the ways that do not continue an entity.
        barred = tf.where(self._continues, -1e30, 0.0)
        reached = tf.reduce_logsumexp(alpha[:, :-1, :, None] + transitions, axis=2)
        reached = tf.concat([tf.zeros_like(unary[:, :1]), reached], axis=1) + unary + beta
        into = tf.gather(tf.transpose(transitions + barred), tags)
        before = tf.reduce_logsumexp(alpha[:, :-1] + into[:, 1:], axis=-1)
        before = tf.concat([tf.zeros([batch, 1]), before], axis=1)
        opening = before + tf.gather(unary + beta, tags, batch_dims=2) - tf.reduce_logsumexp(reached, axis=-1)

        # log P(next tag | tag here), and log P(entity not continued | tag here).
        onward = tf.gather(transitions, tags)[:, :-1] + (unary + beta)[:, 1:]
        total = tf.reduce_logsumexp(onward, axis=-1)
        step = tf.gather(onward, tags[:, 1:], batch_dims=2) - total
        inside = tf.concat([tf.zeros([batch, 1]), tf.cumsum(tf.where(last[:, :-1], 0.0, step), axis=1)], axis=1)
        stop = tf.reduce_logsumexp(onward + tf.gather(barred, tags)[:, :-1], axis=-1) - total
        closing = tf.where(last, 0.0, tf.concat([stop, tf.zeros([batch, 1])], axis=1))
        return {
            "tags": tags[:, :steps],
            "opens": (inside_entity & ~came_on)[:, :steps],
            "closes": (inside_entity & ~goes_on)[:, :steps],
            "opening": opening[:, :steps],
            "inside": inside[:, :steps],
            "closing": closing[:, :steps],
        }


def _continues(tag_set):
    """Whether tag j after tag i belongs to the same entity, in the conlleval reading: bool [K, K]."""
    pairs = [[spans_from_tags([i, j], tag_set.scheme) for j in tag_set.tags] for i in tag_set.tags]
    return np.array([[any(span.end - span.start == 2 for span in spans) for spans in row] for row in pairs])
