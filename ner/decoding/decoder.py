"""From emissions to entities: the best tags, where entities open and close, and how probable each one is.

Everything is a TensorFlow graph of core operations without state, so that an exported model decodes as the Python tagger does.
Shapes: B batch, T characters, K tags, S states, E entities of all rows, A entity lengths, L entity types.
"""

import tensorflow as tf

from ner.decoding.constraints import DEFAULT_OPTIONS
from ner.decoding.semi_markov import SemiMarkovChain
from ner.decoding.states import edge_states, tag_states
from ner.model.crf import FORBIDDEN
from ner.model.crf.layer import LinearChain
from ner.tags import OUTSIDE

# Log probability of what is impossible; finite, so that sums and differences of it are numbers.
_IMPOSSIBLE = -1e30


class Decoder:
    """Finds the best tag sequence and the entities in it with their probabilities.

    Args:
      chain: the ``LinearChain`` to decode with.
      tag_set: the ``TagSet`` the emissions are over.
      options: ``DecodingOptions``. The scores are posterior probabilities given that the sequence is one that they allow.
    """

    def __init__(self, chain, tag_set, options=DEFAULT_OPTIONS):
        self.tag_set, self._chain, self._options = tag_set, chain, options
        self._masks = options.masks(tag_set)
        self._continues = tf.constant(tag_set.continues)
        self._is_entity = tf.constant([tag != OUTSIDE for tag in tag_set.tags])

    def tags(self, emissions, lengths, edges=None):
        """Best tag ids int32 [B, T], 0 in the padding; arguments as ``entities``."""
        paths = self._paths(emissions, edges)
        return paths.tags(paths.chain.decode(paths.emissions, lengths)[0])

    def entities(self, emissions, lengths, span_scores=None, edges=None):
        """Best tags, and the entities in them in the conlleval reading.

        An entity's score is the posterior probability that exactly this span is an entity of this type: the share of all
        (legal) tag sequences, weighted by their exp(score), in whose reading it is one. Not a product of the characters'
        marginal probabilities.

        Args:
          emissions: float [B, T, K].
          lengths: int32 [B], in [0, T].
          span_scores: None, or float [B, T, A, L]: at [b, t, a, l], what is added to the score of every tag sequence with an
            entity of type l (as ``tag_set.types`` counts them) that has a + 1 characters and ends with character t.
          edges: None, or int32 [B, T]: the characters' classes (:mod:`ner.edges`), if the options say that they count. None is quicker,
            and the same as where all are ``FREE``.

        Returns:
          dict of tensors [B, T]: ``tags`` int32, 0 in the padding; ``opens`` and ``closes`` bool, the first and last
          characters of entities; ``scores`` float32 in [0, 1], an entity's at the character that closes it, else 0.
        """
        steps = tf.shape(emissions)[1]
        paths = self._paths(emissions, edges)
        if span_scores is None:
            # On at least one column, as the semi-Markov chain.
            found, unary, alpha, beta = paths.chain.decode_and_sum(paths.emissions, lengths)
        else:
            chain = SemiMarkovChain(paths.chain, paths.states)
            found = chain.decode(paths.emissions, lengths, span_scores)
            found = tf.pad(found, [[0, 0], [0, tf.maximum(steps, 1) - steps]])
        tags = paths.tags(found)
        opens, closes = self._borders(tags, lengths)
        if span_scores is None:
            scores = self._probabilities(paths, unary, alpha, beta, lengths, tags, opens, closes)
        else:
            scores = self._probabilities_with_span_scores(paths, chain, lengths, span_scores, found, opens)
            scores = tf.where(closes, scores, 0.0)
        # Rounding can lift a sure entity a little above 1.
        scores = tf.clip_by_value(scores, 0.0, 1.0)
        outputs = {"tags": tags, "opens": opens, "closes": closes, "scores": scores}
        return {name: value[:, :steps] for name, value in outputs.items()}

    def _paths(self, emissions, edges):
        if edges is None or not self._options.edges:
            return _Paths(self._chain, tag_states(self.tag_set, self._masks), emissions)
        return _Paths(self._chain, edge_states(self.tag_set, self._masks, self._options.punctuation), emissions, edges)

    def entities_in_graph(self, emissions, lengths, edges=None):
        """``entities`` in an exported graph, which does not know T: any T of at least 1 that comes at run time.

        The loops run over all characters but the first, and the graph needs one to loop over.
        """
        steps = tf.shape(emissions)[1]
        missing = tf.maximum(2 - steps, 0)
        emissions = tf.pad(emissions, [[0, 0], [0, missing], [0, 0]])
        if edges is not None:
            edges = tf.pad(edges, [[0, 0], [0, missing]])
        return {name: value[:, :steps] for name, value in self.entities(emissions, lengths, edges=edges).items()}

    def _borders(self, tags, lengths):
        """Places at which the entities of tag sequences open and close: two bool [B, T]."""
        real = tf.sequence_mask(lengths, tf.shape(tags)[1])
        entity = tf.gather(self._is_entity, tags) & real
        continues = tf.gather_nd(tf.cast(self._continues, tf.int32), tf.stack([tags[:, :-1], tags[:, 1:]], axis=-1)) > 0
        continues &= real[:, 1:]
        nothing = tf.zeros_like(real[:, :1])
        return entity & ~tf.concat([nothing, continues], axis=1), entity & ~tf.concat([continues, nothing], axis=1)

    def _probabilities(self, paths, unary, alpha, beta, lengths, tags, opens, closes):
        """Probability of each entity, at the character that closes it, else 0: float32 [B, T].

        Given all that is known of the text the tags are a Markov chain: an entity's probability is that of beginning where it does,
        summed over the ways that continue it up to its last character, times that of ending there.
        """
        num_states, transitions = len(paths.states.tags), paths.chain.transitions
        barred = tf.where(tf.constant(paths.states.continues), _IMPOSSIBLE, 0.0)
        only_continuing = tf.where(tf.constant(paths.states.continues), 0.0, _IMPOSSIBLE)
        labels = paths.states.labels
        same_label = tf.constant(labels[: len(self.tag_set), None] == labels)  # [K, S]: the first states are the tags
        first, last = (tf.where(borders) for borders in (opens, closes))  # each [E, 2], row and character
        columns = tf.shape(tags, tf.int64)[1]
        # Places among the characters of all rows.
        firsts, lasts = (place[:, 0] * columns + place[:, 1] for place in (first, last))
        # log P(tag | tag before) is log softmax(transitions + what is to come); by rows of this.
        here = tf.reshape(unary + beta, [-1, num_states])
        before = tf.gather(tf.reshape(alpha, [-1, num_states]), tf.maximum(firsts - 1, 0))

        # log P(tag at the first character, it continues nothing) [E, K]: the ways there that continue nothing over all ways there.
        at_first = tf.gather(here, firsts)
        ways = before[:, :, None] + transitions
        begun = tf.reduce_logsumexp(ways + barred, axis=1) + at_first
        begun -= tf.reduce_logsumexp(tf.reduce_logsumexp(ways, axis=1) + at_first, axis=-1, keepdims=True)
        begun = tf.where(first[:, 1:] == 0, tf.nn.log_softmax(at_first), begun)
        begun += tf.where(tf.gather(same_label, tf.gather(tf.reshape(tags, [-1]), firsts)), 0.0, _IMPOSSIBLE)

        def further(place, entity):
            return place + 1, tf.where((firsts + place <= lasts)[:, None], continued(place, entity), entity)

        def continued(place, entity):
            onward = transitions + tf.gather(here, tf.minimum(firsts + place, lasts))[:, None, :]
            return tf.reduce_logsumexp(entity[:, :, None] + tf.nn.log_softmax(onward) + only_continuing, axis=1)

        longest = tf.reduce_max(lasts - firsts)  # of no entities: the lowest number
        entity = tf.while_loop(lambda place, _: place <= longest, further, (tf.constant(1, tf.int64), begun))[1]

        # log P(the entity ends here | its tag here) [E, K]
        after = tf.gather(here, tf.minimum(lasts + 1, tf.shape(here, tf.int64)[0] - 1))
        stop = tf.reduce_logsumexp(tf.nn.log_softmax(transitions + after[:, None, :]) + barred, axis=-1)
        at_end = last[:, 1] >= tf.gather(tf.cast(lengths, tf.int64), last[:, 0]) - 1
        stop = tf.where(at_end[:, None], 0.0, stop)
        return tf.scatter_nd(last, tf.exp(tf.reduce_logsumexp(entity + stop, axis=-1)), tf.shape(tags, tf.int64))

    def _probabilities_with_span_scores(self, paths, chain, lengths, span_scores, found, opens):
        """As ``_probabilities``, in the distribution that the span scores have changed.

        The derivative of the log partition function by a span's score is the probability of that span.
        """
        positions = tf.range(tf.shape(found)[1])
        starts = tf.where(opens, positions, 0)
        # Entities are in order, so the last start so far is the largest.
        starts = tf.reduce_max(tf.where(positions[:, None] >= positions, starts[:, None, :], 0), axis=-1)
        ages = positions - starts
        inside = tf.gather(self._is_entity, paths.tags(found)) & tf.sequence_mask(lengths, tf.shape(found)[1])
        ages = tf.where(inside, ages, 0)
        longest = tf.maximum(tf.shape(span_scores)[2], tf.reduce_max(ages) + 1)
        missing_columns = tf.shape(found)[1] - tf.shape(span_scores)[1]
        span_scores = tf.pad(span_scores, [[0, 0], [0, missing_columns], [0, longest - tf.shape(span_scores)[2]], [0, 0]])
        with tf.GradientTape() as tape:
            tape.watch(span_scores)
            log_partition = chain.log_partition(paths.emissions, lengths, span_scores)
        probabilities = tape.gradient(log_partition, span_scores)
        return tf.gather(tf.gather(probabilities, ages, batch_dims=2), tf.gather(chain.label_ids, found), batch_dims=2)


class _Paths:
    """The states that sequences are made of, and the chain over them.

    Args:
      chain: the ``LinearChain`` over the tags.
      states: ``States``.
      emissions: float [B, T, K].
      edges: int32 [B, T], the characters' classes, if the states know of them.

    Attributes:
      chain: the ``LinearChain`` over the states, masked.
      emissions: float [B, T, S].
    """

    def __init__(self, chain, states, emissions, edges=None):
        self.states = states
        if edges is not None:
            tags = tf.constant(states.tags)
            transitions = tf.gather(tf.gather(chain.transitions, tags), tags, axis=1)
            chain = LinearChain(transitions, tf.gather(chain.start, tags), tf.gather(chain.end, tags), chain.parallel_scan)
            at = tf.where(tf.constant(states.at), 0.0, FORBIDDEN)
            emissions = tf.gather(tf.cast(emissions, tf.float32), tags, axis=2) + tf.gather(at, edges)
        self.chain: LinearChain = chain.masked(*states.masks) if states.masks else chain
        self.emissions = emissions

    def tags(self, found):
        """Tags of states."""
        # Where characters do not count, they are the same.
        return found if self.states.at is None else tf.gather(tf.constant(self.states.tags), found)
