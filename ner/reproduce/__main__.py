"""Measure the paper's systems: ``python -m ner.reproduce --experiments=all --output_dir=output/reproduce``."""

import collections
import os
import sys

from absl import flags

from albert import command
from albert.errors import UserError
from albert.training.same_run import sole_process
from ner.cli import flagfiles
from ner.data.readers import read_split
from ner.reproduce.experiments import EXPERIMENTS, find_experiments
from ner.reproduce.report import write_report
from ner.reproduce.running import Interrupted, Runner, read_overrides, take_part

FLAGS = flags.FLAGS

flags.DEFINE_list("experiments", ["all"], f"What to run: all, or some of {', '.join(e.name for e in EXPERIMENTS)}.")
flags.DEFINE_string("output_dir", None, "Directory for runs and report; the same command goes on where it stopped.")
flags.DEFINE_string("data_dir", "data/msra", "Directory with train.txt and test.txt, as python -m ner.data.msra writes them.")
flags.DEFINE_string("flags_dir", "flags", "Directory with the systems' flagfiles.")
flags.DEFINE_string("overrides_file", None, "JSON from experiment, or * for all, to a list of flags that replace the flagfile's.")
flags.DEFINE_list("seeds", ["42"], "Seeds, each of which every system is trained with.")
flags.DEFINE_integer("train_sentences", 0, "Train on a random part of so many sentences; 0 for all.", lower_bound=0)
flags.DEFINE_integer("test_sentences", 0, "Score on a random part of so many sentences; 0 for all.", lower_bound=0)


def main(_):
    if not FLAGS.output_dir:
        raise UserError("--output_dir: not given, expected a directory")
    experiments, seeds = find_experiments(FLAGS.experiments), _seeds(FLAGS.seeds)
    overrides = read_overrides(FLAGS.overrides_file, [experiment.name for experiment in EXPERIMENTS])
    with sole_process(FLAGS.output_dir) as remark:
        if remark:
            print(remark)
        return _run(experiments, seeds, overrides)


def _run(experiments, seeds, overrides):
    data_dir, note = _data()
    counts = {split: _entities(data_dir, split) for split in ("train", "test")}
    # Outside a checkout, the flagfiles that come with the package.
    flags_dir = flagfiles.folder() if FLAGS["flags_dir"].using_default_value and not os.path.isdir(FLAGS.flags_dir) else FLAGS.flags_dir
    runner = Runner(FLAGS.output_dir, data_dir, flags_dir, overrides)
    results, missing, code = {}, dict.fromkeys(experiments, "not yet"), 0
    for experiment in experiments:
        runs = []
        try:
            for seed in seeds:
                runs.append(runner.result(experiment, seed))
            del missing[experiment]
        except UserError as e:
            code, missing[experiment] = command.EXIT_USER_ERROR, f"failed: {e}"
            print(f"error: {experiment.title}: {e}", file=sys.stderr)
        except Interrupted:
            code = command.EXIT_INTERRUPTED
        if runs:
            results[experiment] = runs
        write_report(FLAGS.output_dir, counts, results, missing, note)
        if code == command.EXIT_INTERRUPTED:
            print("stopped; the same command goes on from there", file=sys.stderr)
            break
    print(f"report: {os.path.join(FLAGS.output_dir, 'report.md')}")
    return code


def _seeds(values):
    if not values or not all(value.isdecimal() for value in values):
        raise UserError(f"--seeds: found {','.join(values)!r}, expected whole numbers, separated by commas")
    return [int(value) for value in dict.fromkeys(values)]


def _data():
    """(directory with the data to use, what it is in words)."""
    sizes = {"train": FLAGS.train_sentences, "test": FLAGS.test_sentences}
    if not any(sizes.values()):
        return FLAGS.data_dir, f"Data: all of {FLAGS.data_dir}."
    target = os.path.join(FLAGS.output_dir, "data")
    take_part(FLAGS.data_dir, target, sizes)
    parts = ", ".join(f"{size:,} {split} sentences" if size else f"all {split} sentences" for split, size in sizes.items())
    return target, f"Data: a random part of {FLAGS.data_dir}, {parts}. Scores on a part are not comparable with the paper's."


def _entities(data_dir, split):
    """Number of entities of each type in both readings: dict of dicts."""
    corpus = read_split(data_dir, split)
    return {
        reading: collections.Counter(span.label for example in corpus.examples for span in example.spans(corpus.scheme, strict))
        for reading, strict in (("strict", True), ("conlleval", False))
    }


if __name__ == "__main__":
    sys.exit(command.run(main))
