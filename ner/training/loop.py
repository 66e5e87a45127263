"""The training loop: steps, epochs, the choice of the best epoch, stopping and going on."""

import functools
import time

from albert.errors import FieldError
from albert.keras import keras
from albert.optimization import AdamWeightDecay, WarmupPolynomialDecay
from albert.training.csv_log import CsvLog
from albert.training.state import TrainingState
from albert.training.stopping import Interrupted, StopSignals
from albert.training.tensorboard import ScalarWriter
from ner.display.progress import duration, make_progress
from ner.model.directory import BEST_WEIGHTS, LAST_WEIGHTS, STEPS_FILE
from ner.training.feed import StepFeed
from ner.training.groups import tagger_groups
from ner.training.history import History
from ner.training.progress import PROCEDURE, Progress
from ner.training.settings import RunOptions
from ner.training.step import TrainStep

# Steps of a start between which its pace is taken.
_PACE_FROM, _PACE_TO = 5, 20


class Trainer:
    """Trains a tagger in a run's output directory.

    Args:
      model: ``TaggerModel``, made in the scope of the strategy and of the precision.
      settings: ``TrainingSettings``.
      train: ``EncodedExamples`` with tags.
      directory: ``ModelDir`` that takes weights, state and reports.
      distribution: ``Distribution``.
      precision: ``Precision``.
      loop: ``RunOptions``.
      dev: ``DevSet`` or anything else that, called with a progress function, returns a ``DevResult``; None when there is no
        dev set, and the weights of the last epoch are then the result.
      log: takes one line of text at a time.
    """

    def __init__(self, model, settings, train, directory, distribution, precision, loop=None, dev=None, log=print):
        if settings.early_stopping_patience and dev is None:
            raise FieldError("{early_stopping_patience} requires a dev set: a dev file, or {dev_fraction}")
        self.model = model
        self.settings = settings
        self.loop = loop or RunOptions()
        self.directory = directory
        self.distribution = distribution
        self._dev = dev
        self._log = log
        width = model.config.window if distribution.fixed_shapes else None
        self._make_feed = functools.partial(
            StepFeed, train, settings.train_batch_size, settings.seed, width, num_epochs=settings.num_train_epochs
        )
        self._feed = self._make_feed()
        self.steps_per_epoch = self._feed.steps_per_epoch
        self.num_steps = self.steps_per_epoch * settings.num_train_epochs
        if settings.max_train_steps:
            self.num_steps = min(self.num_steps, settings.max_train_steps)
        if settings.freeze_encoder_steps >= self.num_steps:
            raise FieldError(
                "{freeze_encoder_steps}: found {}, expected fewer than the run's {} steps", settings.freeze_encoder_steps, self.num_steps
            )
        with distribution.strategy.scope():
            self.groups = tagger_groups(model, settings)
            schedule = WarmupPolynomialDecay(self.groups, self.num_steps, int(self.num_steps * settings.warmup_proportion))
            self.optimizer = precision.wrap(AdamWeightDecay(self.groups, schedule, settings.weight_decay))
        self.history = History(directory)
        self.progress = Progress(procedure=PROCEDURE)
        self._state = TrainingState(directory.file("state"), model, self.optimizer, Progress, self.loop.keep_checkpoints)
        self._scalars = ScalarWriter(directory.file("tensorboard") if distribution.is_chief else None)
        self._steps = CsvLog(directory.file(STEPS_FILE))
        self._skips_reported = False
        self._first_step, self._pace_started = 0, 0.0
        self._signals = StopSignals()

    def resume(self):
        """Take up the state an earlier run of the same command left, if there is one. Returns whether there was.

        Raises:
          UserError: the state is broken, or the workers do not see the same one.
        """
        progress = self._state.restore()
        self.progress = progress or Progress(procedure=PROCEDURE)
        if self.progress.procedure < PROCEDURE:
            self.go_on_as_0_1_0()
        step = self.progress.step
        if self.distribution.sum_over_workers([step])[0] != step * self.distribution.num_workers:
            raise FieldError(
                "{output_dir}: the workers see different training states in {}; expected a shared directory", self._state.directory
            )
        self.history.read(step)
        if self.history.last_step == step:
            # Saved before the epoch was scored, and scored since.
            self.progress = self.progress.next_epoch()
        if self.distribution.is_chief:
            self._state.remove_remains()
            self._steps.cut(step)
        return progress is not None

    def go_on_as_0_1_0(self):
        """Follow the rules that a run of version 0.1.0 began with, see ``Progress``."""
        self.progress.procedure = 1
        self.history.as_0_1_0 = True
        self._feed = self._make_feed(as_0_1_0=True)
        self._inner_optimizer().decay_every_matrix()

    def run(self):
        """Train to the end: of the last epoch, of ``max_train_steps``, or of patience.

        Returns:
          ``History``.

        Raises:
          Interrupted: a signal asked to stop; the state is saved.
          UserError: the loss is not a finite number.
        """
        with self._signals:
            self._run()
        return self.history

    def _run(self):
        if self.progress.step > self.history.last_step and self._at_epoch_end():
            self._finish_epoch()
        if self._is_done():
            return
        feed, distribution = self._feed, self.distribution
        first, replicas = self.progress.step, distribution.num_replicas
        dataset = distribution.strategy.distribute_datasets_from_function(
            lambda context: feed.dataset(first, replicas, self.settings.gradient_accumulation_steps, context)
        )
        train_step = TrainStep(self.model, self.optimizer, self.groups, self.settings, distribution.strategy, dataset.element_spec)
        steps = iter(dataset)
        self._first_step = first
        while not self._is_done():
            self._run_epoch(train_step, steps)
            started = time.perf_counter()
            self._finish_epoch()
            self._pace_started += time.perf_counter() - started

    def _is_done(self):
        patience = self.settings.early_stopping_patience
        out_of_patience = patience and self.history.epochs_since_best() >= patience
        return self.history.last_step >= self.num_steps or bool(out_of_patience)

    def _at_epoch_end(self):
        step = self.progress.step
        return step % self.steps_per_epoch == 0 or step == self.num_steps

    def _run_epoch(self, train_step, steps):
        progress, loop = self.progress, self.loop
        epoch = progress.step // self.steps_per_epoch
        last = min((epoch + 1) * self.steps_per_epoch, self.num_steps)
        total = sum(self._feed.sentences(step) for step in range(epoch * self.steps_per_epoch, last))
        shown = self.loop.progress if self.distribution.is_chief else False
        bar = make_progress(total, f"epoch {epoch + 1}/{self.settings.num_train_epochs}", "sentences", shown, progress.sentences)
        pending, started = [], time.perf_counter()
        with bar:
            while progress.step < last:
                pending.append((progress.step, train_step(next(steps), progress.step)))
                progress.step += 1
                self._estimate(pending[-1][1], bar)
                save = loop.save_steps and progress.step % loop.save_steps == 0
                look = progress.step % loop.log_steps == 0 or progress.step == last or save
                # A single worker stops at once; several have to stop at the same step, and agree on it when they look.
                if look or (self._signals.received and self.distribution.num_workers == 1):
                    values = [(step, statistics.numpy().tolist()) for step, statistics in pending]
                    self._account(values, time.perf_counter() - started, bar)
                    pending = []
                    stop = self._stop_is_asked()
                    if save or stop or progress.step == last:
                        self._save()
                    if stop:
                        self._interrupt()
                    started = time.perf_counter()

    def _estimate(self, statistics, bar):
        """Tell after 20 steps how long the others will take, by the pace of all but the first five, in which graphs are made."""
        done = self.progress.step - self._first_step
        if done not in (_PACE_FROM, _PACE_TO):
            return
        # Until its numbers are there, a step may not have been computed.
        statistics.numpy()
        if done == _PACE_FROM:
            self._pace_started = time.perf_counter()
            return
        seconds = (time.perf_counter() - self._pace_started) / (_PACE_TO - _PACE_FROM)
        left = self.num_steps - self.progress.step
        with bar.aside():
            self._log(f"{left:,} steps to go, {seconds:.2f} s each: about {duration(left * seconds)}, and the scoring of the dev set")

    def _account(self, values, seconds, bar):
        """Take note of some steps' (number, (loss sum, gradient norm)), which took ``seconds``."""
        progress = self.progress
        progress.seconds += seconds
        progress.epoch_seconds += seconds
        interval = Progress()
        for step, (loss, norm) in values:
            for total in (interval, progress):
                total.add(loss, norm, self._feed.sentences(step), *self._feed.tokens(step))
        if interval.skipped_steps:
            with bar.aside():
                self._report_skips()
        if not interval.steps:
            return
        bar.update(interval.sentences, loss=interval.loss)
        row = {
            "loss": interval.loss,
            "gradient_norm": interval.gradient_norm,
            "sentences_per_second": interval.sentences / seconds,
            "padding_share": interval.padding_share,
            **({"loss_scale": float(self.optimizer.loss_scale)} if self._is_scaled() else {}),
            **{f"learning_rate/{name}": rate for name, rate in self._learning_rates().items()},
        }
        if self.distribution.is_chief:
            self._steps.write({"step": progress.step, **row})
        self._scalars.write({name if "/" in name else f"train/{name}": value for name, value in row.items()}, progress.step)

    def _report_skips(self):
        """Steps did not move the weights because the loss or a gradient was not finite."""
        step = self.progress.step
        # The loss scale is halved each time; at 1 it is not the scale that overflows.
        if not self._is_scaled() or float(self.optimizer.loss_scale) <= 1.0:
            raise FieldError(
                "{learning_rate}: the loss or its gradient is not a finite number by step {}; try smaller rates or more warm-up", step
            )
        if not self._skips_reported:
            self._skips_reported = True
            self._log(
                f"float16 overflowed by step {step}: the step was skipped and the loss scale lowered to "
                f"{float(self.optimizer.loss_scale):g}; history.csv counts such steps, they are not reported again"
            )

    def _finish_epoch(self):
        """Write the weights, score them, and enter the epoch into the history.

        The state at the end of the epoch is on disk already: a kill in here makes the rerun do this again with the same weights.
        """
        progress, chief = self.progress, self.distribution.is_chief
        epoch = -(-progress.step // self.steps_per_epoch)
        row = {
            "epoch": epoch,
            "step": progress.step,
            "loss": progress.loss,
            "gradient_norm": progress.gradient_norm,
            "skipped_steps": progress.skipped_steps,
            **{f"learning_rate/{name}": rate for name, rate in self._learning_rates().items()},
            "sentences_per_second": progress.sentences / progress.epoch_seconds,
            "padding_share": progress.padding_share,
            "seconds": progress.seconds,
        }
        line = f"epoch {epoch}: loss {row['loss']:.4f}, {row['sentences_per_second']:,.0f} sentences/s"
        if chief:
            self.directory.write_weights(LAST_WEIGHTS, self.model)
        confusion = None
        if self._dev is not None:
            result = self._dev(self._on_dev_progress)
            overall = result.evaluation.conlleval.overall
            row.update(result.columns(), dev_found=overall.predicted)
            line += f", dev precision {100 * overall.precision:.2f}, recall {100 * overall.recall:.2f}, F1 {100 * overall.f1:.2f}"
            if self.history.would_be_best(row):
                line += " (best so far)"
                confusion = {"types": list(result.types), "counts": result.confusion.tolist()}
                if chief:
                    self.directory.write_weights(BEST_WEIGHTS, self.model)
            self._scalars.write({name.replace("dev_", "dev/", 1): value for name, value in result.columns().items()}, progress.step)
        if chief:
            self.history.add(row, confusion)
        else:
            self.history.rows.append(row)
        self._log(line)
        self.progress = progress.next_epoch()
        if self._stop_is_asked() and not self._is_done():
            self._interrupt()

    def finish(self):
        """Delete the training state of a run that is done."""
        if self.distribution.is_chief:
            self._state.remove()

    def _save(self):
        if self.distribution.is_chief:
            self._state.save(self.progress)

    def _learning_rates(self):
        return self._inner_optimizer().learning_rates()

    def _inner_optimizer(self):
        return self.optimizer.inner_optimizer if self._is_scaled() else self.optimizer

    def _is_scaled(self):
        return isinstance(self.optimizer, keras.mixed_precision.LossScaleOptimizer)

    def _stop_is_asked(self):
        """True if any worker was sent a signal."""
        return bool(self.distribution.sum_over_workers([self._signals.received])[0])

    def _interrupt(self):
        raise Interrupted(f"stopped at step {self.progress.step:,} of {self.num_steps:,}; the same command goes on from there")

    def _on_dev_progress(self, _):
        # Workers wait for each other at the end of an evaluation: one of several must not leave in the middle.
        if self._signals.received and self.distribution.num_workers == 1:
            self._interrupt()
