"""TensorFlow checkpoints (``prefix.index`` and ``prefix.data-*``): TF1 ``Saver`` files and TF2 object checkpoints."""

import glob
import os

import tensorflow as tf

from albert.checkpoints.files.weights_file import Tensor, WeightsFile
from albert.errors import CheckpointError

_OBJECT_GRAPH = "_CHECKPOINTABLE_OBJECT_GRAPH"
_VALUE = "/.ATTRIBUTES/VARIABLE_VALUE"


class TensorFlowFile(WeightsFile):
    """A TensorFlow checkpoint, V2 format. Of an object checkpoint, names are object paths without the attribute suffix."""

    def __init__(self, prefix):
        super().__init__(prefix)
        try:
            reader = tf.train.load_checkpoint(prefix)
        except (tf.errors.OpError, ValueError) as e:
            raise CheckpointError(f"{prefix}.index: expected the index of a TensorFlow checkpoint, found: {_one_line(e)}") from e
        shapes, dtypes = reader.get_variable_to_shape_map(), reader.get_variable_to_dtype_map()
        self._suffix = _VALUE if _OBJECT_GRAPH in shapes else ""
        self.kind = "TensorFlow 2 object checkpoint" if self._suffix else "TensorFlow 1 checkpoint"
        self._dtypes = {}
        for stored in sorted(shapes):
            if not stored.endswith(self._suffix):
                continue
            name = stored[: len(stored) - len(self._suffix)]
            self._dtypes[name] = dtypes[stored]
            self.tensors[name] = Tensor(tuple(shapes[stored]), dtypes[stored].name)
        self._check_size(shapes, dtypes)

    def _check_size(self, shapes, dtypes):
        """Compare the data files' size with what the index promises, so that a broken download is told before anything is read."""
        shards = sorted(glob.glob(f"{glob.escape(self.path)}.data-*"))
        if not shards:
            raise CheckpointError(f"{self.path}.data-00000-of-00001: expected the data file of {self.path}.index, found no such file")
        count = int(shards[0].rsplit("-", 1)[1])
        for shard in range(count):
            name = f"{self.path}.data-{shard:05d}-of-{count:05d}"
            if name not in shards:
                raise CheckpointError(f"{name}: expected {count} data files, found {len(shards)} without this one")
        if count != 1:
            return  # which tensor lies in which file is not told by TensorFlow's reader; a short file shows when it is read
        found, end = os.path.getsize(shards[0]), 0
        # The writer lays tensors out in the order of their names, without gaps.
        for stored in sorted(shapes):
            if dtypes[stored] == tf.string:
                continue
            end += Tensor(tuple(shapes[stored]), "").size * dtypes[stored].size
            if end > found:
                message = f"expected {end} bytes up to its end, found a file of {found} bytes: it is truncated"
                self.problems.append(CheckpointError(f"{shards[0]}: tensor {stored}: {message}"))

    def read(self, name):
        try:
            value = tf.raw_ops.RestoreV2(
                prefix=self.path, tensor_names=[name + self._suffix], shape_and_slices=[""], dtypes=[self._dtypes[name]]
            )[0]
        except (tf.errors.OpError, IndexError) as e:
            tensor = self.tensors[name]
            raise self.error(name, f"{list(tensor.shape)} {tensor.dtype}", f"unreadable data: {_one_line(e)}") from e
        return tf.cast(value, tf.float32)


def _one_line(error):
    message = getattr(error, "message", None) or str(error)
    return " ".join(message.split())


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
