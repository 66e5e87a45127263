"""Bidirectional GRU.

Shapes: B batch, T characters, H input width, U units per direction.
"""

import tensorflow as tf

from ner.model.recurrent.base import DIRECTIONS, Bidirectional, loop


class BiGRU(Bidirectional):
    """Forward and backward gated recurrent unit (Cho et al., 2014, arXiv:1406.1078, in the form cuDNN computes)::

        z = σ(W_z x + b_z + U_z h + d_z)
        r = σ(W_r x + b_r + U_r h + d_r)
        n = tanh(W_n x + b_n + r ∘ (U_n h + d_n))
        h = z ∘ h + (1 - z) ∘ n

    Args:
      input_size: H.
      units: U.
      dtype: of weights and arithmetic.

    Weights, per direction, gates in the order z, r, n as Keras' GRU with ``reset_after`` has them:
      kernel [H, 3U], recurrent_kernel [U, 3U], bias [2, 3U], rows b and d.
    """

    def __init__(self, input_size, units, name="bigru", **kwargs):
        super().__init__(units, name, **kwargs)
        self.add_weights("kernel", [input_size, 3 * units], "glorot_uniform")
        self.add_weights("recurrent_kernel", [units, 3 * units], "orthogonal")
        self.add_weights("bias", [2, 3 * units], "zeros")
        self.built = True

    def call(self, x, lengths):
        """Hidden states of both directions.

        Args:
          x: float [B, T, H].
          lengths: int32 [B]; padding is on the right and leaves the states of real characters untouched.

        Returns:
          [B, T, 2U] in the layer's dtype, 0 in the padding.
        """
        x = self.both_ways(tf.cast(x, self.dtype), lengths)
        bias = self.both("bias")
        gates = self.project(x, self.both("kernel"), bias[:, 0])
        recurrent, recurrent_bias = self.both("recurrent_kernel"), bias[:, 1:]
        sizes = [2 * self.units, self.units]

        def step(state, from_input):
            (h,) = state
            x_zr, x_n = tf.split(from_input, sizes, axis=-1)
            h_zr, h_n = tf.split(tf.matmul(h, recurrent) + recurrent_bias, sizes, axis=-1)
            z, r = tf.split(tf.sigmoid(x_zr + h_zr), 2, axis=-1)
            n = tf.tanh(x_n + r * h_n)
            return (n + z * (h - n),)

        zeros = tf.zeros([len(DIRECTIONS), tf.shape(x)[1], self.units], self.dtype)
        return self.outputs(loop(step, (gates,), (zeros,)), lengths)
