"""Recursions over the characters of a sentence, several characters in one turn of the loop.

Shapes: T characters.
"""

import tensorflow as tf

from ner.model.recurrent.base import loop

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

    def turn(before, some):
        state, outputs = before[1:], []
        for one in tf.unstack(some, num=_UNROLLED):
            state = step(state, one)
            outputs.append(state[0])
        return (tf.stack(outputs), *state)

    states = loop(turn, (filled,), (tf.stack([state[0]] * _UNROLLED), *state))
    return tf.reshape(states, tf.concat([[turns * _UNROLLED], tf.shape(state[0])], axis=0))[:count]
