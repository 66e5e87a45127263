"""Bidirectional LSTM over the characters of a sentence.

Shapes: B batch, T characters, H input width, U units per direction.
"""

import tensorflow as tf

from albert import clusters
from albert.devices import on_accelerator


class BiLSTM(tf.keras.layers.Layer):
    """Forward and backward LSTM, side by side (paper, section 3.3, without the peepholes of eqs. 11, 12 and 14).

    In float32. On a GPU or TPU it is Keras' layer, there cuDNN's, whose gates are accumulated in float32 anyway. On a CPU, where Keras
    runs a dozen operations for each character, it is one operation for all characters of a direction, and one for their gradient.

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
        if on_accelerator():
            return _both_ways(self.forward, self.backward, x, lengths)
        return self.call_on_cpu(x, lengths)

    def call_on_cpu(self, x, lengths):
        """As ``call``, by the operations for a CPU whatever devices there are."""
        return _both_ways(*(_one_operation(direction.cell) for direction in (self.forward, self.backward)), x, lengths)

    def weight_map(self):
        """Weights as Keras stores them: {forward,backward}/{kernel [H, 4U], recurrent_kernel [U, 4U], bias [4U]}, gates i, f, c, o."""
        return {
            f"{name}/{attribute}": getattr(direction.cell, attribute)
            for name, direction in (("forward", self.forward), ("backward", self.backward))
            for attribute in ("kernel", "recurrent_kernel", "bias")
        }


def _both_ways(forward, backward, x, lengths):
    """``BiLSTM.call`` with the states [B, T, U] that two functions of [B, T, H] give."""
    x = tf.cast(x, tf.float32)
    # The backward direction runs over each row reversed within its own length. Padding then comes last in both directions, so neither
    # needs a mask: the fast path of Keras and of cuDNN.
    states = backward(tf.reverse_sequence(x, lengths, seq_axis=1))
    states = tf.concat([forward(x), tf.reverse_sequence(states, lengths, seq_axis=1)], axis=-1)
    return states * tf.sequence_mask(lengths, tf.shape(x)[1], dtype=tf.float32)[:, :, None]


def _one_operation(cell):
    def states(x):
        # Keras and this operation both have the gates in the order i, f, c, o.
        weights = tf.concat([cell.kernel, cell.recurrent_kernel], axis=0)
        return tf.transpose(_block_lstm(tf.transpose(x, [1, 0, 2]), weights, tf.convert_to_tensor(cell.bias)), [1, 0, 2])

    return states


@tf.custom_gradient
def _block_lstm(x, weights, bias):
    """Hidden states float32 [T, B, U] from x float32 [T, B, H], weights [H + U, 4U] and bias [4U]."""
    steps, batch, units = tf.shape(x)[0], tf.shape(x)[1], bias.shape[0] // 4
    zeros, no_peephole = tf.zeros([batch, units]), tf.zeros([units])
    outputs = tf.raw_ops.BlockLSTMV2(
        seq_len_max=tf.cast(steps, tf.int64),
        x=x,
        cs_prev=zeros,
        h_prev=zeros,
        w=weights,
        wci=no_peephole,
        wcf=no_peephole,
        wco=no_peephole,
        b=bias,
        cell_clip=-1.0,  # negative: none
        use_peephole=False,
    )

    def gradient(dh):
        gates = _gate_gradients(outputs, dh, weights[-units:])
        rows = tf.reshape(gates, [-1, 4 * units])
        before = tf.concat([zeros[None], outputs.h[:-1]], axis=0)
        seen = tf.reshape(tf.concat([x, before], axis=-1), [-1, weights.shape[0]])
        dx = tf.reshape(tf.matmul(rows, weights[:-units], transpose_b=True), tf.shape(x))
        return dx, tf.matmul(seen, rows, transpose_a=True), clusters.column_sums(rows)

    return outputs.h, gradient


def _gate_gradients(outputs, dh, recurrent):
    """Gradient [T, B, 4U] of the gates i, f, c, o before their activations.

    TensorFlow's own gradient operation for all steps adds to the gradient of the weights at each; here that is one product
    for all, made of what this returns.

    Args:
      outputs: of ``BlockLSTMV2``, each [T, B, U].
      dh: gradient of the hidden states [T, B, U].
      recurrent: recurrent kernel [U, 4U].
    """
    units = dh.shape[-1]
    zeros, no_peephole = tf.zeros_like(dh[0]), tf.zeros([units])
    before = tf.concat([zeros[None], outputs.cs[:-1]], axis=0)
    # One array to read from in each step.
    kept = tf.stack([before, outputs.i, outputs.cs, outputs.f, outputs.o, outputs.ci, outputs.co, dh], axis=1)
    steps = tf.shape(dh)[0]
    kept = tf.TensorArray(tf.float32, steps, element_shape=kept.shape[1:]).unstack(kept)
    # The operation for one step has its gates in the order i, c, f, o.
    to_hidden = tf.transpose(_swap(recurrent))
    nothing, unused = tf.zeros([tf.shape(dh)[1], 0]), tf.zeros([4 * units])

    def step(t, gates, dcs, dh):
        cs_prev, i, cs, f, o, ci, co, dh_here = tf.unstack(kept.read(t))
        dcs, here, *_ = tf.raw_ops.LSTMBlockCellGrad(
            x=nothing,
            cs_prev=cs_prev,
            h_prev=cs_prev,
            w=recurrent,
            wci=no_peephole,
            wcf=no_peephole,
            wco=no_peephole,
            b=unused,
            i=i,
            cs=cs,
            f=f,
            o=o,
            ci=ci,
            co=co,
            cs_grad=dcs,
            h_grad=dh_here + dh,
            use_peephole=False,
        )
        return t - 1, gates.write(t, here), dcs, tf.matmul(here, to_hidden)

    gates = tf.TensorArray(tf.float32, steps, element_shape=[None, 4 * units])
    _, gates, _, _ = tf.while_loop(lambda t, *_: t >= 0, step, (steps - 1, gates, zeros, zeros), maximum_iterations=steps)
    return _swap(gates.stack())


def _swap(gates):
    """From the order i, c, f, o of the last axis to i, f, c, o, or back."""
    i, second, third, o = tf.split(gates, 4, axis=-1)
    return tf.concat([i, third, second, o], axis=-1)
