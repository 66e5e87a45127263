"""Bidirectional LSTM over the characters of a sentence.

Shapes: B batch, T characters, H input width, U units per direction.
"""

import tensorflow as tf


class BiLSTM(tf.keras.layers.Layer):
    """Forward and backward LSTM, side by side (paper, section 3.3, without the peepholes of eqs. 11, 12 and 14).

    Keras' cell in float32: cuDNN on a GPU, where its gates are accumulated in float32 anyway.

    Args:
      input_size: H.
      units: U.
    """

    def __init__(self, input_size, units, name="bilstm", **kwargs):
        super().__init__(name=name, dtype="float32", **kwargs)
        self.forward = tf.keras.layers.LSTM(units, return_sequences=True, name="forward", dtype="float32")
        self.backward = tf.keras.layers.LSTM(units, return_sequences=True, name="backward", dtype="float32")
        for direction in (self.forward, self.backward):
            direction.build((None, None, input_size))
        self.built = True

    def call(self, x, lengths):
        """Hidden states of both directions.

        Args:
          x: float [B, T, H].
          lengths: int32 [B]; padding is on the right and leaves the states of real characters untouched.

        Returns:
          float32 [B, T, 2U], 0 in the padding.
        """
        x = tf.cast(x, tf.float32)
        # The backward direction runs over each row reversed within its own length. Padding then comes last in both
        # directions, so neither needs a mask: the fast path of Keras on CPU and of cuDNN.
        forward = self.forward(x)
        backward = tf.reverse_sequence(self.backward(tf.reverse_sequence(x, lengths, seq_axis=1)), lengths, seq_axis=1)
        mask = tf.sequence_mask(lengths, tf.shape(x)[1], dtype=tf.float32)
        return tf.concat([forward, backward], axis=-1) * mask[:, :, None]

    def weight_map(self):
        """Weights as Keras stores them: {forward,backward}/{kernel [H, 4U], recurrent_kernel [U, 4U], bias [4U]}, gates i, f, c, o."""
        return {
            f"{name}/{attribute}": getattr(direction.cell, attribute)
            for name, direction in (("forward", self.forward), ("backward", self.backward))
            for attribute in ("kernel", "recurrent_kernel", "bias")
        }
