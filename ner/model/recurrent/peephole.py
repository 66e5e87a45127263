"""Bidirectional LSTM with peephole connections: the cell of the paper's eqs. (11)-(15).

Shapes: B batch, T characters, H input width, U units per direction.
"""

import tensorflow as tf

from ner.model.recurrent.base import DIRECTIONS, Bidirectional, loop


class PeepholeBiLSTM(Bidirectional):
    """Forward and backward LSTM whose gates see the cell state (Gers et al., 2002; paper, eqs. 11-15).

    The paper prints a single weight matrix from cell to gate; as in the original peephole LSTM it is diagonal. The input and
    forget gates see the cell state before the step (c_{t-1}), the output gate the one after it (c_t)::

        i_t = σ(W_xi x_t + W_hi h_{t-1} + w_ci ∘ c_{t-1} + b_i)                 (11)
        f_t = σ(W_xf x_t + W_hf h_{t-1} + w_cf ∘ c_{t-1} + b_f)                 (12)
        c_t = f_t ∘ c_{t-1} + i_t ∘ tanh(W_xc x_t + W_hc h_{t-1} + b_c)         (13)
        o_t = σ(W_xo x_t + W_ho h_{t-1} + w_co ∘ c_t + b_o)                     (14)
        h_t = o_t ∘ tanh(c_t)                                                   (15)

    Args:
      input_size: H.
      units: U.
      dtype: of weights and arithmetic.

    Weights, per direction, gates in the order i, f, c, o:
      kernel [H, 4U], recurrent_kernel [U, 4U], bias [4U] (1 for the forget gate at first), peephole [3, U] for i, f, o.
    """

    def __init__(self, input_size, units, name="peephole_bilstm", **kwargs):
        super().__init__(units, name, **kwargs)
        self.add_weights("kernel", [input_size, 4 * units], "glorot_uniform")
        self.add_weights("recurrent_kernel", [units, 4 * units], "orthogonal")
        self.add_weights("bias", [4 * units], _unit_forget_bias)
        self.add_weights("peephole", [3, units], "zeros")
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
        gates = self.project(x, self.both("kernel"), self.both("bias"))
        recurrent, peephole = self.both("recurrent_kernel"), self.both("peephole")
        # [D, 1, 2U] for i and f, which see the same cell state side by side, and [D, 1, U] for o.
        into_if = tf.reshape(peephole[:, :2], [len(DIRECTIONS), 1, 2 * self.units])
        into_o = peephole[:, 2:]

        def step(state, from_input):
            h, c = state
            z_if, z_c, z_o = tf.split(from_input + tf.matmul(h, recurrent), [2 * self.units, self.units, self.units], axis=-1)
            i, f = tf.split(tf.sigmoid(z_if + tf.concat([c, c], axis=-1) * into_if), 2, axis=-1)
            c = f * c + i * tf.tanh(z_c)
            o = tf.sigmoid(z_o + c * into_o)
            return o * tf.tanh(c), c

        zeros = tf.zeros([len(DIRECTIONS), tf.shape(x)[1], self.units], self.dtype)
        return self.outputs(loop(step, (gates,), (zeros, zeros)), lengths)


def _unit_forget_bias(shape, dtype=None, **_):
    units = shape[0] // 4
    return tf.concat([tf.zeros([units], dtype), tf.ones([units], dtype), tf.zeros([2 * units], dtype)], axis=0)
