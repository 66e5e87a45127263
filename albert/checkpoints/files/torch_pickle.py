"""The pickles inside a ``pytorch_model.bin``, read without torch and without running anything they ask for.

A pickle is a program: it may call whatever it can import. Here importing is restricted to names that stand for storages and for
the functions that put a tensor on one, and those are ours: they only note shapes and offsets.
"""

import collections
import dataclasses
import pickle

from albert.errors import CheckpointError

# torch's storage classes and the type of one element.
_STORAGES = {
    "DoubleStorage": "float64",
    "FloatStorage": "float32",
    "HalfStorage": "float16",
    "BFloat16Storage": "bfloat16",
    "LongStorage": "int64",
    "IntStorage": "int32",
    "ShortStorage": "int16",
    "CharStorage": "int8",
    "ByteStorage": "uint8",
    "BoolStorage": "bool",
}


@dataclasses.dataclass(frozen=True)
class Storage:
    """A run of ``size`` elements of type ``dtype`` that the file keeps under ``key``."""

    key: str
    dtype: str
    size: int


@dataclasses.dataclass(frozen=True)
class StoredTensor:
    """A tensor as a view of a storage; ``offset`` and ``strides`` count elements."""

    storage: Storage
    offset: int
    shape: tuple
    strides: tuple


class _StorageType:
    """Stands for a class such as ``torch.FloatStorage``; never called."""

    def __init__(self, dtype):
        self.dtype = dtype


def _rebuild_tensor(storage, offset, shape, strides, *_):
    # What follows in the newer forms (requires_grad, hooks, metadata) changes no value.
    if not isinstance(storage, Storage):
        raise pickle.UnpicklingError("a tensor without a storage")
    return StoredTensor(storage, int(offset), tuple(int(n) for n in shape), tuple(int(n) for n in strides))


def _rebuild_parameter(tensor, *_):
    return tensor


_ALLOWED = {
    ("collections", "OrderedDict"): collections.OrderedDict,
    ("torch._utils", "_rebuild_tensor"): _rebuild_tensor,
    ("torch._utils", "_rebuild_tensor_v2"): _rebuild_tensor,
    ("torch._utils", "_rebuild_parameter"): _rebuild_parameter,
    ("torch", "Size"): tuple,
    **{("torch", name): _StorageType(dtype) for name, dtype in _STORAGES.items()},
}


class RestrictedUnpickler(pickle.Unpickler):
    """Unpickles a state dict into ``StoredTensor``s.

    Args:
      file: binary file, at the start of a pickle.
      path: name for error messages.
    """

    def __init__(self, file, path):
        super().__init__(file, encoding="utf-8")
        self._path = path

    def find_class(self, module, name):
        try:
            return _ALLOWED[module, name]
        except KeyError:
            raise CheckpointError(
                f"{self._path}: expected a pickle of tensors only, found one that asks for {module}.{name}; nothing of it was executed"
            ) from None

    def persistent_load(self, pid):
        if not (isinstance(pid, tuple) and len(pid) >= 5 and pid[0] == "storage" and isinstance(pid[1], _StorageType)):
            raise pickle.UnpicklingError(f"an object stored outside the pickle that is not a tensor storage: {str(pid)[:80]}")
        if len(pid) > 5 and pid[5] is not None:
            raise pickle.UnpicklingError("a storage that is a view of another one")
        return Storage(str(pid[2]), pid[1].dtype, int(pid[4]))


def load(file, path):
    """One pickled object from ``file``. Raises CheckpointError if it is anything but plain data and tensors."""
    try:
        return RestrictedUnpickler(file, path).load()
    except CheckpointError:
        raise
    except Exception as e:  # a damaged pickle can raise anything
        reason = " ".join(str(e).split()) or type(e).__name__
        raise CheckpointError(f"{path}: expected a pickle of tensors, found: {reason}") from e
