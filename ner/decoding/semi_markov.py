"""A linear chain in which whole entities have scores of their own, as a gazetteer gives them.

The chain's states are tags. Here a state is one of them together with the number of characters its entity already has, which is what
one must know where an entity ends to add the score of exactly that span: the segment scores of Sarawagi and Cohen's semi-Markov
CRF (2004), on top of the scores of the chain. Decoding and summing stay exact, at A times the chain's cost.

Both are done in float64: of an emission of 1 that is added to an entity's score of 1,000,000, float32 keeps four binary places. The
largest score is taken off at each character, so that precision does not depend on the length of the text either.
Shapes: B batch, T characters, K tags, A entity lengths, L entity types.
"""

import tensorflow as tf

# Score of what is impossible; finite, so that it stays a number when added up over the characters of a text.
_IMPOSSIBLE = -1e30


class SemiMarkovChain:
    """Scores tag sequences as a ``LinearChain`` does, plus the scores of the entities in their conlleval reading.

    Args:
      chain: the ``LinearChain``.
      states: the ``States`` it is over, usually the tags.

    Attributes:
      label_ids: int32 [K], position of each tag's type in ``tag_set.types``, 0 for ``O``.
    """

    def __init__(self, chain, states):
        self._chain = chain
        continues = tf.constant(states.continues)
        transitions, impossible = tf.cast(chain.transitions, tf.float64), tf.constant(_IMPOSSIBLE, tf.float64)
        self._continuing = transitions + tf.where(continues, tf.zeros_like(impossible), impossible)
        self._leaving = transitions + tf.where(continues, impossible, tf.zeros_like(impossible))
        self._is_entity = tf.constant(states.labels >= 0, tf.float64)
        self.label_ids = tf.constant(states.labels.clip(0), tf.int32)
        self._num_tags = len(states.tags)

    def log_partition(self, emissions, lengths, span_scores):
        """Log of the sum over all tag sequences of exp(score), but for a constant: only its derivatives mean something.

        Args:
          emissions: float [B, T, K].
          lengths: int32 [B], in [0, T].
          span_scores: float [B, T, A, L]; see ``ner.decoding.decoder.Decoder.entities``.

        Returns:
          float64 [B].
        """
        unary, closing, real = self._inputs(emissions, lengths, span_scores)

        def step(state, inputs):
            scores, closing_before, real_here = inputs
            closed = tf.reduce_logsumexp(state + closing_before, axis=1)
            fresh = tf.reduce_logsumexp(closed[:, :, None] + self._leaving, axis=1)
            continued = tf.reduce_logsumexp(state[..., None] + self._continuing, axis=2)
            oldest = tf.reduce_logsumexp(continued[:, -2:], axis=1)
            new = tf.concat([fresh[:, None], continued[:, :-2], oldest[:, None]], axis=1) + scores[:, None]
            # The constant.
            new -= tf.stop_gradient(tf.reduce_max(new, axis=[1, 2], keepdims=True))
            return tf.where(real_here[:, None, None], new, state)

        first = self._first(unary, closing)
        final = tf.scan(step, (unary[1:], closing[:-1], real[1:]), initializer=first)
        final = tf.concat([first[None], final], axis=0)[-1]
        final += tf.gather(tf.transpose(closing, [1, 0, 2, 3]), tf.maximum(lengths, 1) - 1, batch_dims=1)
        return tf.where(lengths > 0, tf.reduce_logsumexp(final, axis=[1, 2]), 0.0)

    def decode(self, emissions, lengths, span_scores):
        """Best tag sequence by the Viterbi algorithm, in int32 [B, T] with 0 in the padding; arguments as ``log_partition``."""
        steps = tf.shape(emissions)[1]
        unary, closing, real = self._inputs(emissions, lengths, span_scores)
        first = self._first(unary, closing)
        ages, states = tf.shape(first)[1], tf.size(first[0])
        rows = tf.shape(first)[0]
        tag_range = tf.range(self._num_tags)

        def step(carry, inputs):
            state, _ = carry
            scores, closing_before, real_here = inputs
            ending = state + closing_before
            age_of = tf.argmax(ending, axis=1, output_type=tf.int32)  # [B, K]: how old the entity is that ends with tag i
            fresh = tf.reduce_max(ending, axis=1)[:, :, None] + self._leaving
            left = tf.argmax(fresh, axis=1, output_type=tf.int32)  # [B, K]: the tag before tag j
            fresh_from = tf.gather(age_of, left, batch_dims=1) * self._num_tags + left
            continued = state[..., None] + self._continuing
            came = tf.argmax(continued, axis=2, output_type=tf.int32)  # [B, A, K]: the tag before tag j, its entity a old
            continued_from = tf.range(ages)[:, None] * self._num_tags + came
            continued = tf.reduce_max(continued, axis=2)
            older = tf.cast(continued[:, -1] > continued[:, -2], tf.int32)[:, None]
            oldest = tf.reduce_max(continued[:, -2:], axis=1, keepdims=True)
            oldest_from = tf.where(older == 1, continued_from[:, -1:], continued_from[:, -2:-1])
            new = tf.concat([tf.reduce_max(fresh, axis=1)[:, None], continued[:, :-2], oldest], axis=1) + scores[:, None]
            new -= tf.reduce_max(new, axis=[1, 2], keepdims=True)
            origin = tf.concat([fresh_from[:, None], continued_from[:, :-2], oldest_from], axis=1)
            stay = tf.range(ages)[:, None] * self._num_tags + tag_range
            real_here = real_here[:, None, None]
            return tf.where(real_here, new, state), tf.where(real_here, origin, stay)

        start = (first, tf.zeros(tf.shape(first), tf.int32))
        scores, origins = tf.scan(step, (unary[1:], closing[:-1], real[1:]), initializer=start)
        final = tf.concat([first[None], scores], axis=0)[-1]
        final += tf.gather(tf.transpose(closing, [1, 0, 2, 3]), tf.maximum(lengths, 1) - 1, batch_dims=1)
        best = tf.argmax(tf.reshape(final, [rows, states]), axis=-1, output_type=tf.int32)
        origins = tf.reshape(origins, [-1, rows, states])
        path = tf.scan(lambda state, origin: tf.gather(origin, state, batch_dims=1), origins, initializer=best, reverse=True)
        path = tf.transpose(tf.concat([path, best[None]], axis=0))
        return tf.where(tf.transpose(real), path % self._num_tags, 0)[:, :steps]

    def _inputs(self, emissions, lengths, span_scores):
        """Time first: unary scores [T, B, K], scores of an entity's end [T, B, A + 1, K], and where there is text [T, B].

        There is at least one column, and one age more than span scores have: that of all longer entities.
        """
        unary, lengths, _ = self._chain.unary(emissions, lengths)
        unary = tf.transpose(tf.cast(unary, tf.float64), [1, 0, 2])
        columns = tf.shape(unary)[0] - tf.shape(span_scores)[1]
        closing = tf.pad(tf.cast(span_scores, tf.float64), [[0, 0], [0, columns], [0, 1], [0, 0]])
        closing = tf.gather(closing, self.label_ids, axis=-1) * self._is_entity
        return unary, tf.transpose(closing, [1, 0, 2, 3]), tf.transpose(tf.sequence_mask(lengths, tf.shape(unary)[0]))

    def _first(self, unary, closing):
        older = tf.fill(tf.shape(closing[0, :, 1:]), tf.constant(_IMPOSSIBLE, tf.float64))
        return tf.concat([unary[0][:, None], older], axis=1)
