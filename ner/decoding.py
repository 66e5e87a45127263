"""From emissions to entities: the best tags, where entities open and close, and how probable each one is.

Everything is a TensorFlow graph of core operations without state, so that an exported model decodes as the Python tagger does.
Shapes: B batch, T characters, K tags, A entity lengths, L entity types.
"""

import numpy as np
import tensorflow as tf

from ner.layers.crf import LinearChain
from ner.semi_markov import SemiMarkovChain, continuations
from ner.tags import OUTSIDE

# Log probability of what is impossible; finite, so that sums and differences of it are numbers.
_IMPOSSIBLE = -1e30


class Decoder:
    """Finds the best tag sequence and the entities in it with their probabilities.

    Args:
      chain: the ``LinearChain`` to decode with.
      tag_set: the ``TagSet`` the emissions are over.
      constrained: whether only sequences the scheme allows are considered. The scores are then posterior probabilities
        given that the sequence is legal.
    """

    def __init__(self, chain, tag_set, constrained=True):
        self.tag_set = tag_set
        self.chain: LinearChain = chain.constrained(tag_set) if constrained else chain
        labels = [tag[2:] for tag in tag_set.tags]
        self._continues = tf.constant(continuations(tag_set))
        self._is_entity = tf.constant([tag != OUTSIDE for tag in tag_set.tags])
        self._same_label = tf.constant(np.array([[i == j for j in labels] for i in labels]))

    def tags(self, emissions, lengths):
        """Best tag ids int32 [B, T], 0 in the padding."""
        return self.chain.decode(emissions, lengths)[0]

    def entities(self, emissions, lengths, span_scores=None):
        """Best tags, and the entities in them in the conlleval reading.

        An entity's score is the posterior probability that exactly this span is an entity of this type: the share of all
        (legal) tag sequences, weighted by their exp(score), in whose reading it is one. Not a product of the characters'
        marginal probabilities.

        Args:
          emissions: float [B, T, K].
          lengths: int32 [B], in [0, T].
          span_scores: None, or float [B, T, A, L]: at [b, t, a, l], what is added to the score of every tag sequence with an
            entity of type l (as ``tag_set.types`` counts them) that has a + 1 characters and ends with character t.

        Returns:
          dict of tensors [B, T]: ``tags`` int32, 0 in the padding; ``opens`` and ``closes`` bool, the first and last
          characters of entities; ``scores`` float32 in [0, 1], an entity's at the character that closes it, else 0.
        """
        steps = tf.shape(emissions)[1]
        if span_scores is None:
            tags = self.chain.decode(emissions, lengths)[0]
        else:
            chain = SemiMarkovChain(self.chain, self.tag_set)
            tags = chain.decode(emissions, lengths, span_scores)
        # Both chains work on at least one column.
        tags = tf.pad(tags, [[0, 0], [0, tf.maximum(steps, 1) - steps]])
        opens, closes = self._borders(tags, lengths)
        if span_scores is None:
            probabilities = self._probabilities(emissions, lengths, tags, opens)
        else:
            probabilities = self._probabilities_with_span_scores(chain, emissions, lengths, span_scores, tags, opens)
        # Rounding can lift a sure entity a little above 1.
        scores = tf.where(closes, tf.clip_by_value(probabilities, 0.0, 1.0), 0.0)
        outputs = {"tags": tags, "opens": opens, "closes": closes, "scores": scores}
        return {name: value[:, :steps] for name, value in outputs.items()}

    def _borders(self, tags, lengths):
        """Where the entities of tag sequences open and close: two bool [B, T]."""
        real = tf.sequence_mask(lengths, tf.shape(tags)[1])
        entity = tf.gather(self._is_entity, tags) & real
        # In integers: TensorFlow Lite gathers no bools.
        continues = tf.gather_nd(tf.cast(self._continues, tf.int32), tf.stack([tags[:, :-1], tags[:, 1:]], axis=-1)) > 0
        continues &= real[:, 1:]
        nothing = tf.zeros_like(real[:, :1])
        return entity & ~tf.concat([nothing, continues], axis=1), entity & ~tf.concat([continues, nothing], axis=1)

    def _probabilities(self, emissions, lengths, tags, opens):
        """Probability that the entity in ``tags`` at each character began where it does there, and ends here: float32 [B, T].

        Given all that is known of the text the tags are a Markov chain, so one pass over the characters serves all entities
        of a sentence: it starts anew where one opens, and follows only the sequences that continue it.
        """
        unary, alpha, beta = self.chain.forward_backward(emissions, lengths)
        transitions = self.chain.transitions
        barred = tf.where(self._continues, _IMPOSSIBLE, 0.0)
        only_continuing = tf.where(self._continues, 0.0, _IMPOSSIBLE)

        # log P(tag here, it continues no entity) [B, T, K]: the ways here that continue none over all ways here.
        here = unary + beta
        reached = tf.reduce_logsumexp(alpha[:, :-1, :, None] + transitions, axis=2) + here[:, 1:]
        begun = tf.reduce_logsumexp(alpha[:, :-1, :, None] + transitions + barred, axis=2) + here[:, 1:]
        begun = begun - tf.reduce_logsumexp(reached, axis=-1, keepdims=True)
        begun = tf.concat([tf.nn.log_softmax(here[:, :1]), begun], axis=1)
        begun += tf.where(tf.gather(self._same_label, tags), 0.0, _IMPOSSIBLE)

        # log P(next tag | tag here) [B, T - 1, K, K], and log P(entity ends here | tag here) [B, T, K].
        # By expand_dims, not None: TensorFlow Lite slices and adds a dimension at once only where it knows the sizes.
        onward = tf.nn.log_softmax(transitions + tf.expand_dims(here[:, 1:], 2), axis=-1)
        stop = tf.reduce_logsumexp(onward + barred, axis=-1)
        stop = tf.concat([stop, tf.zeros_like(here[:, :1])], axis=1)
        last = tf.range(tf.shape(tags)[1])[None, :] >= lengths[:, None] - 1
        stop = tf.where(last[:, :, None], 0.0, stop)

        def step(entity, inputs):
            opens_here, begun_here, onward_here = inputs
            continued = tf.reduce_logsumexp(entity[:, :, None] + onward_here + only_continuing, axis=1)
            return tf.where(opens_here[:, None], begun_here, continued)

        inputs = (tf.transpose(opens)[1:], tf.transpose(begun, [1, 0, 2])[1:], tf.transpose(onward, [1, 0, 2, 3]))
        first = begun[:, 0]
        rest = tf.scan(step, inputs, initializer=first)
        entity = tf.transpose(tf.concat([first[None], rest], axis=0), [1, 0, 2])
        return tf.exp(tf.reduce_logsumexp(entity + stop, axis=-1))

    def _probabilities_with_span_scores(self, chain, emissions, lengths, span_scores, tags, opens):
        """As ``_probabilities``, in the distribution that the span scores have changed.

        The derivative of the log partition function by a span's score is the probability of that span.
        """
        positions = tf.range(tf.shape(tags)[1])
        starts = tf.where(opens, positions, 0)
        # Entities are in order, so the last start so far is the largest.
        starts = tf.reduce_max(tf.where(positions[:, None] >= positions, starts[:, None, :], 0), axis=-1)
        ages = positions - starts
        inside = tf.gather(self._is_entity, tags) & tf.sequence_mask(lengths, tf.shape(tags)[1])
        ages = tf.where(inside, ages, 0)
        longest = tf.maximum(tf.shape(span_scores)[2], tf.reduce_max(ages) + 1)
        missing_columns = tf.shape(tags)[1] - tf.shape(span_scores)[1]
        span_scores = tf.pad(span_scores, [[0, 0], [0, missing_columns], [0, longest - tf.shape(span_scores)[2]], [0, 0]])
        with tf.GradientTape() as tape:
            tape.watch(span_scores)
            log_partition = chain.log_partition(emissions, lengths, span_scores)
        probabilities = tape.gradient(log_partition, span_scores)
        return tf.gather(tf.gather(probabilities, ages, batch_dims=2), tf.gather(chain.label_ids, tags), batch_dims=2)
