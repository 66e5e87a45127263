"""The operations that read large weights, in float32 or in int8.

In int8 a kernel has a scale for each column, a table of vectors one for each row, stored beside it as ``NAME/scale``. What is multiplied
with a kernel is rounded to eight bits with one scale for the whole batch, found as it comes (dynamic quantisation).
"""

from collections.abc import Mapping
from typing import Callable, Optional

import numpy as np

from albert.onnx.graph import Graph

SCALE = "/scale"
# Seven bits: two products of eight by eight bits are added in sixteen on processors without VNNI, and would not fit.
_LARGEST = 63


class Float32:
    """Products in float32.

    Args:
      graph: the ``Graph`` to add them to.
    """

    def __init__(self, graph: Graph):
        self.graph = graph

    def dense(self, x: str, names: list[str], rows: int, columns: int, bias: bool = True) -> str:
        """x @ kernel + bias; ``names`` are those of layers whose kernels [rows, columns] and biases stand side by side."""
        y = self.graph.add(
            "MatMul", x, _side_by_side(self.graph, [self.graph.weight(f"{name}/kernel", rows, columns) for name in names], 1)
        )
        return self.graph.add("Add", y, self._bias(names, columns)) if bias else y

    def _bias(self, names: list[str], columns: int) -> str:
        return _side_by_side(self.graph, [self.graph.weight(f"{name}/bias", columns) for name in names], 0)

    def lookup(self, name: str, rows: int, columns: int, ids: str) -> str:
        """Rows of a table [rows, columns]."""
        return self.graph.add("Gather", self.graph.weight(name, rows, columns), ids)


class Int8(Float32):
    """The same with kernels and tables in int8."""

    def dense(self, x, names, rows, columns, bias=True):
        """As :meth:`Float32.dense`."""
        kernels, scales = zip(*(self.kernel(f"{name}/kernel", rows, columns) for name in names))
        kernel, scale = _side_by_side(self.graph, kernels, 1), _side_by_side(self.graph, scales, 0)
        return self.graph.contrib("DynamicQuantizeMatMul", x, kernel, scale, None, self._bias(names, columns) if bias else None)

    def kernel(self, name: str, rows: int, columns: int) -> tuple[str, str]:
        """A kernel int8 [rows, columns] and its scales [columns]."""
        return self.graph.weight(name, rows, columns, dtype="int8"), self.graph.weight(name + SCALE, columns)

    def lookup(self, name, rows, columns, ids):
        """As :meth:`Float32.lookup`."""
        graph = self.graph
        table, scales = graph.weight(name, rows, columns, dtype="int8"), graph.weight(name + SCALE, rows, 1)
        return graph.add("Mul", graph.add("Cast", graph.add("Gather", table, ids), to=1), graph.add("Gather", scales, ids))


def _side_by_side(graph: Graph, values: list[str], axis: int) -> str:
    return graph.once("Concat", *values, axis=axis) if len(values) > 1 else values[0]


def given_weights(graph: Graph, read: Callable[[str], np.ndarray]) -> Mapping[str, np.ndarray]:
    """The values of a graph's weights as it wants them.

    Args:
      graph: the ``Graph``.
      read: function from the name of a weight to its values, float32.

    Returns:
      dict from name to array.
    """
    result: dict[str, np.ndarray] = {}
    for name, shape in graph.weights.items():
        if name.endswith(SCALE):
            kernel = name[: -len(SCALE)]
            result[kernel], result[name] = quantize(read(kernel), by_rows=len(shape) == 2)
        elif name + SCALE not in graph.weights:
            result[name] = read(name)
    return result


def quantize(values: np.ndarray, by_rows: Optional[bool] = False) -> tuple[np.ndarray, np.ndarray]:
    """Weights in int8, with a scale for each column, or each row.

    Args:
      values: float32 [rows, columns].
      by_rows: whether a row has one scale.

    Returns:
      (int8 [rows, columns] in [-63, 63], the scales float32 [columns] or [rows, 1]); their product is the nearest there is to ``values``.
    """
    largest = np.abs(values).max(axis=1, keepdims=True) if by_rows else np.abs(values).max(axis=0)
    scale = np.where(largest > 0, largest / _LARGEST, 1).astype(np.float32)
    return np.rint(values / scale).astype(np.int8), scale
