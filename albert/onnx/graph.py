"""A graph that is being made: nodes are added and give the names of what they compute."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any, Optional, Union

import numpy as np

from albert.onnx import protobuf

PRODUCER = "albert-ner"


@dataclasses.dataclass(frozen=True)
class Place:
    """A weight's values in a file: ``dtype`` as they are stored, ``length`` bytes of ``file`` from byte ``offset`` on."""

    dtype: str
    file: str
    offset: int
    length: int


class Graph:
    """Nodes, constants and weights of one network.

    A value in the graph is its name, a string. Weights have the names and shapes that they are stored by; what a node needs of them in
    another form (side by side, transposed) is made in the graph, and ONNX Runtime makes it once, when the model is loaded.

    Attributes:
      weights: dict from the name of each weight used so far to its shape.
    """

    def __init__(self):
        self.weights: dict[str, tuple[int, ...]] = {}
        self._dtypes: dict[str, str] = {}
        self._nodes: list[bytes] = []
        self._constants: dict[tuple, tuple[str, np.ndarray]] = {}
        self._made: dict[tuple, str] = {}
        self._inputs: list[bytes] = []
        self._outputs: list[bytes] = []
        self._count = 0

    def input(self, name: str, dtype: str, shape: Sequence[Union[int, str]]) -> str:
        """An input of the network; sizes that come at run time are strings."""
        self._inputs.append(protobuf.value_info(name, dtype, shape))
        return name

    def output(self, value: str, name: str, dtype: str, shape: Sequence[Union[int, str]]) -> None:
        """Let a value be an output of the network under a name."""
        self._nodes.append(protobuf.node("Identity", [value], [name], "", {}))
        self._outputs.append(protobuf.value_info(name, dtype, shape))

    def weight(self, name: str, *shape: int, dtype: str = "float32") -> str:
        """A weight by the name it is stored by; asking again gives the same."""
        self.weights[name] = shape
        self._dtypes[name] = dtype
        return name

    def constant(self, value: Any, dtype: str = "float32") -> str:
        """A small constant; equal ones are in the graph once."""
        array = np.array(value, dtype)
        key = (dtype, array.shape, array.tobytes())
        if key not in self._constants:
            self._constants[key] = self._name(), array
        return self._constants[key][0]

    def ints(self, *values: int) -> str:
        """A constant int64 vector, as shapes and places are given."""
        return self.constant(values, "int64")

    def add(self, op: str, *inputs: Optional[str], outputs: int = 1, domain: str = "", **attributes: protobuf.Attribute) -> Any:
        """Add a node.

        Args:
          op: the operator.
          inputs: names of values; None for one that is left out.
          outputs: number of its outputs.
          domain: the operator's, by default ONNX's own.
          attributes: the operator's.

        Returns:
          The name of its output, or a tuple of the names of several.
        """
        names = tuple(self._name() for _ in range(outputs))
        self._nodes.append(protobuf.node(op, [name or "" for name in inputs], names, domain, attributes))
        return names if outputs > 1 else names[0]

    def contrib(self, op: str, *inputs: Optional[str], outputs: int = 1, **attributes: protobuf.Attribute) -> Any:
        """Add a node of ONNX Runtime's own operators."""
        return self.add(op, *inputs, outputs=outputs, domain=protobuf.CONTRIB_DOMAIN, **attributes)

    def once(self, op: str, *inputs: str, **attributes: protobuf.Attribute) -> str:
        """As :meth:`add` with one output; what was added so before is not added again: for what depends on weights alone."""
        key = (op, inputs, repr(attributes))
        if key not in self._made:
            self._made[key] = self.add(op, *inputs, **attributes)
        return self._made[key]

    def _name(self) -> str:
        self._count += 1
        return f"v{self._count}"

    def serialize(self, places: Optional[Mapping[str, Place]] = None) -> bytes:
        """The model as ONNX Runtime loads it.

        Args:
          places: of every weight its place in a file beside the model. Left out: the values are given when a session is made.

        Returns:
          bytes of a ModelProto, which holds no weights.
        """
        tensors = [protobuf.tensor(name, value) for name, value in self._constants.values()]
        nodes = list(self._nodes)
        for name, shape in self.weights.items():
            wanted = self._dtypes[name]
            place = places[name] if places else Place(wanted, "weights", 0, 0)
            # What is stored in fewer bits is widened when the model is loaded.
            stored = name if place.dtype == wanted else f"{name}/stored"
            tensors.append(protobuf.external_tensor(stored, place.dtype, shape, place.file, place.offset, place.length))
            if stored != name:
                nodes.insert(0, protobuf.node("Cast", [stored], [name], "", {"to": protobuf.DATA_TYPES[wanted]}))
        return protobuf.model(nodes, tensors, self._inputs, self._outputs, PRODUCER)
