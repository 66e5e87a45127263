"""A learning curve: what was reached with parts of the training set, and what more annotation may bring."""

import dataclasses
import logging
import math
import os
from collections.abc import Sequence
from typing import Callable, NamedTuple, Optional

import numpy as np

from albert.errors import FieldError, UserError
from albert.files import atomic_write, write_json
from ner.data import formats
from ner.data.text_table import format_table
from ner.model import run_record
from ner.model.directory import ModelDir
from ner.tags import tags_from_spans
from ner.training.settings import TrainingRun
from ner.training.starting_point import load_training_data

SHARES = (0.1, 0.25, 0.5, 1.0)
JSON_FILE, PLOT_FILE = "learning_curve.json", "learning_curve.png"


class Point(NamedTuple):
    """Training sentences and their entities, and the F1 on the dev set that they led to, in [0, 1]."""

    sentences: int
    entities: int
    f1: float


class PowerLaw(NamedTuple):
    """The error, 1 - F1, as ``factor`` times the number of sentences to the power of ``exponent``."""

    factor: float
    exponent: float

    def f1(self, sentences: float) -> float:
        """F1 with so many sentences."""
        return 1.0 - min(1.0, self.factor * sentences**self.exponent)


def learn(run: TrainingRun, log: Callable[[str], object] = print) -> int:
    """Train on growing parts of the training set, each a part of the next, and print what they led to.

    Each tagger is in a directory of its own below ``run.output_dir``; what is trained already is not trained again.

    Args:
      run: settings of the training, with a dev set or a share that is held out.
      log: what is printed.

    Returns:
      An exit code, not 0 when a signal stopped a run.

    Raises:
      FieldError: there is nothing to measure on.
    """
    data = load_training_data(run.data, run.dev_fraction, run.training.seed)
    if not data.dev:
        raise FieldError("{learning_curve}: found no dev set to measure on, expected a dev file or {dev_fraction}")
    order = np.random.default_rng(run.training.seed).permutation(len(data.train))
    points = []
    for share in SHARES:
        chosen = [data.train[number] for number in sorted(order[: max(1, round(share * len(order)))])]
        point = _train_on(run, chosen, data.dev, os.path.join(run.output_dir, f"{round(100 * share)}_percent"))
        if point is None:
            return 1
        points.append(point)
    law = fit(points)
    rows = [(point.sentences, point.entities, 100 * point.f1) for point in points]
    log(format_table(("sentences", "entities", "F1 on dev"), rows))
    log(describe(points, law))
    write_json(os.path.join(run.output_dir, JSON_FILE), {"points": [p._asdict() for p in points], "power_law": law and law._asdict()})
    log(_plot(points, law, os.path.join(run.output_dir, PLOT_FILE)))
    return 0


def fit(points: Sequence[Point]) -> Optional[PowerLaw]:
    """The power law through some points, by least squares of the logarithms; None where their errors do not fall."""
    usable = [(math.log(point.sentences), math.log(1.0 - point.f1)) for point in points if point.f1 < 1.0]
    if len({size for size, _ in usable}) < 2:
        return None
    exponent, logarithm = np.polyfit(*zip(*usable), 1)
    return PowerLaw(float(math.exp(logarithm)), float(exponent)) if exponent < 0.0 else None


def describe(points: Sequence[Point], law: Optional[PowerLaw]) -> str:
    """One line on what twice as many sentences may bring."""
    last = points[-1]
    if law is None:
        return "more sentences did not lead to a better F1 here: no estimate of what still more would bring"
    gain = 100 * (law.f1(2 * last.sentences) - law.f1(last.sentences))
    return f"with twice as many sentences ({2 * last.sentences:,}): about {gain:+.1f} points, if the error goes on to fall as a power law"


def _train_on(run, train_set, dev_set, directory):
    from albert.keras import keras  # noqa: PLC0415 - imports TensorFlow
    from ner.training.run import train  # noqa: PLC0415

    if not any(example.spans() for example in train_set):
        raise UserError(f"{directory}: found no entity among {len(train_set):,} training sentences, expected more data")
    data_dir = os.path.join(directory, "data")
    os.makedirs(data_dir, exist_ok=True)
    known = {span.label for example in train_set for span in example.spans()}
    # Types that this part lacks cannot be found; the dev set must not name them. They are missed all the same, and counted below.
    dev = [_without(example, known) for example in dev_set]
    for split, examples in (("train", train_set), ("dev", dev)):
        formats.find_format("columns").write(examples, os.path.join(data_dir, f"{split}.txt"))
    own = dataclasses.replace(
        run, output_dir=os.path.join(directory, "tagger"), data=dataclasses.replace(run.data, data_dir=data_dir), dev_fraction=0.0
    )
    if train(own):
        return None
    chosen = run_record.read(ModelDir(own.output_dir))["result"]["chosen"]
    keras.backend.clear_session()
    sizes = [sum(len(example.spans()) for example in examples) for examples in (train_set, dev, dev_set)]
    return Point(len(train_set), sizes[0], _with_missing(chosen, sizes[1], sizes[2]))


def _without(example, known):
    spans = [span for span in example.spans() if span.label in known]
    return dataclasses.replace(example, tags=tuple(tags_from_spans(spans, len(example.text))))


def _with_missing(chosen, support, whole):
    """F1 where ``whole`` entities are to be found, of which the scores of a run know ``support``."""
    precision, recall = chosen["dev_precision"], chosen["dev_recall"] * support / whole
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def _plot(points, law, path):
    logging.getLogger("matplotlib").setLevel(logging.WARNING)
    try:
        from matplotlib.figure import Figure  # noqa: PLC0415 - an extra
    except ImportError:
        return "no picture: matplotlib is not installed (extra: plots)"
    figure = Figure(figsize=(6, 4), layout="constrained")
    axes = figure.subplots()
    axes.plot([point.sentences for point in points], [100 * point.f1 for point in points], marker="o", label="measured")
    if law is not None:
        sizes = np.geomspace(points[0].sentences, 4 * points[-1].sentences, 50)
        axes.plot(sizes, [100 * law.f1(size) for size in sizes], linestyle="--", label="power law")
    axes.set(xscale="log", xlabel="training sentences", ylabel="F1 on dev (%)", title="learning curve")
    axes.legend()
    with atomic_write(path, "wb") as f:
        figure.savefig(f, format="png", dpi=120)
    return f"picture: {path}"
