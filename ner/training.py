"""The training loop: steps, epochs, selection of the best epoch, resumption."""

import csv
import dataclasses
import json
import signal
import sys
import time

import numpy as np
import tensorflow as tf
from tqdm import tqdm

from albert.errors import UserError
from albert.files import atomic_write
from ner import model_dir
from ner.data.pipeline import training_batches
from ner.optimization import AdamWeightDecay, ParameterGroup, WarmupLinearDecay

# Steps between two looks at the loss: reading it waits for the device.
_LOG_STEPS = 20


@dataclasses.dataclass(frozen=True)
class TrainingSettings:
    """How to train; the flags of ``run_ner.py`` with the same names.

    Attributes:
      train_batch_size: sentences per optimizer step.
      num_train_epochs: passes over the training set.
      learning_rate, head_learning_rate, crf_learning_rate: peak rates of encoder, BiLSTM with emissions, and CRF.
      warmup_proportion: share of all steps in which the rates rise.
      weight_decay: decoupled decay of every matrix.
      max_grad_norm: gradients are scaled down to this global norm.
      seed: of weights' initial values, order of the data, and dropout.
      save_steps: steps between two saves of the training state, besides one after each epoch; 0 for none between.
    """

    train_batch_size: int = 64
    num_train_epochs: int = 3
    learning_rate: float = 2e-5
    head_learning_rate: float = 1e-3
    crf_learning_rate: float = 1e-2
    warmup_proportion: float = 0.1
    weight_decay: float = 0.01
    max_grad_norm: float = 1.0
    seed: int = 42
    save_steps: int = 500

    def __post_init__(self):
        for name in ("train_batch_size", "num_train_epochs"):
            if getattr(self, name) < 1:
                raise UserError(f"--{name}: must be at least 1, found {getattr(self, name)}")
        for name in ("learning_rate", "head_learning_rate", "crf_learning_rate", "weight_decay", "max_grad_norm", "save_steps", "seed"):
            if getattr(self, name) < 0:
                raise UserError(f"--{name}: must not be negative, found {getattr(self, name)}")
        if not 0.0 <= self.warmup_proportion < 1.0:
            raise UserError(f"--warmup_proportion: must lie in [0, 1), found {self.warmup_proportion}")


@dataclasses.dataclass
class Progress:
    """Where a run stands; saved with the weights so that both always belong together.

    Attributes:
      step: optimizer steps done. Epoch and position within the epoch's shuffled batches follow from it.
      seconds: training time so far, without evaluation.
      best_epoch, best_f1: the epoch (from 1) with the best dev F1 so far; 0 and -1.0 before any.
      loss_sum, loss_count: sum of the sentences' losses in the epoch under way, and how many sentences.
      history: one dict per finished epoch.
    """

    step: int = 0
    seconds: float = 0.0
    best_epoch: int = 0
    best_f1: float = -1.0
    loss_sum: float = 0.0
    loss_count: int = 0
    history: list = dataclasses.field(default_factory=list)


class Interrupted(Exception):
    """SIGTERM or SIGINT arrived; the state was saved and the same command goes on from it."""


class Trainer:
    """Trains a tagger in a run's output directory.

    Args:
      model: ``TaggerModel``.
      settings: ``TrainingSettings``.
      train: ``EncodedExamples`` with tags.
      directory: ``ModelDir`` that takes weights and state.
      evaluate_dev: function without arguments that scores the model on the dev set (an ``Evaluation``), or None when there
        is no dev set; the weights of the last epoch are then the result.
    """

    def __init__(self, model, settings, train, directory, evaluate_dev=None):
        self.model = model
        self.settings = settings
        self.train_set = train
        self.directory = directory
        self.evaluate_dev = evaluate_dev
        self.steps_per_epoch = -(-len(train) // settings.train_batch_size)
        self.num_steps = self.steps_per_epoch * settings.num_train_epochs
        rates = {"encoder": settings.learning_rate, "head": settings.head_learning_rate, "crf": settings.crf_learning_rate}
        groups = [ParameterGroup(name, rates[name], tuple(v)) for name, v in model.parameter_groups().items() if v]
        schedule = WarmupLinearDecay(self.num_steps, int(self.num_steps * settings.warmup_proportion))
        self.optimizer = AdamWeightDecay(groups, schedule, settings.weight_decay)
        self.optimizer.build(self.optimizer.variables_in_groups)
        self.progress = Progress()
        self._progress_json = tf.Variable("", dtype=tf.string, trainable=False)
        checkpoint = tf.train.Checkpoint(model=model, optimizer=self.optimizer, progress=self._progress_json)
        self._manager = tf.train.CheckpointManager(checkpoint, directory.file("state"), max_to_keep=2)
        self._stop_signal = None
        self._train_step = tf.function(self._step, input_signature=[_batch_signature(), tf.TensorSpec([2], tf.int32)])

    def _step(self, inputs, seed):
        with tf.GradientTape() as tape:
            emissions = self.model(inputs, training=True, seed=seed)
            losses = self.model.loss(emissions, inputs["tag_ids"], inputs["lengths"])
            loss = tf.reduce_mean(losses)
        variables = self.optimizer.variables_in_groups
        # Made dense before the norm is taken: rows of one word add up there, as they do in the update.
        gradients = [tf.convert_to_tensor(g) for g in tape.gradient(loss, variables)]
        gradients, norm = tf.clip_by_global_norm(gradients, self.settings.max_grad_norm)
        self.optimizer.apply_gradients(zip(gradients, variables))
        return tf.reduce_sum(losses), norm

    def resume(self):
        """Take up the state an earlier run of the same command left, if there is one. Returns whether there was."""
        latest = self._manager.latest_checkpoint
        if latest is None:
            return False
        self._manager.checkpoint.restore(latest).assert_existing_objects_matched()
        self.progress = Progress(**json.loads(self._progress_json.numpy().decode()))
        return True

    def _save(self):
        self._progress_json.assign(json.dumps(dataclasses.asdict(self.progress)))
        self._manager.save(checkpoint_number=self.progress.step)

    def run(self, log=print):
        """Train to the end of the last epoch.

        Args:
          log: takes one line of text at a time.

        Returns:
          ``Progress`` at the end.

        Raises:
          Interrupted: a signal asked to stop; the state is saved.
          UserError: the loss is not a finite number.
        """
        previous = {number: signal.signal(number, self._on_signal) for number in (signal.SIGTERM, signal.SIGINT)}
        try:
            while self.progress.step < self.num_steps:
                self._run_epoch(self.progress.step // self.steps_per_epoch, log)
        finally:
            for number, handler in previous.items():
                signal.signal(number, handler)
        return self.progress

    def _run_epoch(self, epoch, log):
        settings, progress = self.settings, self.progress
        batches = training_batches(self.train_set.lengths, settings.train_batch_size, settings.seed, epoch)
        done = progress.step - epoch * self.steps_per_epoch
        dataset = tf.data.Dataset.from_generator(
            lambda: (self.train_set.batch(indices) for indices in batches[done:]), output_signature=_batch_signature()
        ).prefetch(8)
        bar = tqdm(
            total=len(self.train_set),
            initial=progress.loss_count,
            desc=f"epoch {epoch + 1}/{settings.num_train_epochs}",
            unit=" sentences",
            file=sys.stderr,
            dynamic_ncols=True,
        )
        pending, started = [], time.perf_counter()
        with bar:
            for inputs in dataset:
                loss_sum, norm = self._train_step(inputs, _seed_of_step(settings.seed, progress.step))
                progress.step += 1
                pending.append((loss_sum, norm, int(inputs["lengths"].shape[0])))
                last = progress.step % self.steps_per_epoch == 0
                save = settings.save_steps and progress.step % settings.save_steps == 0
                if len(pending) == _LOG_STEPS or last or save or self._stop_signal:
                    self._account(pending, bar)
                    pending = []
                if (save and not last) or self._stop_signal:
                    progress.seconds += time.perf_counter() - started
                    self._save()
                    started = time.perf_counter()
                    if self._stop_signal:
                        raise Interrupted(f"stopped at step {progress.step} of {self.num_steps}; the same command goes on from there")
        progress.seconds += time.perf_counter() - started
        self._finish_epoch(epoch + 1, log)

    def _account(self, pending, bar):
        progress = self.progress
        for loss_sum, _, sentences in pending:
            progress.loss_sum += float(loss_sum)
            progress.loss_count += sentences
            bar.update(sentences)
        if not np.isfinite(progress.loss_sum):
            raise UserError(
                f"--learning_rate: the loss is not a finite number at step {progress.step}; try smaller learning rates or more warm-up"
            )
        bar.set_postfix(loss=f"{float(pending[-1][0]) / pending[-1][2]:.3f}", refresh=False)

    def _finish_epoch(self, epoch, log):
        progress = self.progress
        row = {"epoch": epoch, "step": progress.step, "loss": progress.loss_sum / progress.loss_count, "seconds": progress.seconds}
        line = f"epoch {epoch}: loss {row['loss']:.4f}"
        self.directory.write_weights(model_dir.LAST_WEIGHTS, self.model)
        if self.evaluate_dev is not None:
            overall = self.evaluate_dev().conlleval.overall
            row.update(dev_precision=overall.precision, dev_recall=overall.recall, dev_f1=overall.f1)
            line += f", dev precision {100 * overall.precision:.2f}, recall {100 * overall.recall:.2f}, F1 {100 * overall.f1:.2f}"
            if overall.f1 > progress.best_f1:
                progress.best_f1, progress.best_epoch = overall.f1, epoch
                self.directory.write_weights(model_dir.BEST_WEIGHTS, self.model)
                line += " (best so far)"
        log(line)
        progress.history.append(row)
        progress.loss_sum, progress.loss_count = 0.0, 0
        _write_history(self.directory.file("history.csv"), progress.history)
        self._save()

    def _on_signal(self, number, _):
        self._stop_signal = number


def _batch_signature():
    return {
        "input_word_ids": tf.TensorSpec([None, None], tf.int32),
        "lengths": tf.TensorSpec([None], tf.int32),
        "tag_ids": tf.TensorSpec([None, None], tf.int32),
    }


def _seed_of_step(seed, step):
    """Dropout seed of one step: int32 [2], a function of the run's seed and the step alone."""
    return np.array([seed % 2**31, step], np.int32)


def _write_history(path, rows):
    with atomic_write(path) as f:
        writer = csv.DictWriter(f, fieldnames=list(rows[-1]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
