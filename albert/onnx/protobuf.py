"""The messages of ``onnx.proto`` that a graph is made of, written as protocol buffers.

A message is a list of fields, each a number and a value: an int (a varint), a float (four bytes), text, bytes, or a message's bytes. The
numbers are those of https://github.com/onnx/onnx/blob/main/onnx/onnx.proto, which never change.
"""

import struct
from collections.abc import Iterable, Mapping
from typing import Union

import numpy as np

# Oldest versions that have all operators used here: ONNX Runtime 1.19, the last for Python 3.9, knows them.
IR_VERSION, OPSET, CONTRIB_OPSET = 9, 20, 1
CONTRIB_DOMAIN = "com.microsoft"

# Numbers of TensorProto.DataType by NumPy's names; bfloat16, which NumPy lacks, among them.
DATA_TYPES = {"float32": 1, "uint8": 2, "int8": 3, "int32": 6, "int64": 7, "bool": 9, "float16": 10, "float64": 11, "bfloat16": 16}

Attribute = Union[int, float, str, list, np.ndarray]


def message(*fields: tuple[int, Union[int, float, str, bytes]]) -> bytes:
    """The bytes of a message with these fields: pairs of number and value, in this order."""
    parts = []
    for number, value in fields:
        if isinstance(value, (bool, int)):
            parts += [_varint(number << 3), _varint(int(value))]
        elif isinstance(value, float):
            parts += [_varint(number << 3 | 5), struct.pack("<f", value)]
        else:
            data = value.encode() if isinstance(value, str) else value
            parts += [_varint(number << 3 | 2), _varint(len(data)), data]
    return b"".join(parts)


def _varint(value: int) -> bytes:
    value &= (1 << 64) - 1  # negative numbers as two's complement of 64 bits
    result = bytearray()
    while value > 0x7F:
        result.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*result, value])


def node(op: str, inputs: Iterable[str], outputs: Iterable[str], domain: str, attributes: Mapping[str, Attribute]) -> bytes:
    """A NodeProto; an input that is left out has an empty name."""
    names = [*((1, name) for name in inputs), *((2, name) for name in outputs)]
    return message(*names, (4, op), *((5, _attribute(*item)) for item in attributes.items()), *([(7, domain)] if domain else []))


def _attribute(name: str, value: Attribute) -> bytes:
    if isinstance(value, np.ndarray):
        return message((1, name), (5, tensor("", value)), (20, 4))
    if isinstance(value, list):
        strings = value and isinstance(value[0], str)
        return message((1, name), *((9 if strings else 8, item) for item in value), (20, 8 if strings else 7))
    if isinstance(value, str):
        return message((1, name), (4, value), (20, 3))
    return message((1, name), (2, value), (20, 1)) if isinstance(value, float) else message((1, name), (3, value), (20, 2))


def tensor(name: str, value: np.ndarray) -> bytes:
    """A TensorProto that holds its values."""
    data = np.ascontiguousarray(value, value.dtype.newbyteorder("<")).tobytes()
    return message(*((1, size) for size in value.shape), (2, DATA_TYPES[value.dtype.name]), (8, name), (9, data))


def external_tensor(name: str, dtype: str, shape: Iterable[int], location: str, offset: int, length: int) -> bytes:
    """A TensorProto whose values are ``length`` bytes of the file ``location`` beside the model, from byte ``offset`` on."""
    entries = {"location": location, "offset": str(offset), "length": str(length)}
    external = [(13, message((1, key), (2, value))) for key, value in entries.items()]
    return message(*((1, size) for size in shape), (2, DATA_TYPES[dtype]), (8, name), *external, (14, 1))


def value_info(name: str, dtype: str, shape: Iterable[Union[int, str]]) -> bytes:
    """A ValueInfoProto; a size that is a string is the name of one that comes at run time."""
    sizes = [(1, message((2 if isinstance(size, str) else 1, size))) for size in shape]
    return message((1, name), (2, message((1, message((1, DATA_TYPES[dtype]), (2, message(*sizes)))))))


def model(nodes: Iterable[bytes], tensors: Iterable[bytes], inputs: Iterable[bytes], outputs: Iterable[bytes], producer: str) -> bytes:
    """A ModelProto of a graph's messages."""
    parts = ((1, nodes), (5, tensors), (11, inputs), (12, outputs))
    graph = message((2, "network"), *((number, part) for number, some in parts for part in some))
    opsets = [message((1, domain), (2, version)) for domain, version in (("", OPSET), (CONTRIB_DOMAIN, CONTRIB_OPSET))]
    return message((1, IR_VERSION), (2, producer), (7, graph), *((8, opset) for opset in opsets))
