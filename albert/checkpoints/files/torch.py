"""``pytorch_model.bin``: what ``torch.save`` wrote, in its zip container (torch 1.6 and later) or the older run of pickles."""

import io
import os
import struct
import zipfile
import zlib

import numpy as np

from albert.checkpoints.files import torch_pickle
from albert.checkpoints.files.weights_file import ITEM_SIZE, Tensor, WeightsFile, map_values, to_float32
from albert.errors import CheckpointError

_LEGACY_MAGIC = 0x1950A86A20F9469CFC6C
_LEGACY_PROTOCOL = 1001
_LOCAL_HEADER = struct.Struct("<26xHH")  # of a zip member, up to its name: the lengths of the name and of the extra field
# What zipfile raises for a member that is cut, fails its checksum, or is compressed or encrypted in a way it does not know.
_DAMAGED = (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, RuntimeError)


def is_zip(path):
    """Whether a file starts as a zip archive does (a truncated one still does)."""
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
        for name, view in self._views.items():
            self.tensors[name] = Tensor(view.shape, view.storage.dtype)
            last = view.offset + sum((n - 1) * stride for n, stride in zip(view.shape, view.strides))
            valid = len(view.shape) == len(view.strides) and min((view.offset, *view.shape, *view.strides)) >= 0
            if not valid or (self.tensors[name].size and last >= view.storage.size):
                raise self.error(name, f"a view of a storage of {view.storage.size} elements", f"{view.shape} beyond its end")
            found = self._stored_bytes(view.storage)
            expected = view.storage.size * ITEM_SIZE[view.storage.dtype]
            if found != expected:
                self.problems.append(self.error(name, f"{expected} bytes of data", f"{found}: the file is truncated"))

    def _stored_bytes(self, storage):
        """How many of a storage's bytes the file has."""
        raise NotImplementedError

    def _offset(self, storage):
        """Where in the file a storage's bytes begin."""
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
        try:
            self._zip = zipfile.ZipFile(path)
        except zipfile.BadZipFile as e:
            size = os.path.getsize(path)
            raise CheckpointError(
                f"{path}: expected the directory of a zip container at the end, found none in {size} bytes: the file is truncated"
            ) from e
        members = self._zip.namelist()
        pickles = [name for name in members if name.endswith("/data.pkl")]
        if len(pickles) != 1:
            raise CheckpointError(f"{path}: expected one data.pkl in the zip container, found {len(pickles)}")
        self._root = pickles[0][: -len("data.pkl")]
        if f"{self._root}byteorder" in members and self._member(f"{self._root}byteorder") != b"little":
            raise CheckpointError(f"{path}: expected byteorder little, found {self._member(f'{self._root}byteorder')!r}")
        self._take(torch_pickle.load(io.BytesIO(self._member(pickles[0])), path))
        self._zip.close()  # from here on, only its directory is used

    def _member(self, name):
        try:
            return self._zip.read(name)
        except _DAMAGED as e:
            raise CheckpointError(f"{self.path}: member {name}: expected readable data, found: {e}") from e

    def _stored_bytes(self, storage):
        try:
            info = self._zip.getinfo(f"{self._root}data/{storage.key}")
        except KeyError:
            return 0
        if info.compress_type != zipfile.ZIP_STORED:
            raise CheckpointError(f"{self.path}: member {info.filename}: expected stored data, as torch.save writes, found it compressed")
        return max(0, min(info.file_size, os.path.getsize(self.path) - self._offset(storage)))

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
        with open(path, "rb") as f:
            if torch_pickle.load(f, path) != _LEGACY_MAGIC:
                raise CheckpointError(f"{path}: expected the magic number of a PyTorch file, found another pickle")
            protocol = torch_pickle.load(f, path)
            system = torch_pickle.load(f, path)
            if protocol != _LEGACY_PROTOCOL or not isinstance(system, dict) or not system.get("little_endian", True):
                found = f"{protocol!r}, {system!r}"
                raise CheckpointError(f"{path}: expected PyTorch protocol {_LEGACY_PROTOCOL}, little endian, found {found}")
            state_dict = torch_pickle.load(f, path)
            keys = torch_pickle.load(f, path)
            start = f.tell()
        views = state_dict.values() if isinstance(state_dict, dict) else ()
        storages = {view.storage.key: view.storage for view in views if isinstance(view, torch_pickle.StoredTensor)}
        self._offsets = {}
        for key in keys if isinstance(keys, list) else ():
            if str(key) not in storages:
                raise CheckpointError(f"{path}: expected storages of tensors, found one with key {key!r} that no tensor uses")
            storage = storages[str(key)]
            self._offsets[storage.key] = start + 8
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
