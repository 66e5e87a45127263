"""The network of a tagger as a function to call for batch after batch of any shape."""

import numpy as np
import tensorflow as tf

from albert.arithmetic.devices import on_accelerator

# Weights that may become constants of the graph, of which TensorFlow makes ten copies while it prepares it: enough for ALBERT-base.
_MOST_CONSTANT_BYTES = 64 << 20


def emissions_function(model, frozen):
    """A function from a dict of inputs, as ``TaggerModel`` takes it, to emissions float32 [B, T, K]; traced once.

    Args:
      model: the ``TaggerModel``.
      frozen: whether the model's weights stay as they are now. Then, on a CPU, the encoder's are cast and put side by side once and not for
        each batch; up to 64 MiB of them become constants, which oneDNN packs once for its matrix products. If weights change after all,
        the function computes with some of the old ones and some of the new.
    """
    signature = [model.input_signature()]
    if not frozen or on_accelerator():
        return tf.function(lambda inputs: model(inputs, training=False), input_signature=signature)
    weights = model.encoder.weights_for_inference()
    if sum(value.dtype.size * int(np.prod(value.shape)) for block in weights for value in block) <= _MOST_CONSTANT_BYTES:
        weights = [block._make(value.numpy() for value in block) for block in weights]
    function = tf.function(lambda inputs: model(inputs, training=False, encoder_weights=weights), input_signature=signature)
    # Traced here, so that the arrays can go: they are in the graph now.
    traced = function.get_concrete_function()
    weights.clear()
    # What is read from variables is read from copies, so that all of it stays as it is now.
    copies = {id(variable.handle): tf.Variable(variable, trainable=False) for variable in traced.graph.variables}
    function.copies = list(copies.values())
    traced.set_external_captures([copies[id(value)].handle if id(value) in copies else value for value in traced.captured_inputs])
    return function
