"""TensorFlow checkpoints (``prefix.index`` and ``prefix.data-*``): TF1 ``Saver`` files and TF2 object checkpoints."""

import glob
import os

import tensorflow as tf

from albert.checkpoints.files import tensorflow_index
from albert.checkpoints.files.weights_file import Tensor, WeightsFile
from albert.errors import CheckpointError
from albert.foreign import guard, printable, reason

_OBJECT_GRAPH = "_CHECKPOINTABLE_OBJECT_GRAPH"
_VALUE = "/.ATTRIBUTES/VARIABLE_VALUE"


class TensorFlowFile(WeightsFile):
    """A TensorFlow checkpoint, V2 format. Of an object checkpoint, names are object paths without the attribute suffix."""

    def __init__(self, prefix):
        super().__init__(prefix)
        with guard(f"{prefix}.index", "the index of a TensorFlow checkpoint", CheckpointError):
            with open(f"{prefix}.index", "rb") as f:
                data = f.read(tensorflow_index.LARGEST + 1)
            shards, entries = tensorflow_index.parse(data)
        self._suffix = _VALUE if _OBJECT_GRAPH in entries else ""
        self.kind = "TensorFlow 2 object checkpoint" if self._suffix else "TensorFlow 1 checkpoint"
        for stored, entry in sorted(entries.items()):
            if stored.endswith(self._suffix):
                self.tensors[stored[: len(stored) - len(self._suffix)]] = Tensor(entry.shape, entry.dtype)
        self._check_size(shards, entries)

    def _check_size(self, shards, entries):
        """Compare the data files' sizes with what the index promises, so that a broken download is told before anything is read."""
        present = len(glob.glob(f"{glob.escape(self.path)}.data-*"))
        sizes = {}
        for shard in range(shards):
            name = f"{self.path}.data-{shard:05d}-of-{shards:05d}"
            if not os.path.isfile(name):
                if shards == 1:
                    raise CheckpointError(f"{name}: expected the data file of {self.path}.index, found no such file")
                raise CheckpointError(f"{name}: expected {shards} data files, found {present} without this one")
            sizes[shard] = os.path.getsize(name), name
        for stored, entry in sorted(entries.items()):
            found, name = sizes[entry.shard]
            end = entry.offset + entry.size
            if end > found:
                message = f"expected {end} bytes up to its end, found a file of {found} bytes: it is truncated"
                self.problems.append(CheckpointError(f"{name}: tensor {printable(stored)}: {message}"))
        wanted, stored = sum(entry.size for entry in entries.values()), sum(size for size, _ in sizes.values())
        if not self.problems and wanted > stored:
            raise CheckpointError(f"{self.path}: expected tensors of no more bytes than the files' {stored:,}, found {wanted:,}")

    def read(self, name):
        tensor = self.tensors[name]
        try:
            value = tf.raw_ops.RestoreV2(
                prefix=self.path, tensor_names=[name + self._suffix], shape_and_slices=[""], dtypes=[tf.as_dtype(tensor.dtype)]
            )[0]
        except (tf.errors.OpError, IndexError) as e:
            raise self.error(name, f"{list(tensor.shape)} {tensor.dtype}", f"unreadable data: {reason(e)}") from e
        return tf.cast(value, tf.float32)


def write_tf1(prefix, tensors):
    """Write arrays under their names as a TF1 ``Saver`` does (V2 format, no graph).

    Args:
      prefix: path without ``.index``.
      tensors: dict from name to float32 array.
    """
    names = sorted(tensors)
    tf.raw_ops.SaveV2(prefix=prefix, tensor_names=names, shape_and_slices=[""] * len(names), tensors=[tensors[name] for name in names])


def write_tf2(prefix, tensors):
    """Write arrays as an object checkpoint that ``tf.train.Checkpoint`` and ``load_weights`` restore into a model of this library.

    Args:
      prefix: path without ``.index``.
      tensors: dict from object path (``blocks/0/query/kernel``) to float32 array.
    """
    root = {}
    for path, value in tensors.items():
        *parents, leaf = path.split("/")
        node = root
        for parent in parents:
            node = node.setdefault(parent, {})
        node[leaf] = tf.Variable(value)
    _trackable(root).write(prefix)


def _trackable(node):
    if not isinstance(node, dict):
        return node
    return tf.train.Checkpoint(**{name: _trackable(child) for name, child in node.items()})
