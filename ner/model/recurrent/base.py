"""Base of the recurrent layers: their interface, and both directions of a right-padded batch as one loop over the characters.

Shapes: B batch, T characters, H input width, G gates, U units per direction; D = 2 directions, forward and backward.
"""

import tensorflow as tf

from albert.keras import keras

DIRECTIONS = ("forward", "backward")


class RecurrentLayer(keras.layers.Layer):
    """A layer between encoder and CRF. A line in ``ner.model.recurrent.KINDS`` lets a tagger have it.

    Call arguments:
      x: float [B, T, H].
      lengths: int32 [B]; padding is on the right and leaves the states of real characters untouched.
      words, places: of a layer that reads words, their vectors float [N, W], and int [N, 3] of each word its row, its first character,
        and its length less 2.

    Returns:
      Hidden states [B, T, 2U], 0 in the padding.
    """

    @classmethod
    def from_tagger_config(cls, config):
        """The layer for a ``TaggerConfig``."""
        return cls(config.num_features, config.lstm_units)

    def weight_map(self):
        """Every weight under the name that it is stored by, after ``rnn/``."""
        raise NotImplementedError

    def for_cpu_export(self):
        """A function of the call arguments that computes the same in an export, which is to run on CPUs whatever devices there are here."""
        return self


class Bidirectional(RecurrentLayer):
    """Base of recurrent layers that read a sentence in both directions.

    The backward direction reads each row reversed within its own length: padding comes last in both directions and needs no
    mask inside the loop. The two have weights of their own but take their steps together, as one batched product each, which
    halves the number of operations in the loop.

    Args:
      units: U.
      dtype: of weights and arithmetic; float64 serves tests.
    """

    def __init__(self, units, name, dtype="float32", **kwargs):
        # Not autocast: under a 16-bit policy the states would lose their precision over a sentence.
        super().__init__(name=name, dtype=dtype, autocast=False, **kwargs)
        self.units = units
        self._names = []

    def add_weights(self, name, shape, initializer):
        """Add one weight of the given shape per direction, kept as attributes ``forward_<name>`` and ``backward_<name>``."""
        for direction in DIRECTIONS:
            setattr(self, f"{direction}_{name}", self.add_weight(f"{direction}/{name}", shape, initializer=initializer))
        self._names.append(name)

    def both(self, name):
        """A weight of both directions: [D, ...]."""
        return tf.stack([getattr(self, f"{direction}_{name}") for direction in DIRECTIONS])

    def weight_map(self):
        """Every weight as ``{forward,backward}/<name>``."""
        return {f"{direction}/{name}": getattr(self, f"{direction}_{name}") for direction in DIRECTIONS for name in self._names}

    def both_ways(self, x, lengths):
        """A tensor as each direction reads it.

        Args:
          x: [B, T, ...].
          lengths: int32 [B].

        Returns:
          [D, B, T, ...].
        """
        return tf.stack([x, tf.reverse_sequence(x, lengths, seq_axis=1)])

    def project(self, x, kernel, bias):
        """The input's part of the gates for all characters at once.

        Args:
          x: [D, B, T, H].
          kernel: [D, H, N].
          bias: [D, N].

        Returns:
          [T, D, B, N], a slice for each step of the loop.
        """
        shape = tf.shape(x)
        rows = tf.reshape(x, [len(DIRECTIONS), -1, x.shape[-1]])
        gates = tf.matmul(rows, kernel) + bias[:, None, :]
        return tf.transpose(tf.reshape(gates, [len(DIRECTIONS), shape[1], shape[2], kernel.shape[-1]]), [2, 0, 1, 3])

    def outputs(self, states, lengths):
        """The loop's states in the order of the text, side by side, 0 in the padding.

        Args:
          states: [T, D, B, U].
          lengths: int32 [B].

        Returns:
          [B, T, D·U].
        """
        forward, backward = tf.unstack(tf.transpose(states, [1, 2, 0, 3]))
        x = tf.concat([forward, tf.reverse_sequence(backward, lengths, seq_axis=1)], axis=-1)
        return x * tf.sequence_mask(lengths, tf.shape(x)[1], dtype=x.dtype)[:, :, None]


def loop(step, inputs, state):
    """Run a cell over the characters.

    Args:
      step: function (state, *inputs of one character) → state; a state is a tuple of tensors, the first of which is put out.
      inputs: tuple of tensors with T as first axis, or of ``tf.TensorArray``s of T elements; the first is a tensor.
      state: the first state.

    Returns:
      The first tensor of each state, [T, ...].
    """
    steps = tf.shape(inputs[0])[0]
    arrays = [x if isinstance(x, tf.TensorArray) else tf.TensorArray(x.dtype, steps, element_shape=x.shape[1:]).unstack(x) for x in inputs]
    output = tf.TensorArray(state[0].dtype, steps, element_shape=state[0].shape)

    def body(t, output, before):
        state = step(before, *(array.read(t) for array in arrays))
        # Shapes that are known when the loop begins have to be known all through it.
        for old, new in zip(before, state):
            new.set_shape(old.shape)
        return t + 1, output.write(t, state[0]), state

    _, output, _ = tf.while_loop(lambda t, *_: t < steps, body, (0, output, tuple(state)), maximum_iterations=steps)
    return output.stack()
