"""errors.json and errors.html: what a tagger got wrong on a test set."""

import collections
import json
import string
from importlib import resources

from albert.files import atomic_write
from ner.evaluation.error_analysis import CATEGORIES, familiarity, frequency_range, length_range

JSON_FILE = "errors.json"
HTML_FILE = "errors.html"


def error_report(examples, analysis, evaluation, calibration, training_names=None, data="test set"):
    """Everything the page shows, JSON-ready.

    Args:
      examples: the N ``Example``s of the test set.
      analysis: their ``ner.evaluation.error_analysis.Analysis``.
      evaluation: their ``Evaluation``.
      calibration: the ``Calibration`` of the predicted entities.
      training_names: as for ``ner.evaluation.error_analysis.analyse``.
      data: name of the test set.

    Returns:
      dict with ``data``, ``num_sentences``, ``scores`` (conlleval reading), ``categories`` (description, errors, gold entities
      missing, predicted entities wrong), ``by_type``, ``by_seen``, ``by_frequency``, ``by_length``, ``calibration``, ``frequent``
      (the same error at several places), ``sentences`` (those with errors) and ``errors``.
    """
    sentences = {error.sentence: None for error in analysis.errors}
    return {
        "data": data,
        "num_sentences": len(examples),
        "scores": evaluation.conlleval.to_dict(),
        "categories": {
            category: {
                "description": description,
                "errors": sum(error.category == category for error in analysis.errors),
                "misses": sum(error.misses for error in analysis.errors if error.category == category),
                "adds": sum(error.adds for error in analysis.errors if error.category == category),
            }
            for category, description in CATEGORIES.items()
        },
        "by_type": _by_type(analysis.errors),
        "by_seen": _table(analysis.by_seen),
        "by_frequency": _table(analysis.by_frequency),
        "by_length": _table(analysis.by_length),
        "calibration": calibration.to_dict(),
        "frequent": _frequent(analysis.errors, examples),
        "sentences": {str(i): {"source": examples[i].source, "line": examples[i].line, "text": examples[i].text} for i in sentences},
        "errors": [_error(error, examples[error.sentence].text, training_names) for error in analysis.errors],
    }


def write_error_report(report, json_path, html_path):
    """Write a report in both forms, each whole or not at all.

    Args:
      report: what :func:`error_report` gave.
      json_path, html_path: the files.
    """
    with atomic_write(json_path) as f:
        json.dump(report, f, ensure_ascii=False, indent=1)
        f.write("\n")
    page = string.Template(resources.files("ner.evaluation").joinpath(HTML_FILE).read_text(encoding="utf-8"))
    # With "<" escaped nothing in the data can end the script element it stands in, or begin a comment.
    data = json.dumps(report, ensure_ascii=True, separators=(",", ":")).replace("<", "\\u003c")
    with atomic_write(html_path) as f:
        f.write(page.substitute(data=data))


def _table(scores):
    return None if scores is None else {key: score.to_dict() for key, score in scores.items()}


def _error(error, text, training_names):
    named = error.gold or error.predicted
    return {
        "sentence": error.sentence,
        "category": error.category,
        "gold": _entity(error.gold, text),
        "predicted": _entity(error.predicted, text),
        "score": None if error.score is None else round(error.score, 4),
        "misses": error.misses,
        "adds": error.adds,
        "seen": None if training_names is None else familiarity(text, named, training_names),
        "frequency": None if training_names is None else frequency_range(text, named, training_names),
        "length": length_range(named),
    }


def _entity(span, text):
    return None if span is None else {"start": span.start, "end": span.end, "label": span.label, "text": text[span.start : span.end]}


def _by_type(errors):
    """Dict from an entity type (the gold entity's, if there is one) to errors of each category."""
    counts = collections.Counter(((error.gold or error.predicted).label, error.category) for error in errors)
    return {label: {category: counts[label, category] for category in CATEGORIES} for label in sorted({label for label, _ in counts})}


def _frequent(errors, examples):
    """Errors that are alike but for their place, the most frequent first; those that occur once are left out."""

    def name(span, text):
        return None if span is None else (span.label, text[span.start : span.end])

    counts = collections.Counter(
        (error.category, name(error.gold, examples[error.sentence].text), name(error.predicted, examples[error.sentence].text))
        for error in errors
    )
    return [
        {"count": count, "category": category, "gold": gold and list(gold), "predicted": predicted and list(predicted)}
        for (category, gold, predicted), count in counts.most_common()
        if count > 1
    ]
