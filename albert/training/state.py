"""The state of an unfinished run on disk: everything a rerun needs to go on as if it had never stopped."""

import dataclasses
import glob
import itertools
import json
import numbers
import os
import shutil

import tensorflow as tf

from albert.checkpoints.files import tensorflow_index
from albert.errors import FieldError, UserError
from albert.files import atomic_write, parse_json, sync

# TensorFlow's name for the list of checkpoints in a directory.
_LIST = "checkpoint"
# What reading a damaged checkpoint raises: TensorFlow's own errors, those its C++ reader becomes in Python (IndexError for a file
# cut short), and those of objects or a progress that are not the ones asked for.
_UNREADABLE = (tf.errors.OpError, OSError, AssertionError, LookupError, RuntimeError, TypeError, ValueError)


class TrainingState:
    """Checkpoints of weights, optimizer (moments, step, loss scale) and progress in one directory.

    A checkpoint counts once it is on the disk and then named in the list of checkpoints; before that the one before it is the
    newest, so there is no moment at which a kill leaves none or half of one.

    Args:
      directory: path.
      model: the model, a ``tf.Module``.
      optimizer: its optimizer.
      progress_class: a dataclass of numbers: where the run stands.
      keep: number of checkpoints kept.
    """

    def __init__(self, directory, model, optimizer, progress_class, keep=2):
        self.directory = directory
        self._progress_class = progress_class
        self._keep = keep
        self._progress = tf.Variable("", dtype=tf.string, trainable=False)
        self._checkpoint = tf.train.Checkpoint(model=model, optimizer=optimizer, progress=self._progress)

    def restore(self):
        """Take up the newest checkpoint: its progress, or None when there is none.

        Raises:
          UserError: it cannot be read or is of another model.
        """
        path = tf.train.latest_checkpoint(self.directory)
        if path is None:
            if os.path.exists(os.path.join(self.directory, _LIST)):
                raise UserError(f"{os.path.join(self.directory, _LIST)}: names no training state; remove {self.directory} to start again")
            return None
        try:
            _check_index(path)
            self._checkpoint.read(path).assert_existing_objects_matched()
            progress = self._progress_class(**parse_json(self._progress.numpy(), allow_nan=True))
            _check_types(progress)
            return progress
        except _UNREADABLE as e:
            reason = str(e).split("\n", maxsplit=1)[0]
            raise UserError(f"{path}: cannot go on from this training state ({reason}); remove {self.directory} to start again") from e

    def save(self, progress):
        """Write a checkpoint and drop the oldest beyond those to keep.

        Args:
          progress: of the class given; its ``step`` names the checkpoint.

        Raises:
          UserError: the disk is full, or cannot be written to for another reason. The checkpoint before is still there.
        """
        try:
            self._save(progress)
        except (OSError, tf.errors.OpError) as e:
            # TensorFlow: "{{node}} path; No space left on device [Op:SaveV2]".
            reason = e.strerror if isinstance(e, OSError) else e.message.rsplit("; ", 1)[-1].split(" [Op:")[0]
            raise FieldError("{output_dir}: cannot write the training state to {}: {}", self.directory, reason) from e

    def _save(self, progress):
        self._progress.assign(json.dumps(dataclasses.asdict(progress)))
        path = os.path.join(self.directory, f"ckpt-{progress.step}")
        self._checkpoint.write(path)
        # TensorFlow leaves it to the system when the data reach the disk. The list that names them must not get there first.
        for file in (*_files(path), self.directory):
            sync(file)
        older = [p for p in self._listed() if p != path]
        dropped = older[: max(len(older) + 1 - self._keep, 0)]
        self._write_list([*older[len(dropped) :], path])
        for file in itertools.chain.from_iterable(map(_files, dropped)):
            os.unlink(file)

    def remove(self):
        """Delete all of it, once the run is finished."""
        shutil.rmtree(self.directory, ignore_errors=True)

    def remove_remains(self):
        """Delete what a kill in the middle of a save left behind: a part of a checkpoint, or one that is not listed."""
        listed = {file for path in self._listed() for file in _files(path)}
        for path in glob.glob(os.path.join(glob.escape(self.directory), "ckpt-*")):
            if os.path.isdir(path):
                shutil.rmtree(path, ignore_errors=True)
            elif path not in listed:
                os.unlink(path)

    def _listed(self):
        state = tf.train.get_checkpoint_state(self.directory)
        return list(state.all_model_checkpoint_paths) if state else []

    def _write_list(self, paths):
        """TensorFlow's ``CheckpointState`` as text, with names instead of paths: the directory may be moved."""
        names = [os.path.basename(path) for path in paths]
        with atomic_write(os.path.join(self.directory, _LIST)) as f:
            f.write(f'model_checkpoint_path: "{names[-1]}"\n')
            f.writelines(f'all_model_checkpoint_paths: "{name}"\n' for name in names)
        sync(self.directory)


def _check_types(progress):
    """Raise ValueError if a field holds another type than its default: numbers of any kind are one."""
    for field in dataclasses.fields(progress):
        kind = numbers.Real if isinstance(field.default, (int, float)) else type(field.default)
        if not isinstance(getattr(progress, field.name), kind):
            raise ValueError(f"the progress has {getattr(progress, field.name)!r} as {field.name}")


def _check_index(path):
    """Raise for an index that TensorFlow would end the whole process at."""
    with open(f"{path}.index", "rb") as f:
        tensorflow_index.parse(f.read(tensorflow_index.LARGEST + 1))


def _files(path):
    return glob.glob(f"{glob.escape(path)}.*")
