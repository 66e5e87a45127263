"""The comparison from its settings to the report: what it needs is fetched, systems are trained, and the tables written."""

import collections
import dataclasses
import os
import sys

from albert import command, hub
from albert.checkpoints.proof import fetch
from albert.errors import FieldError, UserError
from albert.fields import check_fields, setting
from albert.hub.settings import FetchSettings
from albert.training.same_run import sole_process
from ner.data import msra
from ner.data.readers import read_split
from ner.data.splits import find_split
from ner.reproduce.experiments import EXPERIMENTS, PAPER, find_experiments
from ner.reproduce.report import write_report
from ner.reproduce.running import Interrupted, Runner, read_overrides, take_part
from ner.reproduce.system import count_parameters
from ner.tags import TagSet
from ner.training import flagfiles

_FLAGS_DIR = "flags"


@dataclasses.dataclass(frozen=True)
class ComparisonSettings:
    """Settings of the paper's comparison."""

    experiments: tuple = setting(
        ("all",),
        f"Systems to measure: all, some of {', '.join(e.name for e in EXPERIMENTS)}, or {PAPER}: those of the paper's Table 4, after MSRA "
        "and the public weights have been fetched.",
    )
    output_dir: str = setting("", "Directory for runs and report; the same command goes on where it stopped.")
    data_dir: str = setting("data/msra", "Directory with train.txt and test.txt, as python -m ner.data.msra writes them.")
    flags_dir: str = setting(_FLAGS_DIR, "Directory with the systems' flagfiles.")
    overrides_file: str = setting("", "JSON from experiment, or * for all, to a list of flags that replace the flagfile's.")
    seeds: tuple = setting(("1", "2", "3"), "Seeds, each of which every system is trained with.")
    train_sentences: int = setting(0, "Train on a random part of so many sentences; 0 for all.", at_least=0)
    test_sentences: int = setting(0, "Score on a random part of so many sentences; 0 for all.", at_least=0)
    measure_costs: bool = setting(False, "Time a training step of every system, at the paper's batch, and take its peak memory.")
    yes: bool = setting(False, f"Train the systems of {PAPER} without asking, also where there is no GPU and each takes many hours.")
    fetching: FetchSettings = FetchSettings()

    def __post_init__(self):
        check_fields(self)
        if not self.output_dir:
            raise FieldError("{output_dir}: not given, expected a directory")
        if not self.seeds or not all(value.isdecimal() for value in self.seeds):
            raise FieldError("{seeds}: found {!r}, expected whole numbers, separated by commas", ",".join(self.seeds))
        find_experiments(self.experiments)


def compare(settings: ComparisonSettings) -> int:
    """Measure what is not measured yet, and write the report; returns an exit code.

    Raises:
      UserError: the data or a setting cannot be used; or, for ``paper``, something could not be fetched: nothing was trained then.
    """
    overrides = read_overrides(settings.overrides_file, [experiment.name for experiment in EXPERIMENTS])
    with sole_process(settings.output_dir) as remark:
        if remark:
            print(remark)
        return _compare(settings, find_experiments(settings.experiments), overrides)


def _compare(settings, experiments, overrides):
    seeds = [int(value) for value in dict.fromkeys(settings.seeds)]
    of_paper = PAPER in settings.experiments
    if of_paper:
        _fetch_data(settings)
    data_dir, note = _data(settings)
    corpora = {split: read_split(data_dir, split) for split in ("train", "test")}
    counts = {split: _entities(corpus) for split, corpus in corpora.items()}
    tag_set = TagSet(sorted(counts["train"]["conlleval"]), corpora["train"].scheme)
    # Outside a checkout, the flagfiles that come with the package.
    packaged = settings.flags_dir == _FLAGS_DIR and not os.path.isdir(_FLAGS_DIR)
    runner = Runner(settings.output_dir, data_dir, flagfiles.folder() if packaged else settings.flags_dir, overrides)
    if of_paper:
        missing = [experiment for experiment in experiments if not all(runner.measured(experiment, seed) for seed in seeds)]
        _ask(missing, settings.yes)
        _fetch_weights(dict.fromkeys(map(runner.init_checkpoint, missing)), settings.fetching.offline)
    configs = {experiment: runner.config(experiment, seeds[0], tag_set) for experiment in EXPERIMENTS}
    sizes = {e: count_parameters(config) for e, config in configs.items() if config is not None and e.encoder in ("bert", "albert")}
    costs = runner.costs()
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
        write_report(settings.output_dir, counts, results, missing, note, sizes, costs)
        if code == command.EXIT_INTERRUPTED:
            print("stopped; the same command goes on from there", file=sys.stderr)
            break
    if settings.measure_costs and code != command.EXIT_INTERRUPTED:
        # Again: of a character model training has decided the vocabulary.
        configs = {experiment: runner.config(experiment, seeds[0], tag_set) for experiment in EXPERIMENTS}
        costs = runner.costs({experiment: config for experiment, config in configs.items() if config is not None})
        write_report(settings.output_dir, counts, results, missing, note, sizes, costs)
    print(f"report: {os.path.join(settings.output_dir, 'report.md')}")
    return code


def _fetch_data(settings):
    """MSRA, where the directory holds neither split; other data that a user has put there stays."""
    if os.path.isdir(settings.data_dir) and any(find_split(settings.data_dir, split) for split in ("train", "test")):
        return
    if settings.fetching.offline or hub.is_offline():
        raise FieldError("{data_dir}: {} holds no data, and offline MSRA is not fetched", settings.data_dir)
    print(f"fetching MSRA into {settings.data_dir}", flush=True)
    msra.fetch(settings.data_dir)


def _fetch_weights(names, offline):
    """Public weights that are given by the names of their releases."""
    for name in names:
        if name and not os.path.exists(name) and hub.is_name(name):
            fetch(name, offline or None)


def _ask(missing, yes):
    """Ask before training takes days.

    Raises:
      UserError: the answer is no; or there is nobody to ask.
    """
    if yes or not missing:
        return
    from albert.arithmetic.devices import on_accelerator  # noqa: PLC0415 - imports TensorFlow

    if on_accelerator():
        return
    question = f"found no GPU: training {len(missing)} systems at the paper's size takes ten hours or more each on a small machine"
    if not sys.stdin or not sys.stdin.isatty():
        raise FieldError("{}; {yes} starts it all the same, and {train_sentences} trains on a part", question)
    if input(f"{question}. Start? [y/N] ").strip().lower() not in ("y", "yes"):
        raise UserError("nothing was started")


def _data(settings):
    """(directory with the data to use, what it is in words)."""
    sizes = {"train": settings.train_sentences, "test": settings.test_sentences}
    if not any(sizes.values()):
        return settings.data_dir, f"Data: all of {settings.data_dir}."
    target = os.path.join(settings.output_dir, "data")
    take_part(settings.data_dir, target, sizes)
    parts = ", ".join(f"{size:,} {split} sentences" if size else f"all {split} sentences" for split, size in sizes.items())
    return target, f"Data: a random part of {settings.data_dir}, {parts}. Scores on a part are not comparable with the paper's."


def _entities(corpus):
    """Number of entities of each type in both readings: dict of dicts."""
    return {
        reading: collections.Counter(span.label for example in corpus.examples for span in example.spans(corpus.scheme, strict))
        for reading, strict in (("strict", True), ("conlleval", False))
    }
