"""Operations of a graph that add up in 16 bits."""

import tensorflow as tf

# What adds up values, but for matrix products, which add up in float32 (on a CPU in float16: in parts, to an error that does not grow).
_SUMS = {
    "BiasAddGrad",
    "Cumsum",
    "EuclideanNorm",
    "Mean",
    "ResourceScatterAdd",
    "ScatterNd",
    "SegmentSum",
    "SparseSegmentSum",
    "Sum",
    "TensorScatterAdd",
    "UnsortedSegmentSum",
}
# A tensor with this many uses has so many gradients, which TensorFlow adds up in its dtype. Activations have fewer, shared weights more.
_MANY_USES = 4


def sums_in_16_bits(function, *arguments):
    """Operations and names, sorted, of the sums of bfloat16 or float16 that the function's results depend on.

    With shapes that are not known, gradients have sums over what would have been broadcast, if anything had: tell them apart by name.
    """
    graph = tf.function(function, autograph=False).get_concrete_function(*arguments).graph
    outputs = [tensor.op.name for tensor in graph.outputs]
    whole = graph.as_graph_def(add_shapes=False)
    needed = tf.compat.v1.graph_util.extract_sub_graph(whole, outputs)
    nodes = [*needed.node, *(node for f in whole.library.function for node in f.node_def)]
    return sorted(f"{node.op} {node.name}" for node in nodes if _adds_up_in_16_bits(node))


def _adds_up_in_16_bits(node):
    if node.attr["T"].type not in (tf.bfloat16.as_datatype_enum, tf.float16.as_datatype_enum):
        return False
    return node.op in _SUMS or (node.op == "AddN" and node.attr["N"].i >= _MANY_USES)
