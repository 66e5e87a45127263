"""Bidirectional lattice LSTM: a character LSTM that also takes in the words of a lexicon, whole sentences in a batch.

Shapes: B batch, T characters, H input width, U units per direction, E word vector width, S = slots for words of 2, 3, …, S + 1
characters; D = 2 directions.
"""

import tensorflow as tf

from ner.layers.recurrence import DIRECTIONS, Bidirectional, loop


class LatticeBiLSTM(Bidirectional):
    """Lattice LSTM of Zhang and Yang, 2018 (arXiv:1805.02023, section 3.3), forward and backward.

    Characters have a standard LSTM cell (eqs. 11, 12). A word that spans the characters b to e has a cell of its own, without
    an output gate, that starts from the state at its first character (eq. 13)::

        i, f, c̃ = σ, σ, tanh of W_w [w ; h_b] + b_w
        c_w = f ∘ c_b + i ∘ c̃

    and a gate against the character it ends at (eq. 14): i_w = σ(W_l [x_e ; c_w] + b_l). Where words end, the character's cell
    is the mean of its own candidate and of theirs (eq. 15), with weights that are the softmax of the gates, for each unit over
    the character's input gate i_e and all i_w (eq. 16). Where none ends, c_e = f_e ∘ c_{e-1} + i_e ∘ c̃_e as in any LSTM.

    At one character at most one word of each length ends, so the words that end there fill fixed slots by length, and the states
    they start from are those of the last S steps.

    Args:
      input_size: H.
      units: U.
      word_size: E.
      num_slots: S; the longest word has S + 1 characters.
      dtype: of weights and arithmetic.

    Weights, per direction; gates of characters in the order i, f, c, o, of words i, f, c:
      kernel [H, 4U], recurrent_kernel [U, 4U], bias [4U]; word_kernel [E, 3U], word_recurrent_kernel [U, 3U],
      word_bias [3U]; gate_kernel [H, U], gate_recurrent_kernel [U, U], gate_bias [U].
    """

    def __init__(self, input_size, units, word_size, num_slots, name="lattice", **kwargs):
        super().__init__(units, name, **kwargs)
        self.num_slots = num_slots
        self.add_weights("kernel", [input_size, 4 * units], "glorot_uniform")
        self.add_weights("recurrent_kernel", [units, 4 * units], "orthogonal")
        self.add_weights("bias", [4 * units], "zeros")
        self.add_weights("word_kernel", [word_size, 3 * units], "glorot_uniform")
        self.add_weights("word_recurrent_kernel", [units, 3 * units], "orthogonal")
        self.add_weights("word_bias", [3 * units], "zeros")
        self.add_weights("gate_kernel", [input_size, units], "glorot_uniform")
        self.add_weights("gate_recurrent_kernel", [units, units], "orthogonal")
        self.add_weights("gate_bias", [units], "zeros")
        self.built = True

    def call(self, x, lengths, words, present):
        """Hidden states of both directions.

        Args:
          x: float [B, T, H].
          lengths: int32 [B]; padding is on the right and leaves the states of real characters untouched.
          words: float [B, T, S, E]; at [b, t, s] the vector of the word of s + 2 characters that starts at character t.
          present: bool [B, T, S], whether there is one; no word reaches into the padding.

        Returns:
          [B, T, 2U] in the layer's dtype, 0 in the padding.
        """
        x = self.both_ways(tf.cast(x, self.dtype), lengths)
        words = self._by_end(tf.cast(words, self.dtype), lengths)
        present = self._by_end(tf.cast(present, self.dtype)[..., None], lengths)
        kernel, bias = (tf.concat([self.both(part), self.both(f"gate_{part}")], axis=-1) for part in ("kernel", "bias"))
        from_characters = self.project(x, kernel, bias)
        from_words = self._project_words(words)
        present = tf.transpose(present, [2, 0, 1, 3, 4])

        units, num_slots = self.units, self.num_slots
        recurrent = tf.concat([self.both("recurrent_kernel"), self.both("word_recurrent_kernel")], axis=-1)
        gate_recurrent = self.both("gate_recurrent_kernel")
        directions, batch = len(DIRECTIONS), tf.shape(x)[1]

        def step(state, from_character, from_word, mask):
            h, starts, cells = state
            z_if, z_c, z_o, x_gate = tf.split(from_character, [2 * units, units, units, units], axis=-1)
            h_if, h_c, h_o, h_word = tf.split(tf.matmul(h, recurrent), [2 * units, units, units, 3 * units], axis=-1)
            i, f = tf.split(tf.sigmoid(z_if + h_if), 2, axis=-1)
            candidate = tf.tanh(z_c + h_c)
            # What the words start from, nearest character first: slot s holds words that began s + 1 characters ago.
            starts = tf.concat([h_word[:, :, None], starts[:, :, :-1]], axis=2)
            w_if, w_c = tf.split(from_word + starts, [2 * units, units], axis=-1)
            w_i, w_f = tf.split(tf.sigmoid(w_if), 2, axis=-1)
            word_cells = w_f * cells + w_i * tf.tanh(w_c)
            rows = tf.reshape(word_cells, [directions, batch * num_slots, units])
            seen = tf.reshape(tf.matmul(rows, gate_recurrent), [directions, batch, num_slots, units])
            # The gates lie in (0, 1): their exponentials need no shift.
            weights = tf.exp(tf.sigmoid(x_gate[:, :, None] + seen)) * mask
            own = tf.exp(i)
            mixed = (own * candidate + tf.reduce_sum(weights * word_cells, axis=2)) / (own + tf.reduce_sum(weights, axis=2))
            c = tf.where(tf.reduce_max(mask, axis=2) > 0, mixed, f * cells[:, :, 0] + i * candidate)
            h = tf.sigmoid(z_o + h_o) * tf.tanh(c)
            return h, starts, tf.concat([c[:, :, None], cells[:, :, :-1]], axis=2)

        state = (
            tf.zeros([directions, batch, units], self.dtype),
            tf.zeros([directions, batch, num_slots, 3 * units], self.dtype),
            tf.zeros([directions, batch, num_slots, units], self.dtype),
        )
        return self.outputs(loop(step, (from_characters, from_words, present), state), lengths)

    def _by_end(self, x, lengths):
        """Slots by first character to slots by last character, as each direction reads: [B, T, S, …] to [D, B, T, S, …].

        Read backwards, a word ends at what is its first character.
        """
        steps = tf.shape(x)[1]
        shifted = [tf.pad(x[:, :, s], [[0, 0], [s + 1, 0], [0, 0]])[:, :steps] for s in range(self.num_slots)]
        return tf.stack([tf.stack(shifted, axis=2), tf.reverse_sequence(x, lengths, seq_axis=1)])

    def _project_words(self, words):
        """The word vectors' part of the word cells' gates: [D, B, T, S, E] to [T, D, B, S, 3U]."""
        shape = tf.shape(words)
        rows = tf.reshape(words, [len(DIRECTIONS), -1, words.shape[-1]])
        gates = tf.matmul(rows, self.both("word_kernel")) + self.both("word_bias")[:, None, :]
        gates = tf.reshape(gates, [len(DIRECTIONS), shape[1], shape[2], self.num_slots, 3 * self.units])
        return tf.transpose(gates, [2, 0, 1, 3, 4])
