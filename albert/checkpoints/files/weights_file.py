"""Interface of every kind of weights file to the loader, and conversion of its bytes to float32."""

import dataclasses
import math

import numpy as np

from albert.errors import CheckpointError
from albert.foreign import printable

# Storage types by their NumPy names (and bfloat16, which NumPy lacks), with bytes per element.
ITEM_SIZE = {
    "float64": 8,
    "float32": 4,
    "float16": 2,
    "bfloat16": 2,
    "int64": 8,
    "int32": 4,
    "int16": 2,
    "int8": 1,
    "uint8": 1,
    "bool": 1,
}
FLOATS = ("float32", "float16", "bfloat16", "float64")


@dataclasses.dataclass(frozen=True)
class Tensor:
    """A stored tensor without its values: ``shape`` (tuple of int) and ``dtype`` (one of ``ITEM_SIZE``, or the file's own word)."""

    shape: tuple
    dtype: str

    @property
    def size(self):
        """Number of elements."""
        return math.prod(self.shape)


class WeightsFile:
    """A weights file, opened: names and shapes are known, values are read one tensor at a time.

    Attributes:
      path: the file, or the prefix of a TensorFlow checkpoint.
      kind: what the file is, in words.
      tensors: dict from stored name to ``Tensor``.
      problems: a ``CheckpointError`` for every tensor whose data the file is too short to hold; nothing of such a file is loaded.
    """

    kind = ""

    def __init__(self, path):
        self.path = path
        self.tensors = {}
        self.problems = []

    def read(self, name):
        """Values of one tensor as float32, in the stored shape: ``np.ndarray``, or ``tf.Tensor`` for a TensorFlow checkpoint.

        Raises:
          CheckpointError: the file is truncated or damaged, with the tensor's name.
        """
        raise NotImplementedError

    def read_finite(self, name):
        """As :meth:`read`, and the values are numbers.

        Raises:
          CheckpointError: also if one is NaN or infinite, with how many there are and where the first is.
        """
        value = self.read(name)
        array = np.asarray(value)
        with np.errstate(over="ignore", invalid="ignore"):
            # A sum is finite only if all its terms are, and takes one look at each.
            total = array.sum()
        if not np.isfinite(total) and not np.isfinite(array).all():
            places = np.argwhere(~np.isfinite(array))
            found = f"{len(places):,} of {array.size:,} that are not, the first at {places[0].tolist()}"
            raise self.error(name, "finite numbers", found)
        return value

    def error(self, name, expected, found):
        """The one line for a tensor that is not what it should be."""
        return CheckpointError(f"{self.path}: tensor {printable(name)}: expected {expected}, found {found}")


def map_values(path, dtype, offset, count):
    """``count`` elements of a file from byte ``offset`` on, [count], mapped: the only copy is the one made into a variable."""
    if not count:
        return np.zeros(0, np.float32)
    # NumPy has no bfloat16; its 16 bits are the upper half of a float32.
    stored = np.dtype("uint16" if dtype == "bfloat16" else dtype).newbyteorder("<")
    return np.memmap(path, stored, "r", offset, count).view(np.ndarray)


def to_float32(values, dtype):
    """float32 values of an array from ``map_values``; no copy if it already is one."""
    if dtype == "bfloat16":
        return (values.astype(np.uint32) << 16).view(np.float32)
    with np.errstate(over="ignore"):  # what is too large becomes infinite, and is refused where weights are taken
        return values.astype(np.float32, copy=False)
