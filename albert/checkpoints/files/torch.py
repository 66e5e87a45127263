"""``pytorch_model.bin``: what ``torch.save`` wrote, in its zip container (torch 1.6 and later) or the older run of pickles."""

import os
import struct
import zipfile

import numpy as np

from albert.checkpoints.files import torch_pickle
from albert.checkpoints.files.weights_file import FLOATS, ITEM_SIZE, Tensor, WeightsFile, map_values, to_float32
from albert.errors import CheckpointError
from albert.foreign import guard, printable

_LEGACY_MAGIC = 0x1950A86A20F9469CFC6C
_LEGACY_PROTOCOL = 1001
_LOCAL_HEADER = struct.Struct("<26xHH")  # of a zip member, up to its name: the lengths of the name and of the extra field
# A tied weight is stored once and named twice, a block that layers share may be named for each of them. More would let a small file
# fill the memory.
_MOST_VIEWS = 32


def is_zip(path):
    """True if a file starts as a zip archive does (a truncated one still does)."""
    with open(path, "rb") as f:
        return f.read(4) == b"PK\x03\x04"


def open_torch(path):
    """The ``WeightsFile`` for a ``torch.save`` file of either container."""
    return TorchZipFile(path) if is_zip(path) else TorchLegacyFile(path)


class _TorchFile(WeightsFile):
    """Tensors as views of storages; the containers differ in where a storage's bytes are."""

    def _take(self, state_dict):
        """Note the tensors of the unpickled object, each checked to lie within its storage."""
        self._views = {}
        if isinstance(state_dict, dict):
            self._views = {
                name: view for name, view in state_dict.items() if isinstance(name, str) and isinstance(view, torch_pickle.StoredTensor)
            }
        if not self._views:
            found = f"a {type(state_dict).__name__} without tensors"
            raise CheckpointError(f"{self.path}: expected a state dict (tensor names and tensors), found {found}")
        storages, named = {}, 0
        for name, view in self._views.items():
            self.tensors[name] = tensor = Tensor(view.shape, view.storage.dtype)
            last = view.offset + sum((n - 1) * stride for n, stride in zip(view.shape, view.strides))
            if len(view.shape) != len(view.strides) or (tensor.size and last >= view.storage.size):
                raise self.error(name, f"a view of a storage of {view.storage.size} elements", f"{list(view.shape)} beyond its end")
            if storages.setdefault(view.storage.key, view.storage) != view.storage:
                raise self.error(name, "one storage under a key", f"another under {printable(view.storage.key)}")
            named += tensor.size * ITEM_SIZE[tensor.dtype] if tensor.dtype in FLOATS else 0
            found = self._stored_bytes(view.storage)
            expected = view.storage.size * ITEM_SIZE[view.storage.dtype]
            if found != expected:
                self.problems.append(self.error(name, f"{expected} bytes of data", f"{found}: the file is truncated"))
        stored = sum(storage.size * ITEM_SIZE[storage.dtype] for storage in storages.values())
        if not self.problems and (stored > self._size or named > _MOST_VIEWS * stored):
            found = f"{named:,} in {stored:,} of storages"
            raise CheckpointError(f"{self.path}: expected tensors of no more bytes than the file's {self._size:,}, found {found}")

    def _stored_bytes(self, storage):
        """Number of a storage's bytes that the file has."""
        raise NotImplementedError

    def _offset(self, storage):
        """Offset in the file of a storage's first byte."""
        raise NotImplementedError

    def read(self, name):
        view = self._views[name]
        storage = view.storage
        values = map_values(self.path, storage.dtype, self._offset(storage), storage.size)
        strides = [stride * values.itemsize for stride in view.strides]
        values = np.lib.stride_tricks.as_strided(values[view.offset :], view.shape, strides, writeable=False)
        return to_float32(values, storage.dtype)


class TorchZipFile(_TorchFile):
    """The zip container: ``<name>/data.pkl`` and one member ``<name>/data/<key>`` per storage."""

    kind = "PyTorch zip container"

    def __init__(self, path):
        super().__init__(path)
        self._size = os.path.getsize(path)
        with guard(path, "a PyTorch file", CheckpointError):
            try:
                self._zip = zipfile.ZipFile(path)
            except zipfile.BadZipFile as e:
                found = f"none in {self._size} bytes: the file is truncated"
                raise CheckpointError(f"{path}: expected the directory of a zip container at the end, found {found}") from e
            with self._zip:  # once closed, only its directory is used
                self._read_directory()

    def _read_directory(self):
        members = self._zip.namelist()
        pickles = [name for name in members if name.endswith("/data.pkl")]
        if not pickles:
            found = f"a zip archive with {printable(members[0])}: unpack it first" if members else "an empty zip archive"
            raise CheckpointError(f"{self.path}: expected one data.pkl in the zip container, found {found}")
        if len(pickles) > 1:
            raise CheckpointError(f"{self.path}: expected one data.pkl in the zip container, found {len(pickles)}")
        self._root = pickles[0][: -len("data.pkl")]
        if f"{self._root}byteorder" in members:
            order = self._member(f"{self._root}byteorder", 16)
            if order != b"little":
                raise CheckpointError(f"{self.path}: expected byteorder little, found {order!r}")
        state_dict, _ = torch_pickle.load(self._member(pickles[0], torch_pickle.LARGEST), self.path)
        self._take(state_dict)

    def _member(self, name, most):
        """The bytes of a member that is stored as it is, as torch.save stores it, and has ``most`` bytes at most."""
        info = self._info(name)
        if info.file_size > min(most, self._size):
            raise CheckpointError(f"{self.path}: member {printable(name)}: expected at most {most:,} bytes, found {info.file_size:,}")
        with guard(f"{self.path}: member {printable(name)}", "readable data", CheckpointError):
            return self._zip.read(info)

    def _info(self, name):
        info = self._zip.getinfo(name)
        if info.compress_type != zipfile.ZIP_STORED:
            found = "found it compressed"
            raise CheckpointError(f"{self.path}: member {printable(name)}: expected stored data, as torch.save writes, {found}")
        return info

    def _stored_bytes(self, storage):
        try:
            info = self._info(f"{self._root}data/{storage.key}")
        except KeyError:
            return 0
        return max(0, min(info.file_size, self._size - self._offset(storage)))

    def _offset(self, storage):
        # A member's data follows its local header, whose extra field (torch pads with it) the directory does not repeat.
        start = self._zip.getinfo(f"{self._root}data/{storage.key}").header_offset
        with open(self.path, "rb") as f:
            f.seek(start)
            header = f.read(_LOCAL_HEADER.size)
        if len(header) < _LOCAL_HEADER.size:
            return start + _LOCAL_HEADER.size
        name_length, extra_length = _LOCAL_HEADER.unpack(header)
        return start + _LOCAL_HEADER.size + name_length + extra_length


class TorchLegacyFile(_TorchFile):
    """The older container: magic number, protocol, system info, the object, the storages' keys, and each storage's size and bytes."""

    kind = "PyTorch legacy container"

    def __init__(self, path):
        super().__init__(path)
        self._size = os.path.getsize(path)
        with guard(path, "a PyTorch file", CheckpointError):
            self._read_pickles()

    def _read_pickles(self):
        path = self.path
        with open(path, "rb") as f:
            data = f.read(torch_pickle.LARGEST)
        magic, place = torch_pickle.load(data, path)
        if magic != _LEGACY_MAGIC:
            raise CheckpointError(f"{path}: expected the magic number of a PyTorch file, found another pickle")
        protocol, place = torch_pickle.load(data, path, place)
        system, place = torch_pickle.load(data, path, place)
        if protocol != _LEGACY_PROTOCOL or not isinstance(system, dict) or system.get("little_endian", True) is not True:
            raise CheckpointError(f"{path}: expected PyTorch protocol {_LEGACY_PROTOCOL}, little endian, found another")
        state_dict, place = torch_pickle.load(data, path, place)
        keys, start = torch_pickle.load(data, path, place)
        views = state_dict.values() if isinstance(state_dict, dict) else ()
        storages = {view.storage.key: view.storage for view in views if isinstance(view, torch_pickle.StoredTensor)}
        self._offsets = {}
        for key in keys if isinstance(keys, list) else ():
            if not isinstance(key, str) or key not in storages:
                found = f"one with key {printable(key) if isinstance(key, str) else type(key).__name__} that no tensor uses"
                raise CheckpointError(f"{path}: expected storages of tensors, found {found}")
            storage = storages[key]
            self._offsets[key] = start + 8
            start += 8 + storage.size * ITEM_SIZE[storage.dtype]
        self._take(state_dict)

    def _stored_bytes(self, storage):
        offset = self._offsets.get(storage.key, self._size)
        available = max(0, self._size - offset)
        expected = storage.size * ITEM_SIZE[storage.dtype]
        if available < expected:
            return available
        with open(self.path, "rb") as f:
            f.seek(offset - 8)
            return struct.unpack("<q", f.read(8))[0] * ITEM_SIZE[storage.dtype]

    def _offset(self, storage):
        return self._offsets[storage.key]
