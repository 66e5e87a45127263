"""Post-training quantisation of a frozen network's matrix products to int8.

Dynamic quantisation needs no calibration data: every product ``x @ w`` of a constant ``w`` becomes one of integers.
Each column of ``w`` has a scale of its own, fixed at export. Each row of ``x`` (a character) has one too, found when it comes: so an answer
does not depend on what else is in the batch, as it would with one range for a whole tensor.

The product itself is ``QuantizedMatMulWithBias``, uint8 × int8 summed exactly in int32. TensorFlow has it in its builds with oneDNN (x86-64
Linux), where it uses VNNI or AMX instructions.
"""

from typing import NamedTuple

import numpy as np
import tensorflow as tf
from tensorflow.core.framework import graph_pb2

from albert.errors import FieldError
from ner.export.network import FrozenNetwork, without_unused

# Rows are stored as unsigned numbers around this one.
_ZERO_POINT = 128
_ROW_LIMIT = 127
# Weights use 7 bits: CPUs without VNNI add products of neighbours in 16 bits, which 2 × 255 × 127 would overflow without a word.
_WEIGHT_LIMIT = 63
# Smaller matrices gain nothing, and the emission layer decides the tags.
_MIN_WEIGHTS = 1 << 14
# Keeps the scale of a row or column of zeros above 0.
_TINY = np.float32(1e-30)


def quantize(network, min_weights=_MIN_WEIGHTS):
    """A :class:`ner.export.network.FrozenNetwork` whose large matrix products are of integers.

    Args:
      network: one in float32.
      min_weights: matrices with fewer elements stay as they are.

    Returns:
      (the network, list of the names of the products that were changed).

    Raises:
      UserError: TensorFlow has no integer products on this processor.
    """
    graph_def = network.graph_def
    operands = {name: value for name, value in _constant_operands(network).items() if value.size >= min_weights}
    if operands:
        _check_processor()
    nodes = {node.name: node for node in graph_def.node}
    # ALBERT's layers share their weights, and here too they are stored once.
    stored = {}
    result = graph_pb2.GraphDef(versions=graph_def.versions, library=graph_def.library)
    for node in graph_def.node:
        if node.name not in operands:
            result.node.append(node)
            continue
        operand = node.input[1]
        while nodes[_node_name(operand)].op == "Identity":
            operand = nodes[_node_name(operand)].input[0]
        if operand not in stored:
            stored[operand] = _nodes_of(QuantizedWeights.of(operands[node.name]).constants, f"{_node_name(operand)}/int8/", {})
            result.node.extend(stored[operand])
        inputs = dict(zip(("x", *QuantizedWeights._fields), (node.input[0], *(constant.name for constant in stored[operand]))))
        product = _nodes_of(lambda shape=operands[node.name].shape: _product_of_placeholders(shape), f"{node.name}/", inputs)
        product[-1].name = node.name
        result.node.extend(product)
    used = without_unused(result, network.output, network.signature)
    return FrozenNetwork(used, network.output, network.signature), list(operands)


def available():
    """True if TensorFlow's integer products work on this processor. On x86 without AVX-512 they fail at run time."""
    weights = QuantizedWeights.of(np.eye(16, dtype=np.float32))
    try:
        return np.allclose(quantized_matmul(tf.eye(16), weights.constants()), np.eye(16), atol=0.02)
    except tf.errors.OpError:
        return False


def _check_processor():
    if not available():
        raise FieldError(
            "{export_precision}: found int8, whose products TensorFlow cannot compute on this processor; expected float32 or bfloat16"
        )


def _node_name(tensor):
    return tensor.split(":")[0]


def _constant_operands(network):
    """The right operands of the main graph's products by constants: dict from the product's name to float32 [K, N]."""
    with tf.Graph().as_default() as graph:
        tf.graph_util.import_graph_def(network.graph_def, name="")
        varying = set(network.signature)
        # In topological order but for loops, which a frozen graph has in functions only.
        for operation in graph.get_operations():
            if any(tensor.op.name in varying for tensor in operation.inputs):
                varying.add(operation.name)
        products = [
            operation
            for operation in graph.get_operations()
            if operation.type == "MatMul" and operation.inputs[1].op.name not in varying and operation.inputs[0].op.name in varying
        ]
        with tf.compat.v1.Session(graph=graph) as session:
            return session.run({operation.name: operation.inputs[1] for operation in products if not operation.get_attr("transpose_b")})


class QuantizedWeights(NamedTuple):
    """A matrix as integers.

    Attributes:
      integers: int8 [K, N].
      scales: float32 [N]; times the integers they give the weights but for rounding.
      offset: int32 [N], what takes the rows' zero point off the product.
    """

    integers: np.ndarray
    scales: np.ndarray
    offset: np.ndarray

    @classmethod
    def of(cls, weights):
        """From float32 [K, N]."""
        scales = (np.maximum(np.abs(weights).max(axis=0), _TINY) / _WEIGHT_LIMIT).astype(np.float32)
        integers = np.rint(weights / scales).astype(np.int8)
        return cls(integers, scales, -_ZERO_POINT * integers.astype(np.int32).sum(axis=0))

    def constants(self):
        """The three as tensors, qint8, float32 and qint32, named as here."""
        return QuantizedWeights(
            tf.constant(self.integers.astype(tf.qint8.as_numpy_dtype), tf.qint8, name="integers"),
            tf.constant(self.scales, name="scales"),
            tf.constant(self.offset.astype(tf.qint32.as_numpy_dtype), tf.qint32, name="offset"),
        )


def quantized_matmul(x, weights):
    """``x @ weights`` by integers.

    Args:
      x: float32 [M, K].
      weights: ``QuantizedWeights`` of tensors, as ``constants`` gives them.

    Returns:
      float32 [M, N].
    """
    row_scales = tf.maximum(tf.reduce_max(tf.abs(x), axis=1, keepdims=True), _TINY) / _ROW_LIMIT
    rows = tf.cast(tf.round(x / row_scales) + _ZERO_POINT, tf.uint8)
    sums = tf.raw_ops.QuantizedMatMulWithBias(
        a=tf.bitcast(rows, tf.quint8),
        b=weights.integers,
        bias=weights.offset,
        # The ranges of the two. With a result in int32 the operation does not use them.
        min_a=0.0,
        max_a=255.0,
        min_b=-float(_WEIGHT_LIMIT),
        max_b=float(_WEIGHT_LIMIT),
        Toutput=tf.qint32,
        input_quant_mode="MIN_FIRST",
    ).out
    return tf.multiply(tf.cast(tf.bitcast(sums, tf.int32), tf.float32) * row_scales, weights.scales, name="result")


def _product_of_placeholders(shape):
    placeholder = tf.compat.v1.placeholder
    weights = (
        placeholder(tf.qint8, shape, "integers"),
        placeholder(tf.float32, [shape[1]], "scales"),
        placeholder(tf.qint32, [shape[1]], "offset"),
    )
    quantized_matmul(placeholder(tf.float32, [None, shape[0]], "x"), QuantizedWeights(*weights))


def _nodes_of(build, prefix, inputs):
    """The nodes of the graph that ``build()`` makes, in order, their names prefixed.

    Placeholders are left out; what refers to one refers to the tensor that ``inputs`` has under its name instead.
    """
    with tf.Graph().as_default() as graph:
        build()
        nodes = list(graph.as_graph_def().node)
    result = []
    for node in nodes:
        if node.op == "Placeholder":
            continue
        node.name = prefix + node.name
        references = [inputs.get(reference, prefix + reference) for reference in node.input]
        del node.input[:]
        node.input.extend(references)
        result.append(node)
    return result
