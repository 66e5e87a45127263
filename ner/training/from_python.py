"""``ner.train``: training from a Python program or a notebook."""

import dataclasses
import os
from typing import Any, Optional

from albert.fields import build, settings_of
from albert.files import write_json
from albert.training.starting_point import fetch_checkpoint
from ner.data.given import Given
from ner.data.settings import DataSettings
from ner.data.splits import SPLITS
from ner.display import html
from ner.evaluation.scores import Evaluation
from ner.model import run_record
from ner.model.card import write_card
from ner.model.directory import METRICS_FILE, ModelDir
from ner.tagging.tagger import Tagger
from ner.training.history import History
from ner.training.run import train as run_training
from ner.training.settings import TrainingRun


@dataclasses.dataclass(frozen=True, repr=False)
class TrainingResult:
    """A finished training run.

    Attributes:
      output_dir: the directory that holds it.
      history: list of dicts, one per epoch: ``epoch``, ``step``, ``loss``, with a dev set ``dev_f1`` and so on.
      chosen: dict with the ``epoch`` whose weights are the result, and its scores on the dev set.
      scores: ``Evaluation`` on the test split; None without one.
      tagger: the trained ``Tagger``.
    """

    output_dir: str
    history: list
    chosen: dict
    scores: Optional[Evaluation]
    tagger: Tagger

    def __repr__(self) -> str:
        dev = f", dev F1 {100 * self.chosen['dev_f1']:.2f}" if "dev_f1" in self.chosen else ""
        lines = [f"{self.output_dir}: epoch {self.chosen['epoch']} of {len(self.history)}{dev}"]
        return "\n".join(lines + ([repr(self.scores)] if self.scores else []))

    def _repr_html_(self) -> str:
        header = ("epoch", "loss", "dev F1")
        rows = [(str(row["epoch"]), f"{row['loss']:.4f}", f"{100 * row['dev_f1']:.2f}" if "dev_f1" in row else "") for row in self.history]
        parts = [html.table(header, rows), self.scores._repr_html_() if self.scores else "", *self._pictures()]
        return "".join(parts)

    def _pictures(self):
        for path in ModelDir(self.output_dir).pictures():
            yield html.picture(path)


def train(
    data: Given,
    output_dir: str,
    init_checkpoint: Optional[str] = None,
    *,
    dev: Optional[Given] = None,
    test: Optional[Given] = None,
    **settings: Any,
) -> TrainingResult:
    """Train a tagger; the same call goes on where it stopped.

    Example::

        result = ner.train("data/mine", "output/mine", "albert_mini_zh", learning_rate=1e-4)
        result.scores.conlleval.overall.f1
        result.tagger.tag("江苏省委书记到上海交通大学看望李明教授。")

    Args:
      data: a directory with ``train.txt``, and ``dev.txt`` and ``test.txt`` if there are such; or the training set alone: a file, or a list
        of ``(text, [(start, end, label), …])`` with offsets in Unicode code points.
      output_dir: directory that the run writes to.
      init_checkpoint: the encoder to start from, a directory or the name of a release; None for random weights, which need
        ``albert_config_file``.
      dev, test: a file or a list each, where ``data`` is no directory or has none.
      settings: the flags of ``albert-ner train`` by their names, such as ``num_train_epochs=5``.

    Returns:
      :class:`TrainingResult`; its scores are those that ``albert-ner evaluate`` prints for the same data and flags.

    Raises:
      UserError: a setting, the data or the directory cannot be used; says which and why.
      KeyboardInterrupt: a signal stopped the run; its state is saved.
    """
    given = {"output_dir": output_dir, "init_checkpoint": init_checkpoint, **settings}
    splits = {"train": data}
    if isinstance(data, (str, os.PathLike)) and os.path.isdir(data):
        given["data_dir"] = data
        splits = dict.fromkeys(SPLITS, data)
    splits.update({name: value for name, value in (("dev", dev), ("test", test)) if value is not None})
    given = {name: os.fspath(value) if isinstance(value, os.PathLike) else value for name, value in given.items()}
    of_data = {field.name for field, _ in settings_of(DataSettings)}
    read = build(DataSettings, {name: value for name, value in given.items() if name in of_data})
    run = build(TrainingRun, given, data=dataclasses.replace(read, given=splits))
    fetch_checkpoint(run.files)
    if run_training(run, {name: value for name, value in given.items() if value is not None}):
        raise KeyboardInterrupt("stopped; the same call goes on from there")
    directory = ModelDir(run.output_dir)
    history = History(directory)
    history.read(float("inf"))
    tagger = Tagger.load(run.output_dir, run.prediction.eval_batch_size, decoding=run.prediction.decoding)
    corpus = run.data.read("test", required=False, types=tagger.labels)
    scores = None
    if corpus is not None:
        scores = tagger.evaluate(corpus)
        decoding = {"constrained_decoding": run.prediction.decoding.constrained_decoding}
        write_json(directory.file(METRICS_FILE), {"data": corpus.path, **decoding, **scores.to_dict()})
        write_card(directory)
    return TrainingResult(run.output_dir, history.rows, run_record.read(directory)["result"]["chosen"], scores, tagger)
