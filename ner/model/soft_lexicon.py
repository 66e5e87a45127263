"""SoftLexicon: the words that a lexicon finds at a character, as vectors beside the character's own.

Shapes: B batch, T characters, S slots for words of 2, 3, …, S + 1 characters, N words with vectors of their own, W width of those.
"""

import tensorflow as tf

from albert.keras import keras
from ner.model.config import NUM_SETS


class SoftLexicon(keras.layers.Layer):
    """Words as features of characters (Ma, Peng, Zhang, Wei and Huang, 2020: *Simplify the Usage of Lexicon in Chinese NER*, section 3.1).

    Each character has sets of the lexicon's words that match the sentence around it: words that begin with it, words that it is in the
    middle of, and words that end with it. A set's vector is the sum of its words' vectors times their frequencies, over the sum of the
    frequencies in all sets of the character, times the number of sets (the paper's eq. 8). Theirs has a fourth set, the character as a
    word of its own: here the encoder has read that one already.

    Which words begin at each character is known beforehand; the other sets are those, moved to the right. So it is a gather and a few
    sums over the whole batch, with no loop over characters.

    Args:
      num_words: N.
      word_size: W.
      num_slots: S.

    Weights:
      word [N + 1, W], row 0 for all words of the lexicon that have no row of their own; frequency [N + 1], which is not trained.
    """

    def __init__(self, num_words, word_size, num_slots, name="soft_lexicon", **kwargs):
        super().__init__(name=name, dtype="float32", autocast=False, **kwargs)
        self.num_slots = num_slots
        # Uniform with variance 1 / W: vectors of length about 1.
        limit = (3.0 / word_size) ** 0.5
        self.word = self.add_weight("word", [num_words + 1, word_size], initializer=keras.initializers.RandomUniform(-limit, limit))
        self.frequency = self.add_weight("frequency", [num_words + 1], initializer="ones", trainable=False)
        self.built = True

    def call(self, lattice_words):
        """Vectors of the characters' sets.

        Args:
          lattice_words: int32 [B, T, S], at [b, t, s] the id of the lexicon's word of s + 2 characters that starts at character t, and 0
            where there is none.

        Returns:
          float32 [B, T, 3W]: words begun, in their middle, and ended; 0 for an empty set.
        """
        rows = tf.maximum(lattice_words - 1, 0)
        frequencies = tf.where(lattice_words > 0, tf.gather(self.frequency, rows), 0.0)
        frequencies = tf.expand_dims(frequencies, -1)
        # The frequencies go along as one more number, and are so summed over the same sets.
        words = tf.concat([frequencies * tf.gather(self.word, rows), frequencies], axis=-1)
        slots = tf.unstack(words, num=self.num_slots, axis=2)
        begun = tf.add_n(slots)
        ended = tf.add_n([_moved(slot, s + 1) for s, slot in enumerate(slots)])
        # A word of s + 2 characters has s in its middle. Words of two have none: the first slot only lends its shape.
        middle = tf.add_n([0.0 * slots[0], *(_moved(slot, place) for s, slot in enumerate(slots) for place in range(1, s + 1))])
        sets = tf.stack([begun, middle, ended], axis=2)
        sums, totals = sets[..., :-1], tf.reduce_sum(sets[..., -1:], axis=2, keepdims=True)
        vectors = NUM_SETS * tf.math.divide_no_nan(sums, totals)
        shape = tf.shape(lattice_words)
        return tf.reshape(vectors, [shape[0], shape[1], NUM_SETS * self.word.shape[1]])


def _moved(x, places):
    """[B, T, ...] moved to the right over characters, with zeros on the left."""
    return tf.pad(x, [[0, 0], [places, 0], [0, 0]])[:, : tf.shape(x)[1]]
