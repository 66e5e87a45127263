"""The state of an unfinished run on disk."""

import dataclasses
import json

import tensorflow as tf

from albert.errors import UserError


@dataclasses.dataclass
class Progress:
    """Where a run stands; saved with the weights so that both always belong together.

    Attributes:
      step: optimizer steps done. What was read and every random number follow from it and the seed.
      seconds: time spent in steps.
      tokens: tokens read.
      num_train_steps: how long the run was meant to be when this was saved.
    """

    step: int = 0
    seconds: float = 0.0
    tokens: int = 0
    num_train_steps: int = 0


class TrainingState:
    """Checkpoints of weights, optimizer and progress; a kill at any moment leaves the newest complete one.

    Args:
      directory: path.
      model: the model.
      optimizer: its optimizer.
    """

    def __init__(self, directory, model, optimizer):
        self.directory = directory
        self._progress = tf.Variable("", dtype=tf.string, trainable=False)
        checkpoint = tf.train.Checkpoint(model=model, optimizer=optimizer, progress=self._progress)
        self._manager = tf.train.CheckpointManager(checkpoint, directory, max_to_keep=2)

    def restore(self):
        """Take up the newest checkpoint: its ``Progress``, or None when there is none.

        Raises:
          UserError: it cannot be read or is of another model.
        """
        path = self._manager.latest_checkpoint
        if path is None:
            return None
        try:
            self._manager.checkpoint.restore(path).assert_existing_objects_matched()
        except (tf.errors.OpError, AssertionError, ValueError) as e:
            reason = str(e).split("\n", maxsplit=1)[0]
            raise UserError(f"{path}: cannot go on from this training state ({reason}); remove {self.directory} to start again") from e
        return Progress(**json.loads(self._progress.numpy().decode()))

    def save(self, progress):
        """Write a checkpoint and drop the oldest beyond two."""
        self._progress.assign(json.dumps(dataclasses.asdict(progress)))
        self._manager.save(checkpoint_number=progress.step)
