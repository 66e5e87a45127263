"""A pretraining output directory.

::

    run.json          everything that decides the run's result
    state/            weights, optimizer and progress of an unfinished run
    step-00005000/    a checkpoint in Google's layout: weights, config, vocabulary
    train.csv         loss, accuracies, learning rate, speed
    eval.csv          scores on held-out text, with baselines
    logs/             the same for TensorBoard
"""

import glob
import json
import os
import re
import secrets
import shutil

from albert.checkpoints import architecture, writing
from albert.errors import CheckpointError, UserError
from albert.files import atomic_write

# In this order: Google's layout unless the architecture does not fit it.
_LAYOUTS = ("google", "brightmart", "huggingface")


class RunDirectory:
    """Paths and contents of one output directory.

    Args:
      path: the directory.
    """

    def __init__(self, path):
        self.path = os.fspath(path)

    def file(self, name):
        """Path of something in the directory."""
        return os.path.join(self.path, name)

    def claim(self, identity):
        """Mark the directory as this run's, or refuse it when it is another's.

        Args:
          identity: JSON-ready dict.

        Raises:
          UserError: it holds a run that differs, or something else, or cannot be written.
        """
        path = self.file("run.json")
        identity = json.loads(json.dumps(identity))
        if os.path.exists(path):
            stored = self._stored_identity(path)
            for key in sorted({*stored, *identity}):
                if stored.get(key) != identity.get(key):
                    raise UserError(
                        f"--output_dir: {self.path} holds a run with {key}={stored.get(key)!r}, this one has {identity.get(key)!r}; "
                        "choose another directory"
                    )
            return
        if os.path.isdir(self.path) and os.listdir(self.path):
            raise UserError(f"--output_dir: {self.path} is not empty and holds no pretraining run; choose another directory")
        try:
            os.makedirs(self.path, exist_ok=True)
            with atomic_write(path) as f:
                json.dump(identity, f, indent=2, ensure_ascii=False)
        except OSError as e:
            raise UserError(f"--output_dir: cannot write to {self.path}: {e.strerror}") from e

    def _stored_identity(self, path):
        try:
            with open(path, encoding="utf-8") as f:
                stored = json.load(f)
        except (OSError, ValueError) as e:
            raise UserError(f"{path}: not readable as the record of a run; choose another --output_dir") from e
        if not isinstance(stored, dict):
            raise UserError(f"{path}: expected a JSON object, found {type(stored).__name__}; choose another --output_dir")
        return stored

    def export(self, step, model, config, vocabulary, do_lower_case, keep=0):
        """Write a model as a published checkpoint, whole or not at all.

        Args:
          step: optimizer steps done; part of the name.
          model: ``AlbertForPretraining``.
          config: the ``AlbertConfig`` to store, with the dropout rates that fine-tuning is to use.
          vocabulary: (vocab_file, spm_model_file), one of them None.
          do_lower_case: for layouts that store it.
          keep: how many of these checkpoints stay; 0 for all.

        Returns:
          The checkpoint's directory.
        """
        path = self.file(f"step-{step:08d}")
        weights = {name: variable.numpy() for name, variable in model.weight_map().items()}
        config, weights, layout = storable(config, weights)
        temporary = self.file(f".{os.path.basename(path)}.{secrets.token_hex(4)}.tmp")
        try:
            os.mkdir(temporary)
            writing.write_checkpoint(temporary, layout, config, weights, *vocabulary, do_lower_case)
            # There already if the run was killed after this checkpoint and before its state was saved; it is the same one.
            shutil.rmtree(path, ignore_errors=True)
            os.rename(temporary, path)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)
        if keep:
            for old in self.checkpoints()[:-keep]:
                shutil.rmtree(old)
        return path

    def checkpoints(self):
        """The exported checkpoints' directories, oldest first."""
        found = glob.glob(os.path.join(glob.escape(self.path), "step-*"))
        return sorted((path for path in found if re.search(r"step-\d+$", path)), key=lambda path: int(path.rsplit("-", 1)[1]))

    def remove_remains(self):
        """Delete what a kill in the middle of a write left behind."""
        for pattern in (".step-*.tmp", "state/*_temp"):
            for path in glob.glob(os.path.join(glob.escape(self.path), pattern)):
                shutil.rmtree(path, ignore_errors=True)


def storable(config, weights):
    """(config, weights, layout) of the first published layout that holds the architecture, Google's before all others.

    Raises:
      CheckpointError: none does.
    """
    error = None
    for target in _LAYOUTS:
        try:
            return architecture.adapt(config, weights, target)
        except CheckpointError as e:
            error = error or e
    raise error
