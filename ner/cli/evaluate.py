"""Scores a trained tagger on the test split of a data set, or on another split, and writes metrics.json beside it.

    albert-ner evaluate --model_dir=output/mine --data_dir=data/mine --error_report
    albert-ner evaluate --model_dir=output/mine --data_dir=data/mine --eval_split=dev

Without --model_dir it is the tagger that the environment variable ALBERT_NER_MODEL names, or the one that comes with the package, beside
which nothing is written.
"""

import dataclasses
import os
import time
from typing import Optional

from albert.errors import FieldError
from albert.fields import check_fields, same_setting, setting
from albert.files import sha256, write_json
from albert.messages import say
from ner import pretrained
from ner.data.lint import read_for_lint
from ner.data.settings import DataSettings
from ner.data.splits import SPLITS, files_of, find_split
from ner.display.progress import make_progress
from ner.errors import DataError
from ner.evaluation.calibration import calibrate, plot_reliability
from ner.evaluation.error_analysis import analyse, names
from ner.evaluation.error_report import HTML_FILE, JSON_FILE, error_report, write_error_report
from ner.evaluation.scores import evaluate as score
from ner.evaluation.scores import format_table
from ner.model import run_record
from ner.model.card import write_card
from ner.model.directory import METRICS_FILE, ModelDir
from ner.tagging.settings import ModelSettings, ProgressSettings, TaggingSettings

HELP = "score a tagger on a data set"


@dataclasses.dataclass(frozen=True)
class EvaluateCommand:
    """Settings of an evaluation: the tagger, the data and the reports to write."""

    model: ModelSettings = ModelSettings()
    data: DataSettings = DataSettings()
    tagging: TaggingSettings = TaggingSettings()
    eval_split: str = setting("test", "With --do_eval: the split to score.", choices=tuple(SPLITS))
    error_report: bool = setting(False, "With --do_eval: write errors.json and errors.html, what went wrong, beside the model.")
    reliability_plot: Optional[str] = setting(None, "With --do_eval: a PNG of how right the scores are; needs the extra plots.")
    progress: Optional[bool] = same_setting(ProgressSettings, "progress")

    def __post_init__(self):
        check_fields(self)
        if not self.data.data_dir:
            raise FieldError("{data_dir}: not given, expected a directory")


SETTINGS = EvaluateCommand


def check(settings: EvaluateCommand) -> None:
    """Refuse before any work is done what cannot be scored.

    Raises:
      UserError: the split has no file.
    """
    try:
        find_split(settings.data.data_dir, settings.eval_split, required=True)
    except DataError as e:
        others = [split for split in SPLITS if split != settings.eval_split and _has(settings.data.data_dir, split)]
        if not others:
            raise
        raise FieldError("{}; {eval_split}={} scores the {} split", e, others[-1], others[-1]) from e


def _has(data_dir, split):
    try:
        return find_split(data_dir, split) is not None
    except DataError:
        return False


def run(settings: EvaluateCommand) -> None:
    """Print the table of scores and write metrics.json beside the model; with ``error_report`` also what went wrong.

    Beside the tagger that comes with the package nothing is written.
    """
    directory = ModelDir(settings.model.path)
    shipped = pretrained.is_own(directory.path)
    if shipped and settings.error_report:
        raise FieldError(
            "{error_report}: found the tagger that comes with the package, expected {model_dir}, where the report is to be written"
        )
    # A directory that is not there is told of first.
    if os.path.isdir(directory.path):
        check(settings)
    from ner.tagging.tagger import Tagger  # noqa: PLC0415 - may import TensorFlow

    how = settings.tagging
    tagger = Tagger.load(
        directory.path, how.eval_batch_size, lexicon=how.lexicon, decoding=how.decoding, runtime=how.runtime, precision=how.precision
    )
    tag_set = tagger.tag_set
    test = settings.data.read(settings.eval_split, types=tag_set.types)
    texts = [example.text for example in test]
    with_scores = settings.error_report or settings.reliability_plot
    started = time.perf_counter()
    with make_progress(len(test), "evaluating", "sentences", settings.progress) as bar:
        predictions = list(tagger.predict(texts, bar.update)) if with_scores else []
        predicted = [prediction.tags for prediction in predictions] if with_scores else tagger.tags(texts, bar.update)
    seconds = time.perf_counter() - started
    result = score([example.tags for example in test], predicted, tag_set.scheme)
    say(f"{test.path}: {len(test):,} sentences, {len(test) / seconds:,.0f} a second")
    if test.skipped:
        say(f"not scored: {test.describe_skipped()}")
    for note in test.describe_notes():
        say(f"read as: {note}")
    print(format_table(result))
    details = {
        "data": test.path,
        "sha256": {os.path.basename(path): sha256(path) for path in files_of(test.path)} if os.path.isdir(test.path) else sha256(test.path),
        "skipped": dict(test.skipped),
        "constrained_decoding": how.decoding.constrained_decoding,
        "lexicon": how.lexicon,
        "seconds": seconds,
    }
    if with_scores:
        calibration = _calibrate(test, predictions, tag_set.scheme)
        print(
            f"scores: expected calibration error {calibration.expected_error:.4f} over {calibration.count:,} predicted entities, "
            f"Brier score {calibration.brier_score:.4f}"
        )
        details["calibration"] = calibration.to_dict()
        if settings.reliability_plot:
            plot_reliability(calibration, settings.reliability_plot)
        if settings.error_report:
            _report_errors(settings.data, directory, test, predictions, result, calibration, tag_set.scheme)
    if not shipped:
        write_json(directory.file(METRICS_FILE), {**details, **result.to_dict()})
        # What was converted has no record of a run.
        if run_record.is_there(directory) and "result" in run_record.read(directory):
            write_card(directory)


def _calibrate(test, predictions, scheme):
    pairs = [
        (score, span in gold)
        for example, prediction in zip(test, predictions)
        for gold in [set(example.spans(scheme))]
        for span, score in prediction.spans
    ]
    return calibrate([score for score, _ in pairs], [correct for _, correct in pairs])


def _report_errors(data, directory, test, predictions, result, calibration, scheme):
    # Only looked at: without it, the report does not say which names are new.
    train, findings = read_for_lint(data, "train")
    for finding in findings:
        say(f"data {finding.severity}: {finding.where}: {finding.message}")
    training_names = None if train is None else names(train, scheme)
    gold = [example.spans(scheme) for example in test]
    analysis = analyse([example.text for example in test], gold, [prediction.spans for prediction in predictions], training_names)
    report = error_report(test, analysis, result, calibration, training_names, test.path)
    paths = directory.file(JSON_FILE), directory.file(HTML_FILE)
    write_error_report(report, *paths)
    print(f"errors: {len(analysis.errors):,} in {' and '.join(paths)}")
