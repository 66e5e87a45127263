"""Trading time for memory: activations that are computed again when their gradient needs them."""

import tensorflow as tf


def recomputed(function, x, weights):
    """function(x, weights=weights), of which nothing but x is kept for the gradient.

    Chen et al., 2016, "Training Deep Nets with Sublinear Memory Cost", arXiv:1604.06174. The function must compute the same each time:
    its dropout masks have to follow from a seed.

    Args:
      function: from x and ``weights`` to one tensor. Variables and other tensors it uses get no gradient.
      x: float tensor.
      weights: namedtuple of tensors.

    Returns:
      The function's tensor.
    """

    @tf.custom_gradient
    def run(x, *values):
        def gradient(dy):
            # A new tensor that depends on dy: else the graph could compute this early, or take the first computation's results.
            with tf.control_dependencies([dy]):
                again = tf.identity(x)
            with tf.GradientTape() as tape:
                tape.watch([again, *values])
                y = function(again, weights=type(weights)(*values))
            return tape.gradient(y, [again, *values], dy)

        return function(x, weights=type(weights)(*values)), gradient

    return run(x, *weights)
