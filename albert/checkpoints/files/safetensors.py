"""``model.safetensors``: eight bytes of header length, a JSON header, the tensors' bytes.

Read here rather than with the ``safetensors`` package because its NumPy side has no bfloat16 and does not say which tensor of a
truncated file is missing. Writing is the package's.
"""

import os
import struct

from safetensors.numpy import save

from albert.checkpoints.files.weights_file import ITEM_SIZE, Tensor, WeightsFile, map_values, to_float32
from albert.errors import CheckpointError
from albert.files import JsonError, parse_json
from albert.foreign import guard, printable

_DTYPES = {
    "F64": "float64",
    "F32": "float32",
    "F16": "float16",
    "BF16": "bfloat16",
    "I64": "int64",
    "I32": "int32",
    "I16": "int16",
    "I8": "int8",
    "U8": "uint8",
    "BOOL": "bool",
}
_MAX_HEADER = 100_000_000  # the limit of the format's own library


class SafetensorsFile(WeightsFile):
    """A safetensors file."""

    kind = "safetensors"

    def __init__(self, path):
        super().__init__(path)
        with guard(path, "a safetensors file", CheckpointError):
            with open(path, "rb") as f:
                size = os.fstat(f.fileno()).st_size
                header = self._header(f, size)
                start = f.tell()
            self._offsets = {}
            ends = []
            for name, entry in header.items():
                if name != "__metadata__":
                    ends.append((*self._add(name, entry, start, size), name))
            self._refuse_overlaps(ends)

    def _add(self, name, entry, start, size):
        """Note one tensor. Returns its first byte and that after its last, within the data."""
        try:
            dtype = _DTYPES.get(entry["dtype"], str(entry["dtype"]))
            tensor = Tensor(tuple(_count(n) for n in entry["shape"]), printable(dtype))
            begin, end = (_count(n) for n in entry["data_offsets"])
        except (KeyError, TypeError, ValueError) as e:
            raise self.error(name, "dtype, shape and data_offsets in the header", printable(str(entry))) from e
        if dtype in ITEM_SIZE and end - begin != tensor.size * ITEM_SIZE[dtype]:
            raise self.error(name, f"{tensor.size * ITEM_SIZE[dtype]} bytes for {list(tensor.shape)} {dtype}", f"{end - begin}")
        if begin > end or start + end > size:
            self.problems.append(self.error(name, f"bytes {start + begin} to {start + end}", f"a file of {size} bytes: it is truncated"))
        self.tensors[name] = tensor
        self._offsets[name] = start + begin
        return begin, end

    def _refuse_overlaps(self, ends):
        """Two tensors never share bytes: a small file could otherwise fill the memory."""
        last = 0
        for begin, end, name in sorted(ends):
            if begin < last:
                raise self.error(name, f"its data from byte {last} on, after another tensor's", f"byte {begin}")
            last = max(last, end)

    def _header(self, f, size):
        raw = f.read(8)
        length = struct.unpack("<Q", raw)[0] if len(raw) == 8 else 0
        if not 2 <= length <= _MAX_HEADER:
            raise CheckpointError(f"{self.path}: expected a safetensors file, found no header length in its first 8 bytes")
        if 8 + length > size:
            raise CheckpointError(f"{self.path}: expected a header of {length} bytes, found a file of {size} bytes: it is truncated")
        try:
            return parse_json(f.read(length), unique_keys=True)
        except JsonError as e:
            raise CheckpointError(f"{self.path}: expected a safetensors header, found {e}") from e

    def offset(self, name):
        """The byte of the file at which a tensor's values begin."""
        return self._offsets[name]

    def read(self, name):
        tensor = self.tensors[name]
        values = map_values(self.path, tensor.dtype, self._offsets[name], tensor.size)
        return to_float32(values, tensor.dtype).reshape(tensor.shape)


def _count(value):
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise ValueError(value)
    return value


def write_safetensors(path, tensors):
    """Write float32 arrays as a safetensors file that ``transformers`` reads.

    Args:
      path: the file.
      tensors: dict from name to float32 array.
    """
    # The package's save_file makes a file that only its owner may read.
    with open(path, "wb") as f:
        # transformers refuses a file whose metadata does not say which framework's conventions the names follow.
        f.write(save(tensors, metadata={"format": "pt"}))
