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
import os
import re
import secrets
import shutil

from albert.checkpoints import writing
from albert.errors import CheckpointError
from albert.formats import adapt
from albert.training.same_run import ensure_same_run, sole_process

_RECORD = "run.json"
_KIND = "pretraining run"
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

    def ensure_same_run(self, identity):
        """Mark the directory as this run's, or refuse it when it is another's.

        Args:
          identity: JSON-ready dict.

        Raises:
          UserError: it holds a run that differs, or something else, or cannot be written.
        """
        ensure_same_run(self.path, _RECORD, identity, _KIND)

    def sole_process(self):
        """``albert.training.same_run.sole_process`` for this directory."""
        return sole_process(self.path, _RECORD, _KIND)

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
        """Delete what a kill in the middle of an export left behind."""
        for path in glob.glob(os.path.join(glob.escape(self.path), ".step-*.tmp")):
            shutil.rmtree(path, ignore_errors=True)


def storable(config, weights):
    """(config, weights, layout) of the first published layout that holds the architecture, Google's before all others.

    Raises:
      CheckpointError: none does.
    """
    error = None
    for target in _LAYOUTS:
        try:
            return adapt(config, weights, target)
        except CheckpointError as e:
            error = error or e
    raise error
