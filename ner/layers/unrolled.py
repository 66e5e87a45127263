"""Recursions over the characters of a sentence, several characters in one turn of the loop.

Shapes: T characters.
"""

import tensorflow as tf

# Characters in one turn of the loop, whose own bookkeeping costs as much as a dozen small operations.
_UNROLLED = 8


def unrolled_scan(step, state, steps):
    """Run a step for each character.

    Args:
      step: function (state, one of ``steps``) → state; a state is a tuple of tensors, the first of which is put out.
      state: the first state.
      steps: tensor [T, ...].

    Returns:
      The first tensor of the state after each step, [T, ...].
    """
    # Whole turns, and at least one, as nothing has no shape; what is computed for the filling is cut off again.
    count = tf.shape(steps)[0]
    turns = tf.maximum((count + _UNROLLED - 1) // _UNROLLED, 1)
    filled = tf.pad(steps, [[0, turns * _UNROLLED - count], *[[0, 0]] * (steps.shape.rank - 1)])
    filled = tf.reshape(filled, tf.concat([[turns, _UNROLLED], tf.shape(steps)[1:]], axis=0))
    inputs = tf.TensorArray(steps.dtype, turns, element_shape=[_UNROLLED, *steps.shape[1:]]).unstack(filled)
    outputs = tf.TensorArray(state[0].dtype, turns, element_shape=[_UNROLLED, *state[0].shape])

    def turn(t, outputs, state):
        first = state
        some = []
        for one in tf.unstack(inputs.read(t), num=_UNROLLED):
            state = step(state, one)
            some.append(state[0])
        # Shapes that are known when the loop begins have to be known all through it.
        for before, after in zip(first, state):
            after.set_shape(before.shape)
        return t + 1, outputs.write(t, tf.stack(some)), state

    _, outputs, _ = tf.while_loop(lambda t, *_: t < turns, turn, (0, outputs, tuple(state)), maximum_iterations=turns)
    return tf.reshape(outputs.stack(), tf.concat([[turns * _UNROLLED], tf.shape(state[0])], axis=0))[:count]
