"""Trading time for memory: activations that are computed again when their gradient needs them."""

import tensorflow as tf


def recomputed(function, inputs, weights):
    """function(*inputs, weights=weights), of which nothing but the inputs is kept for the gradient.

    Chen et al., 2016, "Training Deep Nets with Sublinear Memory Cost", arXiv:1604.06174. The function must compute the same each time:
    its dropout masks have to follow from a seed.

    Args:
      function: from the inputs and ``weights`` to a tuple of tensors. Variables and other tensors it uses get no gradient.
      inputs: tuple of float tensors.
      weights: namedtuple of tensors.

    Returns:
      The function's tuple.
    """
    count = len(inputs)

    @tf.custom_gradient
    def run(*values):
        def gradient(*dy):
            # New tensors that depend on dy: else the graph could compute this early, or take the first computation's results.
            with tf.control_dependencies(dy):
                again = [tf.identity(x) for x in values[:count]]
            sources = [*again, *values[count:]]
            with tf.GradientTape() as tape:
                tape.watch(sources)
                y = function(*again, weights=type(weights)(*values[count:]))
            return tape.gradient(y, sources, dy)

        return function(*values[:count], weights=type(weights)(*values[count:])), gradient

    return run(*inputs, *weights)
