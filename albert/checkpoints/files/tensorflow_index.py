"""The index of a TensorFlow checkpoint, ``prefix.index``: which tensor lies where in ``prefix.data-*``.

A table of sorted keys in LevelDB's format (blocks of key and value, each with a CRC-32C; a block of blocks; a footer), whose values
are protocol buffers: ``BundleHeaderProto`` under the empty key, ``BundleEntryProto`` under the name of each tensor
(tensorflow/core/protobuf/tensor_bundle.proto, tensorflow/core/lib/io/format.h).

Read here and not by TensorFlow, which ends the whole process at an entry that it does not understand.
"""

import dataclasses
import functools
import struct

from albert.foreign import printable

LARGEST = 1 << 24
_FOOTER_SIZE = 48
_MAGIC = 0xDB4775248B80FB57
_MOST_DIMENSIONS = 32
# A key is stored without what it shares with the one before it; names of weights take three times their stored size.
_MOST_EXPANSION = 64
_LARGEST_NUMBER = 1 << 62
_STRING = 7
# DataType of tensorflow/core/framework/types.proto: its name and bytes per element.
_TYPES = {
    1: ("float32", 4),
    2: ("float64", 8),
    3: ("int32", 4),
    4: ("uint8", 1),
    5: ("int16", 2),
    6: ("int8", 1),
    8: ("complex64", 8),
    9: ("int64", 8),
    10: ("bool", 1),
    14: ("bfloat16", 2),
    17: ("uint16", 2),
    18: ("complex128", 16),
    19: ("float16", 2),
    22: ("uint32", 4),
    23: ("uint64", 8),
}


@dataclasses.dataclass(frozen=True)
class Entry:
    """A stored tensor: its type's name, shape, and its bytes in data file number ``shard``."""

    dtype: str
    shape: tuple
    shard: int
    offset: int
    size: int


def parse(data):
    """The contents of an index.

    Args:
      data: bytes of the whole file.

    Returns:
      (number of data files, dict from name to ``Entry``); the strings that object checkpoints keep are left out, but for a name.

    Raises:
      ValueError: it is none, or damaged, or holds what this library does not read; with the reason.
    """
    if len(data) < _FOOTER_SIZE or struct.unpack("<Q", data[-8:])[0] != _MAGIC:
        raise ValueError("not an sstable (bad magic number): it is truncated, or no index")
    if len(data) > LARGEST:
        raise ValueError(f"{len(data):,} bytes, expected at most {LARGEST:,}")
    footer = data[-_FOOTER_SIZE:]
    _, place = _handle(footer, 0)
    index, _ = _handle(footer, place)
    values, used = {}, 0
    for _, handle in _block(data, *index):
        (offset, size), _ = _handle(handle, 0)
        used += size
        if used > len(data):
            raise ValueError("blocks that lie over each other")
        values.update(_block(data, offset, size))
    if b"" not in values:
        raise ValueError("no header")
    header = _fields(values.pop(b""))
    if _last(header, 2, 0) != 0:
        raise ValueError("tensors of a big-endian machine")
    shards = _count(_last(header, 1, 0), "number of data files")
    entries = {}
    for key, value in values.items():
        name = key.decode("utf-8")
        entries[name] = _entry(name, _fields(value), shards)
    return shards, entries


def _entry(name, fields, shards):
    """The ``Entry`` of a ``BundleEntryProto``."""
    number = _last(fields, 1, 0)
    dtype, item_size = ("string", 0) if number == _STRING else _TYPES.get(number, (None, 0))
    if dtype is None:
        raise ValueError(f"tensor {printable(name)} of type {number}, which is none")
    if 7 in fields:
        raise ValueError(f"tensor {printable(name)} in slices, as partitioned variables are stored")
    shape = _shape(_last(fields, 2, b""), name)
    entry = Entry(dtype, shape, *(_count(_last(fields, field, 0), f"place of tensor {printable(name)}") for field in (3, 4, 5)))
    size = item_size
    for n in shape:
        size *= n
    if entry.shard >= shards or (item_size and entry.size != size):
        raise ValueError(f"tensor {printable(name)} of {entry.size} bytes in data file {entry.shard}, expected {size} in one of {shards}")
    return entry


def _shape(value, name):
    """The dimensions of a ``TensorShapeProto``."""
    fields = _fields(_bytes(value))
    dimensions = fields.get(2, [])
    if _last(fields, 3, 0) or len(dimensions) > _MOST_DIMENSIONS:
        raise ValueError(f"tensor {printable(name)} without a shape")
    return tuple(_count(_last(_fields(_bytes(dimension)), 1, 0), f"shape of tensor {printable(name)}") for dimension in dimensions)


def _count(value, what):
    if not isinstance(value, int) or not 0 <= value < _LARGEST_NUMBER:
        raise ValueError(f"a {what} that is no number")
    return value


def _bytes(value):
    if not isinstance(value, bytes):
        raise ValueError("a number in place of a message")
    return value


def _last(fields, number, default):
    """A field that occurs once; of several the last counts, as protocol buffers have it."""
    return fields[number][-1] if number in fields else default


def _fields(message):
    """A protocol buffer's fields: dict from number to its values, each an int or bytes."""
    fields, place = {}, 0
    while place < len(message):
        tag, place = _varint(message, place)
        number, kind = tag >> 3, tag & 7
        if kind == 0:
            value, place = _varint(message, place)
        elif kind in (1, 5):
            end = place + (8 if kind == 1 else 4)
            value, place = int.from_bytes(_part(message, place, end), "little"), end
        elif kind == 2:
            size, place = _varint(message, place)
            value, place = _part(message, place, place + size), place + size
        else:
            raise ValueError("an entry that is no protocol buffer")
        fields.setdefault(number, []).append(value)
    return fields


def _block(data, offset, size):
    """A block's (key, value) pairs in order, after its checksum was compared."""
    block = _part(data, offset, offset + size)
    trailer = _part(data, offset + size, offset + size + 5)
    if trailer[0] != 0:
        raise ValueError("a compressed block")
    if struct.unpack("<I", trailer[1:])[0] != masked_crc32c(block + trailer[:1]):
        raise ValueError("block checksum mismatch")
    restarts = struct.unpack("<I", _part(block, len(block) - 4, len(block)))[0]
    end = len(block) - 4 - 4 * restarts
    if end < 0:
        raise ValueError("a block that is cut off")
    place, key, pairs, expanded = 0, b"", [], 0
    while place < end:
        shared, place = _varint(block, place)
        own, place = _varint(block, place)
        length, place = _varint(block, place)
        key = _part(key, 0, shared) + _part(block, place, place + own)
        expanded += len(key)
        if (pairs and key <= pairs[-1][0]) or expanded > _MOST_EXPANSION * len(block):
            raise ValueError("keys that are not in order, or too long")
        pairs.append((key, _part(block, place + own, place + own + length)))
        place += own + length
    if place > end:
        raise ValueError("a block that is cut off")
    return pairs


def _handle(data, place):
    offset, place = _varint(data, place)
    size, place = _varint(data, place)
    return (offset, size), place


def _part(data, start, end):
    if not 0 <= start <= end <= len(data):
        raise ValueError("a block that is cut off")
    return data[start:end]


def _varint(data, place):
    value = 0
    for shift in range(0, 64, 7):
        byte = _part(data, place, place + 1)[0]
        place += 1
        value |= (byte & 0x7F) << shift
        if not byte & 0x80:
            return value & 0xFFFFFFFFFFFFFFFF, place
    raise ValueError("a number of more than 64 bits")


def masked_crc32c(data):
    """LevelDB's checksum of a block: CRC-32C (Castagnoli), rotated and shifted so that it is none of data that hold one."""
    table, crc = _crc_table(), 0xFFFFFFFF
    for byte in data:
        crc = table[(crc ^ byte) & 0xFF] ^ (crc >> 8)
    crc ^= 0xFFFFFFFF
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


@functools.cache
def _crc_table():
    table = []
    for byte in range(256):
        value = byte
        for _ in range(8):
            value = value >> 1 ^ (0x82F63B78 if value & 1 else 0)
        table.append(value)
    return table
