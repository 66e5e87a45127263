"""Training the systems, each in a process of its own, and keeping what was measured."""

import hashlib
import json
import os
import signal
import sys
from subprocess import Popen

import numpy as np

from albert.command import EXIT_INTERRUPTED, EXIT_TERMINATED
from albert.errors import FieldError, UserError
from albert.files import atomic_write, read_json, sha256, write_json
from albert.training.stopping import Interrupted
from ner.data.readers import read_split
from ner.data.splits import find_split
from ner.model.directory import ModelDir
from ner.reproduce import cost, published
from ner.reproduce.experiments import EXPERIMENTS
from ner.reproduce.system import encoder_config, read_settings, tagger_config

ALL = "*"
# Changes with what a result holds: those of an earlier form are measured again.
_RESULT_FORM = 4


def read_overrides(path, names):
    """Flags that take the place of those in the flagfiles: a JSON object from experiment, or ``*`` for all, to a list of flags.

    Raises:
      UserError: the file is missing, no such object, or names an experiment there is not.
    """
    if not path:
        return {}
    expected = "an object from experiment names to lists of flags"
    overrides = read_json(path, expected)
    if not all(isinstance(v, list) and all(isinstance(f, str) for f in v) for v in overrides.values()):
        raise UserError(f"{path}: expected {expected}")
    for name in overrides:
        if name not in (ALL, *names):
            raise UserError(f"{path}: found experiment {name!r}, expected {ALL} or one of {', '.join(names)}")
    return overrides


def take_part(data_dir, target, sizes, seed=1):
    """Write a random part of each split, in the order of the whole.

    Args:
      data_dir: directory with the splits.
      target: directory to write to.
      sizes: dict from split to number of sentences; 0 or too large a number for all.
      seed: decides which.

    Raises:
      UserError: a sentence holds a tab or a line end, which JSON lines can, and lines of a character and its tag cannot.
    """
    os.makedirs(target, exist_ok=True)
    for split, size in sizes.items():
        examples = read_split(data_dir, split).examples
        if 0 < size < len(examples):
            chosen = np.sort(np.random.default_rng(seed).permutation(len(examples))[:size])
            examples = [examples[i] for i in chosen]
        with atomic_write(os.path.join(target, f"{split}.txt")) as f:
            for example in examples:
                if "\t" in example.text or "\n" in example.text:
                    where = f"{example.source}:{example.line}"
                    raise UserError(f"{where}: found a tab or line end in the text, expected none where a part of the sentences is taken")
                f.writelines(f"{character}\t{tag}\n" for character, tag in zip(example.text, example.tags))
                f.write("\n")


class Runner:
    """Runs experiments below one directory and keeps their results there.

    ::

        runs/<experiment>/seed_<n>/     the training output directory
        logs/<experiment>_<n>.log       what its training printed, one start after the other
        results/<experiment>_<n>.json   what was measured

    Args:
      output_dir: the directory.
      data_dir: directory with the splits.
      flags_dir: directory with the flagfiles.
      overrides: what ``read_overrides`` returned.
      log: takes one line of text at a time.
    """

    def __init__(self, output_dir, data_dir, flags_dir, overrides, log=print):
        self._output_dir = output_dir
        self._data_dir = data_dir
        self._flags_dir = flags_dir
        self._overrides = overrides
        self._log = log

    def result(self, experiment, seed):
        """Measurements of a run, which is trained first if it is not yet: dict of ``scoring.score_run``.

        Raises:
          Interrupted: the training process was stopped.
          UserError: the training process failed; with its own message, or how it ended and the last line it wrote.
        """
        command, run_dir = self._command(experiment, seed)
        name = f"{experiment.title}, seed {seed}"
        stored = self.measured(experiment, seed)
        if stored:
            self._log(f"{name}: {_describe(stored)}, measured before")
            return stored
        log_file = os.path.join(self._output_dir, "logs", f"{experiment.name}_{seed}.log")
        self._log(f"{name}: run_ner.py {' '.join(command)}; its output: {log_file}")
        self._train(command, log_file)
        from ner.reproduce.scoring import score_run  # noqa: PLC0415 - TensorFlow loads only when something is to be measured

        made_with = self._fingerprint(experiment, command)
        result = {**score_run(run_dir, self._data_dir), "made_with": made_with, "command": command, "seed": seed}
        path = self._result_path(experiment, seed)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        write_json(path, result)
        self._log(f"{name}: {_describe(result)}")
        return result

    def measured(self, experiment, seed):
        """The stored measurements of a run with the same flags, flagfile and data: dict as of ``result``, or None."""
        path = self._result_path(experiment, seed)
        if not os.path.exists(path):
            return None
        stored = read_json(path, "the result of an experiment", kind=None)
        made_with = self._fingerprint(experiment, self._command(experiment, seed)[0])
        return stored if isinstance(stored, dict) and stored.get("made_with") == made_with else None

    def init_checkpoint(self, experiment):
        """Name or path of the weights that an experiment starts from, by its flagfile and the overrides; empty for none."""
        try:
            with open(os.path.join(self._flags_dir, experiment.flagfile), encoding="utf-8") as f:
                lines = f.read().splitlines()
        except OSError as e:
            raise FieldError("{flags_dir}: cannot read {}: {}", e.filename, e.strerror) from e
        lines += [*self._overrides.get(ALL, []), *self._overrides.get(experiment.name, [])]
        return next((line.partition("=")[2].strip() for line in reversed(lines) if line.startswith("--init_checkpoint=")), "")

    def _result_path(self, experiment, seed):
        return os.path.join(self._output_dir, "results", f"{experiment.name}_{seed}.json")

    def config(self, experiment, seed, tag_set):
        """The network of a system: that of its run if there is one, else what its settings say.

        Returns:
          ``TaggerConfig``; None where the training text or unstated sizes decide it.
        """
        command, run_dir = self._command(experiment, seed)
        try:
            settings = read_settings(command)
            if settings.network.encoder == "char":
                return ModelDir(run_dir).read_config() if os.path.exists(run_dir) else None
            encoder = encoder_config(settings.files)
            return None if encoder is None else tagger_config(settings.network, settings.files, encoder, tag_set)
        except UserError:
            # Training it will say the same, and the report why it was not measured.
            return None

    def costs(self, configs=None):
        """Time and memory of training steps: those measured before, and those of some systems that are measured now.

        Args:
          configs: dict from experiment to ``TaggerConfig``; left out: nothing is measured.

        Returns:
          dict from experiment to what ``cost.measure`` gave.
        """
        path = os.path.join(self._output_dir, "results", "costs.json")
        stored = read_json(path, "measured costs") if os.path.exists(path) else {}
        wanted = {experiment.name: config.to_dict() for experiment, config in (configs or {}).items()}
        new = {name: config for name, config in wanted.items() if stored.get(name, {}).get("model") != config}
        if new:
            self._log(f"timing training steps of {', '.join(new)}")
            measured = cost.in_rounds(new, published.SETTINGS["train_batch_size"], "auto")
            stored.update({name: {**result, "model": new[name]} for name, result in measured.items()})
            os.makedirs(os.path.dirname(path), exist_ok=True)
            write_json(path, stored)
        return {experiment: stored[experiment.name] for experiment in EXPERIMENTS if experiment.name in stored}

    def _command(self, experiment, seed):
        run_dir = os.path.join(self._output_dir, "runs", experiment.name, f"seed_{seed}")
        flags = [
            f"--flagfile={os.path.join(self._flags_dir, experiment.flagfile)}",
            *self._overrides.get(ALL, []),
            *self._overrides.get(experiment.name, []),
            "--do_train",
            "--nodo_eval",
            f"--data_dir={self._data_dir}",
            f"--output_dir={run_dir}",
            f"--seed={seed}",
        ]
        return flags, run_dir

    def _fingerprint(self, experiment, command):
        """Changes with the flags, the flagfile, the data, and the form of a result."""
        try:
            flagfile = sha256(os.path.join(self._flags_dir, experiment.flagfile))
        except OSError as e:
            raise FieldError("{flags_dir}: cannot read {}: {}", e.filename, e.strerror) from e
        paths = [find_split(self._data_dir, split) for split in ("train", "dev", "test")]
        data = [sha256(path) for path in paths if path is not None]
        return hashlib.sha256(json.dumps([_RESULT_FORM, command, flagfile, data]).encode()).hexdigest()

    def _train(self, command, log_file):
        os.makedirs(os.path.dirname(log_file), exist_ok=True)
        # What an interrupted start of the same command printed stays.
        before = os.path.getsize(log_file) if os.path.exists(log_file) else 0
        with open(log_file, "a", encoding="utf-8") as log:
            process = Popen([sys.executable, "-m", "run_ner", *command], stdout=log, stderr=log)
            # Training saves its state when it is told to stop; Ctrl-C reaches it without our help.
            previous = signal.signal(signal.SIGTERM, lambda *_: process.terminate())
            try:
                code = process.wait()
            except KeyboardInterrupt:
                code = process.wait()
            finally:
                signal.signal(signal.SIGTERM, previous)
        if code in (EXIT_INTERRUPTED, EXIT_TERMINATED, -signal.SIGINT, -signal.SIGTERM):
            raise Interrupted
        if code:
            with open(log_file, "rb") as log:
                log.seek(before)
                lines = [line for line in log.read().decode("utf-8", "replace").splitlines() if line.strip()]
            last = lines[-1] if lines else ""
            if last.startswith("error: "):
                raise UserError(last.removeprefix("error: "))
            raise UserError(f"training ended with code {code}, see {log_file}" + (f": {last}" if last else ""))


def _describe(result):
    overall = result["evaluation"]["strict"]["overall"]
    return f"F1 {100 * overall['f1']:.2f} after {result['train_seconds']:,.0f} s of training"
