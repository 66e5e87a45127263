"""Bidirectional LSTM over the characters of a sentence.

Shapes: B batch, T characters, H input width, U units per direction.
"""

import tensorflow as tf

from albert.arithmetic import plain
from albert.arithmetic.devices import on_accelerator
from albert.keras import keras
from ner.model.recurrent.base import RecurrentLayer
from ner.model.recurrent.unrolled import unrolled_scan

# For one sentence a loop takes longer than the operation where there are fewer weights to read; for many, as long.
_LEAST_WIDTH_FOR_LOOPS = 512


class BiLSTM(RecurrentLayer):
    """Forward and backward LSTM, side by side (paper, section 3.3, without the peepholes of eqs. 11, 12 and 14).

    In float32. On a GPU or TPU it is Keras' layer, there cuDNN's, whose gates are accumulated in float32 anyway. On a CPU, where Keras
    runs a dozen operations for each character, training has one operation for all characters of a direction, and a loop for their
    gradient. That operation reads all weights for each character; so outside training, where H is 512 or more, the input's part of the
    gates is one product for all characters, in bfloat16 for an x in bfloat16, and a loop adds what comes of the character before.

    Args:
      input_size: H.
      units: U.
    """

    def __init__(self, input_size, units, name="bilstm", **kwargs):
        # Not autocast: the product with x may be one in bfloat16.
        super().__init__(name=name, dtype="float32", autocast=False, **kwargs)
        self.forward = keras.layers.LSTM(units, return_sequences=True, name="forward", dtype="float32")
        self.backward = keras.layers.LSTM(units, return_sequences=True, name="backward", dtype="float32")
        for direction in (self.forward, self.backward):
            direction.build((None, None, input_size))
        self.loops = input_size >= _LEAST_WIDTH_FOR_LOOPS
        self.built = True

    def call(self, x, lengths, training=None):
        """Hidden states of both directions.

        Args:
          x: float [B, T, H].
          lengths: int32 [B]; padding is on the right and leaves the states of real characters untouched.
          training: whether gradients will be asked for. They are the same without it, in more time.

        Returns:
          float32 [B, T, 2U], 0 in the padding.
        """
        if on_accelerator():
            return _both_ways(self.forward, self.backward, x, lengths)
        return self.call_on_cpu(x, lengths, training)

    def call_on_cpu(self, x, lengths, training=None):
        """As ``call``, by the operations for a CPU whatever devices there are."""
        cells = self.forward.cell, self.backward.cell
        if training or not self.loops:
            return _both_ways(*map(_one_operation, cells), x, lengths)
        return _both_loops(cells, x, lengths)

    def for_cpu_export(self):
        """``call_on_cpu``."""
        return self.call_on_cpu

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
    return _side_by_side(forward(x), backward(tf.reverse_sequence(x, lengths, seq_axis=1)), lengths)


def _side_by_side(forward, backward, lengths):
    """[B, T, 2U], 0 in the padding, of the states [B, T, U] as each direction has read the rows."""
    states = tf.concat([forward, tf.reverse_sequence(backward, lengths, seq_axis=1)], axis=-1)
    return states * tf.sequence_mask(lengths, tf.shape(states)[1], dtype=tf.float32)[:, :, None]


def _both_loops(cells, x, lengths):
    """``BiLSTM.call`` outside training: a loop for each of the two Keras cells, which run at the same time."""
    dtype = x.dtype if x.dtype == tf.bfloat16 else tf.float32
    kernel, bias = (tf.concat([getattr(cell, name) for cell in cells], axis=-1) for name in ("kernel", "bias"))
    shape = tf.shape(x)
    gates = plain.bias_add(tf.matmul(tf.cast(tf.reshape(x, [-1, x.shape[-1]]), dtype), tf.cast(kernel, dtype)), bias)
    forward, backward = tf.split(tf.reshape(gates, [shape[0], shape[1], kernel.shape[-1]]), 2, axis=-1)
    gates = forward, tf.reverse_sequence(backward, lengths, seq_axis=1)
    return _side_by_side(*map(_loop, cells, gates), lengths)


def _loop(cell, gates):
    """Hidden states float32 [B, T, U] of a Keras cell whose gates have [B, T, 4U] of the input."""
    recurrent = tf.convert_to_tensor(cell.recurrent_kernel)

    def step(state, from_input):
        h, c = state
        i, f, candidate, o = tf.split(from_input + tf.matmul(h, recurrent), 4, axis=-1)
        c = tf.sigmoid(f) * c + tf.sigmoid(i) * tf.tanh(candidate)
        return tf.sigmoid(o) * tf.tanh(c), c

    steps = tf.cast(tf.transpose(gates, [1, 0, 2]), tf.float32)
    zeros = tf.zeros([tf.shape(gates)[0], cell.units])
    return tf.transpose(unrolled_scan(step, (zeros, zeros), steps), [1, 0, 2])


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
        return dx, tf.matmul(seen, rows, transpose_a=True), plain.column_sums(rows)

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
