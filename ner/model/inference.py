"""The network of a tagger as a function to call for batch after batch of any shape."""

from typing import Callable, Optional

import numpy as np
import tensorflow as tf

from albert.arithmetic.devices import on_accelerator
from ner.model.network import TaggerModel

# Weights that may become constants of the graph, of which TensorFlow makes ten copies while it prepares it: enough for ALBERT-base.
_MOST_CONSTANT_BYTES = 64 << 20


def emissions_function(model: TaggerModel, encoder_weights: Optional[Callable[[], list]] = None) -> Callable:
    """A ``tf.function`` from a dict of inputs, as ``TaggerModel`` takes it, to emissions float32 [B, T, K]; traced once.

    Args:
      model: the ``TaggerModel``.
      encoder_weights: None, or a function that is called while the graph is traced and gives the encoder's weights, as
        ``AlbertEncoder.weights_for_inference`` does. The model's norms must then stay as they are while it is traced.
    """

    def emissions(inputs):
        return model(inputs, training=False, encoder_weights=encoder_weights() if encoder_weights is not None else None)

    return tf.function(emissions, input_signature=[model.input_signature()], autograph=False)


def frozen_emissions_function(model: TaggerModel) -> Callable:
    """As :func:`emissions_function`, of a model whose weights stay as they are now.

    On a CPU, the encoder's weights are cast and put side by side once and not for each batch; up to 64 MiB of them become constants, which
    oneDNN packs once for its matrix products. If weights change after all, the function computes with some of the old ones and some of the
    new.
    """
    if on_accelerator():
        return emissions_function(model)
    weights = model.encoder.weights_for_inference()
    if sum(value.dtype.size * int(np.prod(value.shape)) for block in weights for value in block) <= _MOST_CONSTANT_BYTES:
        weights = [block._make(value.numpy() for value in block) for block in weights]
    function = emissions_function(model, lambda: weights)
    # Traced here, so that the arrays can go: they are in the graph now.
    traced = function.get_concrete_function()
    weights.clear()
    # What is read from variables is read from copies, so that all of it stays as it is now.
    copies = {id(variable.handle): tf.Variable(variable, trainable=False) for variable in traced.graph.variables}
    function.copies = list(copies.values())
    traced.set_external_captures([copies[id(value)].handle if id(value) in copies else value for value in traced.captured_inputs])
    return function
