"""Bidirectional lattice LSTM: a character LSTM that also takes in the words of a lexicon, whole sentences in a batch.

Shapes: B batch, T characters, H input width, U units per direction, E word vector width, N words in the batch, S slots for words
of 2, 3, …, S + 1 characters; D = 2 directions.
"""

import tensorflow as tf

from ner.model.recurrent.base import DIRECTIONS, Bidirectional, loop


class LatticeBiLSTM(Bidirectional):
    """Lattice LSTM of Zhang and Yang, 2018 (arXiv:1805.02023, section 3.3), forward and backward.

    Characters have a standard LSTM cell (eqs. 11, 12). A word that spans the characters b to e has a cell of its own, without
    an output gate, that starts from the state at its first character (eq. 13)::

        i, f, c̃ = σ, σ, tanh of W_w [w ; h_b] + b_w
        c_w = f ∘ c_b + i ∘ c̃

    and a gate against the character it ends at (eq. 14): i_w = σ(W_l [x_e ; c_w] + b_l). Where words end, the character's cell
    is the mean of its own candidate and of theirs (eq. 15), with weights that are the softmax of the gates, for each unit over
    the character's input gate i_e and all i_w (eq. 16). Where none ends, c_e = f_e ∘ c_{e-1} + i_e ∘ c̃_e as in any LSTM.

    All that a word's cell and gate depend on is known once its first character's state is: they are computed there, and wait in
    sums over the words that end 1, 2, …, S characters later. Only the words that are there are computed, not a slot for every
    word that could be.

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

    @classmethod
    def from_tagger_config(cls, config):
        """The layer for a ``TaggerConfig`` that has a lattice."""
        lattice = config.lattice
        return cls(config.num_features, config.lstm_units, lattice.word_embedding_size, lattice.num_slots)

    def call(self, x, lengths, words, places):
        """Hidden states of both directions.

        Args:
          x: float [B, T, H].
          lengths: int32 [B]; padding is on the right and leaves the states of real characters untouched.
          words: float [N, E], vectors.
          places: int [N, 3], of each word its row, its first character, and its length less 2; no word reaches into the padding.

        Returns:
          [B, T, 2U] in the layer's dtype, 0 in the padding.
        """
        x = self.both_ways(tf.cast(x, self.dtype), lengths)
        from_characters = self.project(x, self.both("kernel"), self.both("bias"))
        gates = self.project(x, self.both("gate_kernel"), self.both("gate_bias"))
        from_words, targets, counts = self._words_by_start(tf.cast(words, self.dtype), tf.cast(places, tf.int32), lengths, gates)
        first = tf.cumsum(counts, exclusive=True)

        units, num_slots = self.units, self.num_slots
        directions, batch = len(DIRECTIONS), tf.shape(x)[1]
        rows = directions * batch
        recurrent = tf.concat([self.both("recurrent_kernel"), self.both("word_recurrent_kernel")], axis=-1)
        # The words of both directions stand mixed: each is multiplied by both directions' weights, side by side, and takes its own.
        gate_recurrent = tf.concat([self.forward_gate_recurrent_kernel, self.backward_gate_recurrent_kernel], axis=1)

        def step(state, from_character, from_word, begin, count):
            _, from_state, c, ending, *waiting = state
            z_if, z_c, z_o = tf.split(from_character + from_state, [2 * units, units, units], axis=-1)
            i, f = tf.split(tf.sigmoid(z_if), 2, axis=-1)
            candidate = tf.tanh(z_c)
            cells, weights = tf.split(tf.reshape(ending, [directions, batch, 2 * units]), 2, axis=-1)
            # The gates lie in (0, 1): their exponentials need no shift, and a sum of them is 0 only where no word ends.
            own = tf.exp(i)
            c = tf.where(weights > 0, (own * candidate + cells) / (own + weights), f * c + i * candidate)
            h = tf.sigmoid(z_o) * tf.tanh(c)
            from_state, for_words = tf.split(tf.matmul(h, recurrent), [4 * units, 3 * units], axis=-1)
            target = targets[begin : begin + count]
            starts = tf.reshape(tf.concat([for_words, c], axis=-1), [rows, 4 * units])
            outputs = self._word_outputs(tf.gather(starts, target % rows), from_word, (target % rows) >= batch, gate_recurrent)
            new = tf.math.unsorted_segment_sum(outputs, target, num_slots * rows)
            *new, furthest = tf.unstack(tf.reshape(new, [num_slots, rows, 2 * units]), num_slots)
            return (h, from_state, c, *(sums + added for sums, added in zip(waiting, new)), furthest)

        zeros = tf.zeros([directions, batch, units], self.dtype)
        sums = [tf.zeros([rows, 2 * units], self.dtype)] * num_slots
        state = (zeros, tf.tile(zeros, [1, 1, 4]), zeros, *sums)
        return self.outputs(loop(step, (from_characters, from_words, first, counts), state), lengths)

    def _word_outputs(self, starts, from_word, backward, gate_recurrent):
        """Contribution of words to the characters at which they end.

        Args:
          starts: [n, 4U], of each word's first character the state's part of the word's gates, and the cell.
          from_word: [n, 4U], the word vector's part of its gates, and the last character's part of the gate against it.
          backward: bool [n], whether the word is read backwards.
          gate_recurrent: [U, D·U].

        Returns:
          [n, 2U]: exp(i_w) ∘ c_w and exp(i_w).
        """
        units = self.units
        s_if, s_c, start_cell = tf.split(starts, [2 * units, units, units], axis=-1)
        w_if, w_c, x_gate = tf.split(from_word, [2 * units, units, units], axis=-1)
        i, f = tf.split(tf.sigmoid(s_if + w_if), 2, axis=-1)
        cell = f * start_cell + i * tf.tanh(s_c + w_c)
        ahead, back = tf.split(tf.matmul(cell, gate_recurrent), 2, axis=-1)
        weight = tf.exp(tf.sigmoid(x_gate + tf.where(backward[:, None], back, ahead)))
        return tf.concat([weight * cell, weight], axis=-1)

    def _words_by_start(self, words, places, lengths, gates):
        """The words of both directions in the order in which the loop meets their first characters.

        Args:
          words: [N, E].
          places: int32 [N, 3].
          lengths: int32 [B].
          gates: [T, D, B, U], the characters' part of the gates against words that end there.

        Returns:
          (TensorArray of T elements [n, 4U], ``from_word`` of ``_word_outputs``; int32 [D·N], each word's slot · D · B + direction · B +
          row; int32 [T], the n of each step).
        """
        row, start, slot = tf.unstack(places, axis=1)
        # Read backwards, a word starts at what is its last character and ends at what is its first.
        last = tf.gather(lengths, row) - 1
        batch, steps = tf.shape(lengths)[0], tf.shape(gates)[0]
        start = tf.concat([start, last - start - slot - 1], axis=0)
        row = tf.concat([row, row + batch], axis=0)
        slot = tf.tile(slot, [2])
        order = tf.argsort(start, stable=True)
        flat = tf.reshape(gates, [-1, self.units])
        ends = (start + slot + 1) * len(DIRECTIONS) * batch + row
        kernel, bias = self.both("word_kernel"), self.both("word_bias")
        from_vectors = tf.matmul(tf.tile(words[None], [2, 1, 1]), kernel) + bias[:, None, :]
        from_word = tf.concat([tf.reshape(from_vectors, [-1, 3 * self.units]), tf.gather(flat, ends)], axis=-1)
        counts = tf.math.bincount(start, minlength=steps, maxlength=steps)
        array = tf.TensorArray(self.dtype, steps, infer_shape=False, element_shape=[None, 4 * self.units])
        return array.split(tf.gather(from_word, order), counts), tf.gather(slot * len(DIRECTIONS) * batch + row, order), counts
