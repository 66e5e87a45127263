"""The recurrent layers as nodes of an ONNX graph: a function each, which ``ner.model.recurrent.KINDS`` names beside the layer.

Shapes: B batch, T characters, H input width, U units per direction; D = 2 directions, forward and backward.
"""

from collections.abc import Sequence

import numpy as np

from albert.onnx.graph import Graph
from albert.onnx.products import Float32, Int8

_DIRECTIONS = ("forward", "backward")
_PREFIX = "rnn"
# This project's gates are i, f, c, o (peepholes: i, f, o), ONNX's are i, o, f, c (i, o, f).
_LSTM_GATES, _PEEPHOLES = (0, 3, 1, 2), (0, 2, 1)
# Those of a GRU are z, r, n in both.
_GRU_GATES = (0, 1, 2)


def lstm(graph: Graph, products: Float32, x: str, lengths: str, width: int, units: int) -> str:
    """``ner.model.recurrent.bilstm.BiLSTM``.

    Args:
      graph, products: the graph and how it multiplies.
      x: float32 [B, T, H].
      lengths: int32 [B].
      width, units: H and U.

    Returns:
      float32 [B, T, 2U], 0 in the padding.
    """
    return _lstm(graph, products, x, lengths, width, units, None)


def peephole(graph: Graph, products: Float32, x: str, lengths: str, width: int, units: int) -> str:
    """``ner.model.recurrent.peephole.PeepholeBiLSTM``; as :func:`lstm`."""
    weights = [graph.weight(f"{_PREFIX}/{direction}/peephole", 3, units) for direction in _DIRECTIONS]
    ordered = [graph.once("Gather", weight, graph.ints(*_PEEPHOLES)) for weight in weights]
    return _lstm(graph, products, x, lengths, width, units, _both(graph, [graph.once("Reshape", w, graph.ints(1, -1)) for w in ordered]))


def gru(graph: Graph, products: Float32, x: str, lengths: str, width: int, units: int) -> str:
    """``ner.model.recurrent.gru.BiGRU``; as :func:`lstm`. In float32 also where products are in int8: there is no such operation."""
    kernels = [_matrix(graph, name, _GRU_GATES, rows, units) for name, rows in (("kernel", width), ("recurrent_kernel", units))]
    biases = [graph.weight(f"{_PREFIX}/{direction}/bias", 2, 3 * units) for direction in _DIRECTIONS]
    bias = _both(graph, [graph.once("Reshape", bias, graph.ints(1, -1)) for bias in biases])
    x = graph.add("Transpose", x, perm=[1, 0, 2])
    options = {"hidden_size": units, "direction": "bidirectional", "linear_before_reset": 1}
    return _batch_first(graph, graph.add("GRU", x, *kernels, bias, lengths, outputs=2, **options)[0], units)


def _lstm(graph, products, x, lengths, width, units, peepholes):
    biases = [graph.weight(f"{_PREFIX}/{direction}/bias", 4 * units) for direction in _DIRECTIONS]
    # The second half is of the recurrent product.
    halves = [graph.once("Concat", _ordered(graph, b, _LSTM_GATES, units, 0), graph.constant(np.zeros(4 * units)), axis=0) for b in biases]
    bias = _both(graph, [graph.once("Unsqueeze", half, graph.ints(0)) for half in halves])
    x = graph.add("Transpose", x, perm=[1, 0, 2])
    options = {"hidden_size": units, "direction": "bidirectional"}
    shapes = (("kernel", width), ("recurrent_kernel", units))
    if isinstance(products, Int8):
        (w, w_scale, w_zero), (r, r_scale, r_zero) = (_int8_matrix(graph, products, name, rows, units) for name, rows in shapes)
        inputs = (x, w, r, bias, lengths, None, None, peepholes, w_scale, w_zero, r_scale, r_zero)
        states = graph.contrib("DynamicQuantizeLSTM", *inputs, outputs=3, **options)[0]
    else:
        w, r = (_matrix(graph, name, _LSTM_GATES, rows, units) for name, rows in shapes)
        states = graph.add("LSTM", x, w, r, bias, lengths, None, None, peepholes, outputs=3, **options)[0]
    return _batch_first(graph, states, units)


def _matrix(graph, name, gates, rows, units):
    """A kernel of both directions as ONNX has it: [D, gates · U, rows]."""
    weights = [graph.weight(f"{_PREFIX}/{direction}/{name}", rows, len(gates) * units) for direction in _DIRECTIONS]
    ordered = [_ordered(graph, weight, gates, units, 1) for weight in weights]
    turned = [graph.once("Transpose", weight, perm=[1, 0]) for weight in ordered]
    return _both(graph, [graph.once("Unsqueeze", weight, graph.ints(0)) for weight in turned])


def _int8_matrix(graph, products, name, rows, units):
    """A kernel of both directions as ONNX Runtime has it in int8: [D, rows, 4U], its scales [D, 4U] and their zero points."""
    parts = [products.kernel(f"{_PREFIX}/{direction}/{name}", rows, 4 * units) for direction in _DIRECTIONS]
    ordered = [[_ordered(graph, part, _LSTM_GATES, units, axis) for part, axis in zip(pair, (1, 0))] for pair in parts]
    kernel, scale = (_both(graph, [graph.once("Unsqueeze", part, graph.ints(0)) for part in column]) for column in zip(*ordered))
    return kernel, scale, graph.constant(np.zeros([2, 4 * units]), "int8")


def _ordered(graph, weight, gates: Sequence[int], units: int, axis: int):
    if list(gates) == sorted(gates):
        return weight
    columns = np.concatenate([np.arange(units) + gate * units for gate in gates])
    return graph.once("Gather", weight, graph.constant(columns, "int64"), axis=axis)


def _both(graph, values):
    return graph.once("Concat", *values, axis=0)


def _batch_first(graph, states, units):
    """[B, T, 2U] of an ONNX layer's states [T, D, B, U]."""
    return graph.add("Reshape", graph.add("Transpose", states, perm=[2, 0, 1, 3]), graph.ints(0, 0, 2 * units))
