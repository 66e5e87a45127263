"""Compares two readings of the same texts: those of two taggers, or a tagger's and a labelled file's.

    albert-ner compare output/a output/b --data_dir=data/mine
    albert-ner compare output/a output/b --input_file=texts.txt
    albert-ner compare output/a data/mine/test.txt

prints how many entities of each kind differ, and writes a page with both readings side by side. With --data_dir, whose test split has
the right entities, it also says by a paired bootstrap if one tagger is better by more than chance.
"""

import dataclasses
import os
from typing import NamedTuple, Optional

from albert.errors import FieldError, UserError
from albert.fields import check_fields, setting
from albert.files import write_json
from ner.cli.common import check_new
from ner.data.readers import read_examples, read_split
from ner.data.settings import DataSettings
from ner.data.splits import SPLITS
from ner.data.text_table import format_table
from ner.evaluation.comparison import KINDS, compare
from ner.evaluation.side_by_side import TwoReadings, write_page
from ner.model.directory import find_model
from ner.tagging.settings import PredictionSettings
from ner.tagging.text_input import find_files, parse_line, read_chunks

HELP = "compare two taggers, or a tagger and a labelled file"


@dataclasses.dataclass(frozen=True)
class CompareCommand:
    """Settings of a comparison: what is compared, the texts and the output."""

    readings: tuple = setting((), "Two taggers or labelled files.", arguments="[A B…]")
    data: DataSettings = DataSettings()
    split: str = setting("test", "The split of --data_dir that is compared on.", choices=tuple(SPLITS))
    input_file: Optional[str] = setting(None, "Texts to compare two taggers on, one text a line.")
    prediction: PredictionSettings = PredictionSettings()
    output_file: str = setting("compare.html", "The page; the numbers go beside it, into a file that ends with .json.")

    def __post_init__(self):
        check_fields(self)
        if len(self.readings) != 2:
            raise FieldError("{readings}: found {}, expected two, each a tagger or a labelled file", len(self.readings))
        if self.data.data_dir and self.input_file:
            raise FieldError("{data_dir} and {input_file}: found both, expected one of them")
        if not self.output_file.endswith(".html"):
            raise FieldError("{output_file}: found {}, expected a name that ends with .html", self.output_file)


SETTINGS = CompareCommand


class _Texts(NamedTuple):
    texts: list
    places: list  # file:line of each
    gold: Optional[list] = None


def run(settings: CompareCommand) -> None:
    """Print the numbers and write the page.

    Raises:
      UserError: a reading cannot be used, the files' texts are not the same, or an output exists.
    """
    json_file = f"{settings.output_file[:-5]}.json"
    for path in (settings.output_file, json_file):
        check_new(path)
    files = [os.path.isfile(path) or path.endswith(".ann") for path in settings.readings]
    corpora = [read_examples(path, **settings.data.reading) if is_file else None for path, is_file in zip(settings.readings, files)]
    texts = _texts(settings, corpora)
    readings = [
        _tag(path, texts.texts, settings.prediction) if corpus is None else _labelled(corpus, texts.texts)
        for path, corpus in zip(settings.readings, corpora)
    ]
    found = compare(texts.texts, *readings, texts.gold)
    lines, numbers = _summary(settings.readings, found, len(texts.texts))
    print(lines)
    write_json(json_file, {"readings": list(settings.readings), "sentences": len(texts.texts), **numbers})
    write_page(settings.output_file, "Two readings", settings.readings, lines, _pages(found, texts, readings))
    print(f"\n{settings.output_file}: both readings of the {found.sentences:,} sentences that differ; {json_file}: the numbers")


def _texts(settings, corpora):
    labelled = next((corpus for corpus in corpora if corpus is not None), None)
    if labelled is not None:
        if settings.data.data_dir or settings.input_file:
            raise FieldError("{data_dir} or {input_file}: found one beside a labelled file, expected the texts of the file alone")
        return _Texts([e.text for e in labelled], [f"{e.source}:{e.line}" for e in labelled])
    if settings.data.data_dir:
        corpus = read_split(settings.data.data_dir, settings.split, **settings.data.reading)
        return _Texts([e.text for e in corpus], [f"{e.source}:{e.line}" for e in corpus], [e.spans(corpus.scheme) for e in corpus])
    if not settings.input_file:
        raise FieldError("found two taggers and no texts, expected {data_dir} or {input_file}")
    texts, places = [], []
    for path in find_files([settings.input_file]):
        for lines in read_chunks(path):
            for line in lines:
                text = parse_line(line).text
                if text:
                    texts.append(text)
                    places.append(f"{line.source}:{line.number}")
    if not texts:
        raise UserError(f"{settings.input_file}: found no text, expected one a line")
    return _Texts(texts, places)


def _tag(path, texts, prediction):
    """The entities of each text: lists of (``Span``, probability)."""
    from ner.tagging.tagger import Tagger  # noqa: PLC0415 - imports TensorFlow

    tagger = Tagger.load(find_model(path), prediction.eval_batch_size, decoding=prediction.decoding)
    return [found.spans for found in tagger.predict(texts)]


def _labelled(corpus, texts):
    if [example.text for example in corpus] != texts:
        raise UserError(f"{corpus.path}: found other texts than in the other file, expected the same in the same order")
    return [[(span, None) for span in example.spans(corpus.scheme)] for example in corpus]


def _summary(names, found, count):
    agreement = found.agreement
    lines = [
        f"first:  {names[0]}: {agreement.support:,} entities",
        f"second: {names[1]}: {agreement.predicted:,} entities",
        f"{agreement.correct:,} entities are the same, F1 between the readings {100 * agreement.f1:.2f}; "
        f"{found.sentences:,} of {count:,} sentences differ",
        "",
        format_table(("difference", "count"), list(found.kinds.items())),
    ]
    rows = [(label, s.correct, s.support - s.correct, s.predicted - s.correct) for label, s in found.by_type.items()]
    lines += ["", format_table(("type", "both", "first alone", "second alone"), rows)] if rows else []
    numbers = found.to_dict()
    if found.scores:
        from ner.reproduce.statistics import paired_bootstrap  # noqa: PLC0415 - NumPy

        difference = paired_bootstrap(*found.counts)
        numbers["difference"] = {"f1": difference.value, "low": difference.low, "high": difference.high, "p": difference.p}
        rows = [(name, *(100 * v for v in (s.overall.precision, s.overall.recall, s.overall.f1))) for name, s in zip(names, found.scores)]
        lines += ["", format_table(("against the right entities", "P", "R", "F1"), rows)]
        lines.append(
            f"difference of F1, first less second: {difference.value:+.2f} points, 95 % of resampled test sets in "
            f"[{difference.low:+.2f}, {difference.high:+.2f}], p {difference.p:.4f}"
        )
    return "\n".join(lines), numbers


def _pages(found, texts, readings):
    kinds = {}
    for error in found.differences:
        kinds.setdefault(error.sentence, []).append(KINDS[error.category])
    for number, own in kinds.items():
        heading = f"{texts.places[number]}: {', '.join(dict.fromkeys(own))}"
        yield TwoReadings(heading, texts.texts[number], readings[0][number], readings[1][number])
