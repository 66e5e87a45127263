"""Entities from emissions in an exported graph.

Shapes: B rows, T characters, K tags.
"""

import tensorflow as tf


def entities(decoder, emissions, lengths):
    """``decoder.entities`` of emissions float32 [B, T, K] and lengths int32 [B], for any T of at least 1 that comes at run time.

    The decoder's loops run over all characters but the first, and an exported graph, which does not know T, needs one to loop over.
    """
    steps = tf.shape(emissions)[1]
    emissions = tf.pad(emissions, [[0, 0], [0, tf.maximum(2 - steps, 0)], [0, 0]])
    return {name: value[:, :steps] for name, value in decoder.entities(emissions, lengths).items()}
