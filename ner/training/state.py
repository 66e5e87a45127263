"""The state of an unfinished run on disk: everything a rerun needs to go on as if it had never stopped."""

import dataclasses
import glob
import json
import math
import os
import shutil

import tensorflow as tf

from albert.errors import UserError


@dataclasses.dataclass
class Progress:
    """Where a run stands; saved with the weights so that both always belong together.

    Attributes:
      step: steps done. Epoch and position in the shuffled data follow from it, and with the seed all random numbers.
      seconds, epoch_seconds: training time, without evaluation, so far and in the epoch under way.
      steps, skipped_steps: of the epoch under way, those that moved the weights and those that overflowed in float16.
      loss_sum, norm_sum, sentences, tokens, padded_tokens: sums over the former; tokens without and with padding.
    """

    step: int = 0
    seconds: float = 0.0
    epoch_seconds: float = 0.0
    steps: int = 0
    skipped_steps: int = 0
    loss_sum: float = 0.0
    norm_sum: float = 0.0
    sentences: int = 0
    tokens: int = 0
    padded_tokens: int = 0

    def add(self, loss_sum, norm, sentences, tokens, padded_tokens):
        """Add a step to the sums; one whose loss or gradient is not finite counts as skipped."""
        if not math.isfinite(loss_sum) or not math.isfinite(norm):
            self.skipped_steps += 1
            return
        self.steps += 1
        self.loss_sum += loss_sum
        self.norm_sum += norm
        self.sentences += sentences
        self.tokens += tokens
        self.padded_tokens += padded_tokens

    def next_epoch(self):
        """The same place with the epoch's sums at 0."""
        return Progress(step=self.step, seconds=self.seconds)

    @property
    def loss(self):
        """Mean loss per sentence."""
        return self.loss_sum / max(self.sentences, 1)

    @property
    def gradient_norm(self):
        """Mean norm of the steps' gradients before they are clipped."""
        return self.norm_sum / max(self.steps, 1)

    @property
    def padding_share(self):
        """Share of the computed tokens that are padding."""
        return 1.0 - self.tokens / max(self.padded_tokens, 1)


class TrainingState:
    """Checkpoints of weights, optimizer (moments, step, loss scale) and progress in one directory.

    A checkpoint counts once TensorFlow has renamed it into place and then the list of checkpoints; before that the one before
    it is the newest, so there is no moment at which a kill leaves none or half of one.

    Args:
      directory: path.
      model: ``TaggerModel``.
      optimizer: its optimizer.
      keep: number of checkpoints kept.
    """

    def __init__(self, directory, model, optimizer, keep=2):
        self.directory = directory
        self._progress = tf.Variable("", dtype=tf.string, trainable=False)
        checkpoint = tf.train.Checkpoint(model=model, optimizer=optimizer, progress=self._progress)
        self._manager = tf.train.CheckpointManager(checkpoint, directory, max_to_keep=keep)

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
        """Write a checkpoint and drop the oldest beyond those to keep."""
        self._progress.assign(json.dumps(dataclasses.asdict(progress)))
        self._manager.save(checkpoint_number=progress.step)

    def remove(self):
        """Delete all of it, once the run is finished."""
        shutil.rmtree(self.directory, ignore_errors=True)

    def remove_remains(self):
        """Delete what a kill in the middle of a save left behind."""
        for path in glob.glob(os.path.join(glob.escape(self.directory), "*_temp")):
            shutil.rmtree(path, ignore_errors=True)
