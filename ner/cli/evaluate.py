"""--do_eval: score the test split."""

import sys
import time

from tqdm import tqdm

from albert.errors import UserError
from albert.files import sha256, write_json
from ner import pretrained
from ner.cli.common import decoding_options, model_dir, required
from ner.data.lint import read_for_lint
from ner.data.readers import read_split
from ner.evaluation.calibration import calibrate, plot_reliability
from ner.evaluation.error_analysis import analyse, names
from ner.evaluation.error_report import HTML_FILE, JSON_FILE, error_report, write_error_report
from ner.evaluation.scores import evaluate as score
from ner.evaluation.scores import format_table
from ner.tagging.tagger import Tagger


def evaluate(flags):
    """Print the table of scores and write metrics.json beside the model; with --error_report also what went wrong.

    Beside the tagger that comes with the package nothing is written.
    """
    directory = model_dir(flags)
    shipped = pretrained.is_own(directory.path)
    if shipped and flags.error_report:
        raise UserError(
            "--error_report: found the tagger that comes with the package, expected --model_dir, where the report is to be written"
        )
    tagger = Tagger.load(directory.path, flags.eval_batch_size, lexicon=flags.lexicon, decoding=decoding_options(flags))
    tag_set = tagger.tag_set
    test = read_split(required(flags, "data_dir"), "test", types=tag_set.types, on_bad_line=flags.on_bad_line)
    texts = [example.text for example in test]
    with_scores = flags.error_report or flags.reliability_plot
    started = time.perf_counter()
    with tqdm(total=len(test), desc="evaluating", unit=" sentences", file=sys.stderr, dynamic_ncols=True) as bar:
        predictions = list(tagger.predict(texts, bar.update)) if with_scores else []
        predicted = [prediction.tags for prediction in predictions] if with_scores else tagger.tags(texts, bar.update)
    seconds = time.perf_counter() - started
    result = score([example.tags for example in test], predicted, tag_set.scheme)
    print(f"{test.path}: {len(test):,} sentences, {len(test) / seconds:,.0f} a second")
    if test.skipped:
        print(f"not scored: {test.describe_skipped()}")
    for note in test.describe_notes():
        print(f"read as: {note}")
    print(format_table(result))
    details = {
        "data": test.path,
        "sha256": sha256(test.path),
        "skipped": dict(test.skipped),
        "constrained_decoding": flags.constrained_decoding,
        "lexicon": flags.lexicon,
        "seconds": seconds,
    }
    if with_scores:
        calibration = _calibrate(test, predictions, tag_set.scheme)
        print(
            f"scores: expected calibration error {calibration.expected_error:.4f} over {calibration.count:,} predicted entities, "
            f"Brier score {calibration.brier_score:.4f}"
        )
        details["calibration"] = calibration.to_dict()
        if flags.reliability_plot:
            plot_reliability(calibration, flags.reliability_plot)
        if flags.error_report:
            _report_errors(flags, directory, test, predictions, result, calibration, tag_set.scheme)
    if not shipped:
        write_json(directory.file("metrics.json"), {**details, **result.to_dict()})


def _calibrate(test, predictions, scheme):
    pairs = [
        (score, span in gold)
        for example, prediction in zip(test, predictions)
        for gold in [set(example.spans(scheme))]
        for span, score in prediction.spans
    ]
    return calibrate([score for score, _ in pairs], [correct for _, correct in pairs])


def _report_errors(flags, directory, test, predictions, result, calibration, scheme):
    # Only looked at: without it, the report does not say which names are new.
    train, findings = read_for_lint(flags.data_dir, "train")
    for finding in findings:
        print(f"data {finding.severity}: {finding.where}: {finding.message}")
    training_names = None if train is None else names(train, scheme)
    gold = [example.spans(scheme) for example in test]
    analysis = analyse([example.text for example in test], gold, [prediction.spans for prediction in predictions], training_names)
    report = error_report(test, analysis, result, calibration, training_names, test.path)
    paths = directory.file(JSON_FILE), directory.file(HTML_FILE)
    write_error_report(report, *paths)
    print(f"errors: {len(analysis.errors):,} in {' and '.join(paths)}")
