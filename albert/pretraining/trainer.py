"""The pretraining loop: steps, log, evaluation, saves, and stopping in between."""

import concurrent.futures
import time

import numpy as np

from albert.errors import FieldError
from albert.pretraining.objective import Totals
from albert.pretraining.progress import Progress
from albert.training.stopping import Interrupted, StopSignals


class Trainer:
    """Runs steps until the last one, a signal or the time limit.

    Args:
      settings: ``PretrainingSettings``.
      stream: ``ExampleStream`` of the training text.
      train_step: ``TrainStep``.
      optimizer: its optimizer, for the learning rate.
      state: ``TrainingState``.
      logbook: ``Logbook``.
      evaluate: function without arguments that gives a dict of numbers, or None where nothing is held out.
      export: function of the step that writes a checkpoint for others to load.
      log: takes a line of text.
    """

    def __init__(self, settings, stream, train_step, optimizer, state, logbook, evaluate, export, log=print):
        self._settings = settings
        self._stream = stream
        self._train_step = train_step
        self._optimizer = optimizer
        self._state = state
        self._logbook = logbook
        self._evaluate = evaluate
        self._export = export
        self._log = log
        self.progress = Progress()
        self._signals = StopSignals()
        self._interval = _Interval(0)

    def resume(self):
        """Take up the state an earlier run of the same command left, if there is one. Returns whether there was."""
        progress = self._state.restore()
        self._state.remove_remains()
        self._logbook.cut(progress.step if progress else 0)
        if progress is None:
            return False
        steps = self._settings.num_train_steps
        if progress.num_train_steps != steps:
            self._log(
                f"the run was to have {progress.num_train_steps:,} steps and now has {steps:,}; the learning rate follows from here on"
            )
        self.progress = progress
        return True

    def run(self):
        """Train.

        Returns:
          True after the last step, False if the time limit came first.

        Raises:
          Interrupted: a signal asked to stop; the state is saved.
          UserError: the loss is not a finite number.
        """
        self.progress.num_train_steps = self._settings.num_train_steps
        with self._signals, concurrent.futures.ThreadPoolExecutor(1) as executor:
            return self._run(executor)

    def _run(self, executor):
        settings, progress = self._settings, self.progress
        deadline = time.monotonic() + 3600.0 * settings.max_hours if settings.max_hours else float("inf")
        self._interval = _Interval(progress.step)
        following = executor.submit(self._stream.batch, progress.step)
        while progress.step < settings.num_train_steps:
            batch = following.result()
            # Made while the step runs, which leaves the interpreter free.
            following = executor.submit(self._stream.batch, progress.step + 1)
            started = time.perf_counter()
            totals, norm = self._train_step(batch)
            self._interval.add(totals, norm, batch["input_word_ids"].size, time.perf_counter() - started)
            progress.step += 1
            last = progress.step == settings.num_train_steps
            expired = time.monotonic() >= deadline
            signalled = self._signals.received
            stop = last or expired or signalled
            save = stop or _due(progress.step, settings.save_checkpoints_steps)
            if save or progress.step % settings.log_steps == 0:
                self._write_row()
            if self._evaluate and (last or _due(progress.step, settings.eval_steps)):
                self._write_evaluation()
            if save:
                self._export(progress.step)
                self._state.save(progress)
            if signalled and not last:
                raise Interrupted(f"stopped at step {progress.step:,} of {settings.num_train_steps:,}; the same command goes on from there")
            if expired and not last:
                return False
        return True

    def _write_row(self):
        progress, interval = self.progress, self._interval
        progress.seconds += interval.seconds
        progress.tokens += interval.tokens
        means = interval.totals.means()
        if not np.isfinite(means["masked_lm_loss"] + means["sentence_order_loss"] + interval.norm):
            raise FieldError(
                "{learning_rate}: the loss is not a finite number at step {}; try a smaller one, or a longer warm-up", progress.step
            )
        (rate,) = self._optimizer.learning_rates().values()
        row = {
            "step": progress.step,
            "epoch": progress.step / self._stream.batches_per_epoch,
            "tokens": progress.tokens,
            "hours": progress.seconds / 3600.0,
            **means,
            "learning_rate": rate,
            "gradient_norm": interval.norm / (progress.step - interval.first_step),
            "tokens_per_second": interval.tokens / interval.seconds,
        }
        self._logbook.write("train", row)
        self._log(
            f"step {progress.step:,} of {self._settings.num_train_steps:,}: masked LM {means['masked_lm_loss']:.3f} "
            f"({100 * means['masked_lm_accuracy']:.1f} %), sentence order {means['sentence_order_loss']:.3f} "
            f"({100 * means['sentence_order_accuracy']:.1f} %), {row['tokens_per_second']:,.0f} tokens/s"
        )
        self._interval = _Interval(progress.step)

    def _write_evaluation(self):
        scores = self._evaluate()
        self._logbook.write("eval", {"step": self.progress.step, **scores})
        self._log(
            f"held-out text at step {self.progress.step:,}: masked LM {scores['masked_lm_loss']:.3f} "
            f"({100 * scores['masked_lm_accuracy']:.2f} %; unigram {scores['unigram_loss']:.3f}, {100 * scores['unigram_accuracy']:.2f} %; "
            f"bigram {scores['bigram_loss']:.3f}, {100 * scores['bigram_accuracy']:.2f} %), "
            f"sentence order {scores['sentence_order_loss']:.3f} ({100 * scores['sentence_order_accuracy']:.2f} %)"
        )


class _Interval:
    """Sums since the last row of the log."""

    def __init__(self, first_step):
        self.first_step = first_step
        self.totals = Totals()
        self.norm, self.tokens, self.seconds = 0.0, 0, 0.0

    def add(self, totals, norm, tokens, seconds):
        # On a GPU reading them waits for the step; the seconds of the next one then include it.
        self.totals.add(totals)
        self.norm += float(norm)
        self.tokens += tokens
        self.seconds += seconds


def _due(step, every):
    return bool(every) and step % every == 0
