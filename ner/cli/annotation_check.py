"""The part of ``albert-ner lint`` that looks at the annotation: strings annotated in two ways, and what taggers dispute."""

import collections
import dataclasses
import os
from typing import Optional

from albert import command
from albert.errors import FieldError
from albert.fields import check_fields, setting, settings_of
from albert.files import atomic_write, to_json
from albert.training.starting_point import fetch_checkpoint
from ner.cli import flagfiles
from ner.data.consistency import find_odd
from ner.data.settings import DataSettings
from ner.data.text_table import format_table
from ner.evaluation.error_analysis import CATEGORIES
from ner.evaluation.side_by_side import TwoReadings, write_page
from ner.model.directory import find_model
from ner.tagging.disputes import find_disputes
from ner.tags import OUTSIDE
from ner.training.settings import TrainingRun

_CONTEXT = 10


@dataclasses.dataclass(frozen=True)
class AnnotationSettings:
    """Settings of a check of the annotation."""

    consistency: bool = setting(False, "List the strings that are annotated in one way nearly everywhere, and where they are not.")
    model_dir: Optional[str] = setting(None, "A tagger whose disputes with the annotation are listed; it must not know the sentences.")
    folds: int = setting(
        0, "Train so many taggers, each of which judges the training sentences that it has not seen; 0 for none.", at_least=0
    )
    recipe: str = setting("quickstart", "With --folds: flagfile of the training, a path or the name of one that comes with the package.")
    threshold: float = setting(0.9, "Least probability, to the tagger, that the annotation is wrong.", at_least=0, at_most=1)
    report_dir: Optional[str] = setting(
        None, "Directory for lint.html, both readings side by side, corrections.jsonl, and the taggers of --folds."
    )

    def __post_init__(self):
        check_fields(self)
        if self.folds == 1:
            raise FieldError("{folds}: found 1, expected at least 2, or 0 for none")
        if self.folds and self.model_dir:
            raise FieldError("{folds} and {model_dir}: found both, expected one of them")
        if (self.folds or self.model_dir) and not self.report_dir:
            raise FieldError("{report_dir}: not given, expected a directory for the page and the corrections")

    @property
    def is_asked(self) -> bool:
        """True if there is something to look at."""
        return bool(self.consistency or self.folds or self.model_dir)


def check_annotation(settings: AnnotationSettings, corpora: dict, max_places: int = 20) -> None:
    """Print what is found, and write the page and the corrections.

    Args:
      settings: what to look at.
      corpora: dict, split → ``Corpus``; folds judge ``train`` alone.
      max_places: places listed in each table.
    """
    if settings.consistency:
        _print_odd(corpora, max_places)
    if not (settings.folds or settings.model_dir):
        return
    outputs = [os.path.join(settings.report_dir, name) for name in ("lint.html", "corrections.jsonl")]
    for path in outputs:
        if os.path.lexists(path):
            raise FieldError("{report_dir}: {} exists and is not overwritten; remove it, or choose another directory", path)
    os.makedirs(settings.report_dir, exist_ok=True)
    parts = _by_folds(settings, corpora) if settings.folds else _by_tagger(settings, corpora)
    judged, disputes = [], []
    for examples, posteriors in parts:
        judged += zip(examples, posteriors)
        disputes += find_disputes(examples, posteriors, settings.threshold)
    disputes.sort(key=lambda dispute: -dispute.probability)
    summary = _summary(disputes, len(judged), settings.threshold)
    print("\n" + summary)
    for dispute in disputes[:max_places]:
        print(f"{dispute.example.source}:{dispute.example.line}: {dispute.probability:.3f} {_describe(dispute)}")
    if len(disputes) > max_places:
        print(f"… and {len(disputes) - max_places:,} more")
    write_page(outputs[0], "Disputed annotation", ("annotation", "tagger"), summary, _pages(disputes, judged))
    with atomic_write(outputs[1]) as f:
        f.writelines(to_json(dispute.to_dict()) + "\n" for dispute in disputes)
    print(f"{outputs[0]}: both readings side by side")
    print(f"{outputs[1]}: set accept to true where the tagger is right; albert-ner convert-data --corrections makes them")


def _print_odd(corpora, max_places):
    odd = find_odd([example for corpus in corpora.values() for example in corpus])
    print(f"\n{len(odd):,} places at which a string is not annotated as nearly everywhere else")
    for place in odd[:max_places]:
        start, end, label = place.span
        text = place.example.text
        there = "no entity" if label == OUTSIDE else label
        context = f"{text[max(0, start - _CONTEXT) : start]}[{text[start:end]}]{text[end : end + _CONTEXT]}"
        print(f"{place.example.source}:{place.example.line}: {there}, and {place.usual} at {place.times:,} other places: {context}")
    if len(odd) > max_places:
        print(f"… and {len(odd) - max_places:,} more")


def _by_tagger(settings, corpora):
    from ner.tagging.posteriors import Posteriors  # noqa: PLC0415 - imports TensorFlow
    from ner.tagging.tagger import Tagger  # noqa: PLC0415

    posteriors = Posteriors(Tagger.load(find_model(settings.model_dir), runtime="tensorflow"))
    for corpus in corpora.values():
        examples = list(corpus)
        yield examples, list(posteriors.read([e.text for e in examples], [e.spans(corpus.scheme) for e in examples]))


def _by_folds(settings, corpora):
    if "train" not in corpora:
        raise FieldError("{folds}: found no train split that can be read, expected one")
    lines = flagfiles.lines_for(settings.recipe, {field.name for field, _ in settings_of(TrainingRun)})
    data = DataSettings(data_dir=corpora["train"].path)
    run = command.settings_of_flags(TrainingRun, lines, output_dir=settings.report_dir, data=data)
    fetch_checkpoint(run.files)
    from ner.training.folds import judge_by_folds  # noqa: PLC0415 - imports TensorFlow

    return judge_by_folds(run, list(corpora["train"]), settings.folds)


def _summary(disputes, sentences, threshold):
    counts = collections.Counter(dispute.kind for dispute in disputes)
    rows = [(_KINDS[kind], counts[kind]) for kind in CATEGORIES if counts[kind]]
    head = f"{len(disputes):,} entities in {sentences:,} sentences are disputed with a probability of at least {threshold:g}"
    return head + ("\n" + format_table(("dispute", "count"), rows) if rows else "")


_KINDS = {
    "missed": "annotated, nothing to the tagger",
    "spurious": "not annotated, an entity to the tagger",
    "wrong_boundary": "other borders",
    "wrong_type": "another type",
    "nested": "another type, one inside the other",
    "wrong_type_and_boundary": "another type and other borders",
}


def _describe(dispute):
    text = dispute.example.text

    def entity(span):
        return "nothing" if span is None else f"{span.label} {text[span.start : span.end]!r}"

    return f"{entity(dispute.annotated)} → {entity(dispute.proposed)}"


def _pages(disputes, judged):
    posteriors = {id(example): posterior for example, posterior in judged}
    by_example = {}
    for dispute in disputes:
        by_example.setdefault(id(dispute.example), []).append(dispute)
    for key, own in by_example.items():
        example = own[0].example
        words = "; ".join(f"{_describe(dispute)} ({dispute.probability:.3f})" for dispute in own)
        posterior = posteriors[key]
        annotated = list(zip(example.spans(), posterior.given))
        yield TwoReadings(f"{example.source}:{example.line}: {words}", example.text, annotated, posterior.spans)
