"""Weights in several files and a JSON index that says which tensor is in which: ``model.safetensors.index.json`` and its like."""

import os

from albert.checkpoints.files.weights_file import WeightsFile
from albert.errors import CheckpointError
from albert.formats.huggingface import read_shard_index


class ShardedFile(WeightsFile):
    """All shards of a model as one weights file; a tensor is read from the shard that the index names.

    Args:
      path: the index.
      open_shard: function from a path to the ``WeightsFile`` of one shard.
    """

    def __init__(self, path, open_shard):
        super().__init__(path)
        self._shard_of = read_shard_index(path)
        self._shards = {}
        for name in sorted(set(self._shard_of.values())):
            shard = os.path.join(os.path.dirname(path), name)
            if not os.path.isfile(shard):
                raise CheckpointError(f"{path}: expected the shard {name} beside it, found no such file")
            self._shards[name] = open_shard(shard)
        for name, shard in self._shard_of.items():
            opened = self._shards[shard]
            if name in opened.tensors:
                self.tensors[name] = opened.tensors[name]
            else:
                self.problems.append(opened.error(name, f"it there, as {os.path.basename(path)} says", "no such tensor"))
        for shard in self._shards.values():
            self.problems.extend(shard.problems)
        kinds = {shard.kind for shard in self._shards.values()}
        self.kind = f"{len(self._shards)} shards, {' and '.join(sorted(kinds))}"

    def read(self, name):
        return self._shards[self._shard_of[name]].read(name)
