"""Checks a data set before training on it: tables of files, entities and lengths, and what is wrong or odd, with the places.

    albert-ner lint --data_dir=data/mine
    albert-ner lint --data_dir=data/mine --max_seq_length=128 --vocab_file=vocab.txt --format=json

The exit code is 1 if there are errors, with which training or its score would be wrong; warnings are for a person to judge.

    albert-ner lint --data_dir=data/mine --consistency
    albert-ner lint --data_dir=data/mine --folds=5 --recipe=my.flags --report_dir=report
    albert-ner lint --data_dir=data/new --model_dir=output/mine --report_dir=report

also look at the annotation: at strings annotated in two ways, and at what taggers dispute. A page shows both readings side by side,
and a file has the corrections to accept.
"""

import dataclasses

from albert.errors import FieldError
from ner.cli.annotation_check import AnnotationSettings, check_annotation
from ner.data.lint import LintCommand, check

HELP = "check a data set"


@dataclasses.dataclass(frozen=True)
class Lint(LintCommand):
    """Settings of a check of files and of their annotation."""

    annotation: AnnotationSettings = AnnotationSettings()

    def __post_init__(self):
        super().__post_init__()
        if self.format == "json" and self.annotation.is_asked:
            raise FieldError("{format}: found json together with {consistency}, {folds} or {model_dir}, expected table")


SETTINGS = Lint


def run(settings: Lint) -> int:
    """Print the report, and look at the annotation if that is asked for; returns the exit code."""
    code, corpora = check(settings)
    if settings.annotation.is_asked:
        check_annotation(settings.annotation, corpora, settings.max_places)
    return code
