"""The words of a lexicon in a TensorFlow graph: what an exported lattice needs besides characters.

Shapes: N characters, S slots for words of 2, 3, …, S + 1 characters.
"""

import numpy as np
import tensorflow as tf

from ner.lattice.trie import CODE_POINT_BITS


class GraphLexicon:
    """The graph's form of a ``WordLexicon``: the same search over the same tables, and the same ids.

    Args:
      lexicon: a ``WordLexicon``.
    """

    def __init__(self, lexicon):
        self._num_slots = lexicon.max_word_length - 1
        # Straight to the model's ids: one table less to go through.
        levels = lexicon.trie.levels[: lexicon.max_word_length]
        self._levels = [(edges, lexicon.model_ids[ids].astype(np.int32)) for edges, ids in levels]

    def match(self, points, ends):
        """The words that start at each character; as ``WordLexicon.match`` gives them.

        Args:
          points: int32 [N], code points of several texts end to end.
          ends: int32 [N], the end of the text that each belongs to.

        Returns:
          int32 [N, S].
        """
        places = tf.range(tf.size(points))
        nodes, alive = tf.zeros_like(points, tf.int64), tf.ones_like(points, tf.bool)
        found = []
        for depth, (table, ids) in enumerate(self._levels):
            characters = tf.gather(points, tf.minimum(places + depth, tf.size(points) - 1))
            wanted = tf.bitwise.left_shift(nodes, tf.constant(CODE_POINT_BITS, tf.int64)) | tf.cast(characters, tf.int64)
            edges = tf.constant(table)
            reached = tf.minimum(tf.searchsorted(edges, wanted), tf.size(edges) - 1)
            alive &= (places + depth < ends) & (tf.gather(edges, reached) == wanted)
            nodes = tf.where(alive, tf.cast(reached, tf.int64), 0)
            if depth:
                found.append(tf.where(alive, tf.gather(tf.constant(ids), reached), 0))
        found += [tf.zeros_like(points)] * (self._num_slots - len(found))
        return tf.stack(found, axis=1)
