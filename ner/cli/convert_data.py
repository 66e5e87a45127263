"""Turns labelled files of one format into another: doccano, Label Studio, brat, HuggingFace datasets, tables, columns and more.

    albert-ner convert-data project.json --output_format=columns --output_file=train.txt
    albert-ner convert-data a.jsonl b.ann --split=0.8,0.1,0.1 --output_dir=data/mine
    albert-ner convert-data train.txt --rename=GPE=LOC --drop=DATE --output_format=doccano --output_file=train.jsonl

The format of each input is told from its content, and printed. Several inputs are merged. What the output's format cannot hold is listed.
With --split no text and no document is in two splits.
"""

import collections
import dataclasses
import os
from typing import Optional

from albert.errors import FieldError, UserError
from albert.fields import check_fields, setting
from ner.cli.common import check_new
from ner.data import formats
from ner.data.corrections import correct, read_corrections
from ner.data.dealing import deal
from ner.data.placing import NESTED
from ner.data.problems import POLICIES
from ner.data.readers import read_examples
from ner.schemes import SCHEMES

HELP = "turn labelled data into another format"
_SPLITS = ("train", "dev", "test")


@dataclasses.dataclass(frozen=True)
class ConvertData:
    """Settings of a conversion: the inputs, what becomes of their types, and the output."""

    input_file: tuple = setting((), "Labelled files or directories, merged in this order.", arguments="[FILE…]")
    input_format: Optional[str] = setting(
        None, "Format of the inputs; by default it is told from their content.", choices=lambda: tuple(formats.FORMATS)
    )
    output_format: str = setting("columns", formats.describe(), choices=lambda: tuple(formats.FORMATS))
    output_file: Optional[str] = setting(None, "Where the result goes; a directory for brat's documents or one saved by datasets.")
    output_dir: Optional[str] = setting(None, "With --split: directory for the files of the splits, train, dev and test.")
    split: tuple = setting((), "Shares of the sentences for train, dev and test, such as 0.8,0.1,0.1 or 0.9,0.1.")
    seed: int = setting(42, "Decides which sentences go into which split.", at_least=0)
    rename: tuple = setting((), "Entity types under other names, such as GPE=LOC,地名=LOC.")
    drop: tuple = setting((), "Entity types to leave out.")
    corrections: Optional[str] = setting(
        None, "Corrections of the inputs, as albert-ner lint proposes them; those with accept: true are made."
    )
    scheme: str = setting("BIO", "Scheme of the tags, for output formats that have tags.", choices=tuple(SCHEMES))
    on_bad_line: str = setting("error", "What to do with a bad line: stop, or leave its sentence out.", choices=POLICIES)
    nested: str = setting("refuse", "Entities inside others: a bad line, or the outermost is kept and the others counted.", choices=NESTED)

    def __post_init__(self):
        check_fields(self)
        if not self.input_file:
            raise FieldError("{input_file}: not given, expected labelled files")
        if bool(self.output_file) == bool(self.output_dir):
            raise FieldError("found {}, expected {output_file} or, with {split}, {output_dir}", "both" if self.output_file else "no output")
        if bool(self.split) != bool(self.output_dir):
            raise FieldError("{split} and {output_dir}: found one of them, expected both")
        self.shares()
        self.new_names()

    def shares(self):
        """The shares of the splits as numbers."""
        try:
            shares = [float(share) for share in self.split]
        except ValueError:
            shares = [-1.0]
        if shares and not (1 < len(shares) <= len(_SPLITS) and all(0 <= share <= 100 for share in shares) and sum(shares) > 0):
            raise FieldError("{split}: found {}, expected two or three numbers such as 0.8,0.1,0.1", ",".join(self.split))
        return shares

    def new_names(self):
        """dict from a type to the one it becomes, empty for those that are left out."""
        names = dict.fromkeys(self.drop, "")
        for pair in self.rename:
            old, separator, new = pair.partition("=")
            if not (separator and old and new) or any(c.isspace() for c in new):
                raise FieldError("{rename}: found {!r}, expected OLD=NEW", pair)
            if old in names:
                raise FieldError("{rename}: found {!r} twice, in {rename} or {drop}, expected it once", old)
            names[old] = new
        return names


SETTINGS = ConvertData


def run(settings: ConvertData) -> None:
    """Read all inputs, then write the output, and print what was read, written and lost.

    Raises:
      UserError: an input cannot be read, or the output exists.
    """
    outputs = _outputs(settings)
    names = settings.new_names()
    examples, seen = [], collections.Counter()
    for path in settings.input_file:
        corpus = read_examples(
            path, rename=names, on_bad_line=settings.on_bad_line, nested=settings.nested, file_format=settings.input_format
        )
        entities = corpus.entity_counts()
        scheme = "" if corpus.source_scheme == "spans" else f", {corpus.source_scheme}"
        described = f"{corpus.file_format} ({formats.FORMATS[corpus.file_format][1]}{scheme})"
        print(f"{path}: read as {described}: {len(corpus):,} sentences, {_describe(entities)}")
        for note in filter(None, (*corpus.describe_notes(), corpus.describe_skipped())):
            print(f"  {note}")
        if corpus.violations:
            print(f"  {len(corpus.violations):,} tags that break the scheme, the first {corpus.violations[0]}")
        seen.update(entities)
        examples += corpus.examples
    if settings.corrections:
        corrections = read_corrections(settings.corrections)
        examples = correct(examples, corrections, settings.corrections)
        print(f"{settings.corrections}: {len(corrections):,} corrections made")
    _tell_repeated(examples)
    parts = deal(examples, settings.shares(), settings.seed) if settings.split else [examples]
    if not all(parts[number] for number in range(len(parts)) if not settings.split or settings.shares()[number]):
        raise FieldError("{split}: found too few documents or different texts, expected one for each split at least")
    if settings.output_dir:
        os.makedirs(settings.output_dir, exist_ok=True)
    target = formats.find_format(settings.output_format)
    for path, part in zip(outputs, parts):
        if not part:
            continue
        try:
            lost = target.write(part, path, settings.scheme)
        except OSError as e:
            raise UserError(f"{e.filename or path}: cannot write: {e.strerror}") from e
        counts = collections.Counter(span.label for example in part for span in example.spans())
        print(f"{path}: {len(part):,} sentences, {_describe(counts)}")
        for reason, count in sorted(lost.items()):
            print(f"  not carried: {count:,} × {reason}")


def _outputs(settings):
    """The paths to write, none of which exists."""
    target = formats.find_format(settings.output_format)
    paths = [settings.output_file]
    if settings.output_dir:
        suffix = target.suffix or ".ann"
        paths = [os.path.join(settings.output_dir, split + suffix) for split, _ in zip(_SPLITS, settings.split)]
    for path in paths:
        pair = f"{os.path.splitext(path)[0]}.txt" if path.endswith(".ann") else path
        for name in (path, pair):
            check_new(name)
    return paths


def _describe(counts):
    types = ", ".join(f"{label} {count:,}" for label, count in sorted(counts.items()))
    return f"{sum(counts.values()):,} entities{f' ({types})' if types else ''}"


def _tell_repeated(examples):
    first, same, other = {}, 0, 0
    for example in examples:
        tags = first.setdefault(example.text, example.tags)
        if tags is not example.tags:
            same += tags == example.tags
            other += tags != example.tags
    if same:
        print(f"{same:,} sentences occur before, with the same entities")
    if other:
        print(f"{other:,} sentences occur before, with other entities")
