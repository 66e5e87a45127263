"""Reading labelled text in the formats people have, told apart by content: those of :mod:`ner.data.formats`.

Files are UTF-8; a byte order mark and CRLF are read as if they were not there. What else is odd but has one meaning is read and noted.
Whatever the file holds, examples have one tag per Unicode code point in one scheme, ``BIO`` unless another is asked for. ``BIO`` files
keep their tags exactly as they are, an ``I-`` without its ``B-`` included; other schemes are converted through their entities in the
conlleval reading. A token of several code points (an English word, a number, a letter with combining marks) becomes that many characters
of the same entity, so that offsets stay exact; how many there were is noted.
"""

import collections
import contextlib
import dataclasses
import os

from albert.errors import FieldError
from albert.text_file import TextFile
from ner.data import formats
from ner.data.examples import Corpus, Example, Violation
from ner.data.formats.base import Head
from ner.data.formats.columns import MAX_SENTENCE_LINES
from ner.data.json_lines import is_unlabelled
from ner.data.placing import NESTED, Placer, find_unit
from ner.data.problems import LineError, Problem, Problems
from ner.data.splits import find_split
from ner.errors import DataError
from ner.tags import (
    OUTSIDE,
    convert_scheme,
    describe_scheme,
    detect_scheme,
    illegal_positions,
    spans_from_tags,
    split_tag,
    spread_tag,
    tags_from_spans,
)

# Reasons of which the first line is shown where nothing could be read.
_SHOWN_REASONS = 3


# Formats of more than one file.
_OF_DIRECTORIES = ("brat", "huggingface")


class Unlabelled(DataError):
    """A file of texts without labels, as the published test sets of competitions are."""


class ExampleReader:
    """The examples of one file as a stream: the file is never held in memory as a whole.

    Iterating reads the file from its start. The attributes describe the last complete iteration; see
    :class:`ner.data.examples.Corpus` for what they hold.

    Args:
      path: the file.
      scheme: the file's scheme; by default the one its tags break least often, which reads the file once more.
      target_scheme: the scheme of the examples' tags.
      types: entity types that may occur, any when None. Others are bad lines ("unknown label").
      on_bad_line: ``error`` raises DataError at the first bad line; ``skip`` leaves its sentence out and counts it.
      max_sentence_lines: a sentence of more lines is a bad line.
      nested: ``refuse`` makes a text with entities that overlap a bad line; ``outermost`` keeps the longest of them and counts the others.
      rename: dict from an entity type to the one it becomes, an empty string to leave its entities out.
      file_format: name of the file's format, one of ``ner.data.formats.FORMATS``; by default the one it is taken for.
      file: what to read in the place of the file, which ``path`` then only names: an object with ``lines(notes)`` as
        ``albert.text_file.TextFile`` has it.
    """

    def __init__(
        self,
        path,
        *,
        scheme=None,
        target_scheme="BIO",
        types=None,
        on_bad_line="error",
        max_sentence_lines=MAX_SENTENCE_LINES,
        nested="refuse",
        rename=None,
        file_format=None,
        file=None,
    ):
        if nested not in NESTED:
            raise FieldError("{nested}: found {!r}, expected one of {}", nested, ", ".join(NESTED))
        self.path = os.fspath(path)
        self._file = file
        self.scheme = target_scheme
        self.file_format = None
        self.source_scheme = None
        self.violations = []
        self.skipped = collections.Counter()
        self.first_skipped = {}
        self.notes = collections.Counter()
        self._given_scheme = scheme
        self._types = None if types is None else frozenset(types)
        self._on_bad_line = on_bad_line
        self._max_sentence_lines = max_sentence_lines
        self._nested, self._rename, self._given_format = nested, rename or {}, file_format

    def __iter__(self):
        """Yield :class:`ner.data.examples.Example`. Raises DataError: see ``on_bad_line``; also if no example is left."""
        problems = Problems(self.path, self._on_bad_line)
        self.violations, self.notes = [], collections.Counter()
        self.skipped, self.first_skipped = problems.skipped, problems.first
        head = self._head()
        opened = self._open(head)
        self.file_format = opened.name
        if opened.tagged:
            self.source_scheme = self._given_scheme or self._detect_scheme(opened)
            examples = self._read_tagged(opened, problems)
        else:
            self.source_scheme = "spans"
            examples = self._read_spans(opened, problems)
        count = 0
        for count, example in enumerate(examples, 1):  # noqa: B007
            yield example
        if not count:
            raise self._nothing(head.line)

    def _head(self):
        """The :class:`ner.data.formats.base.Head` of the file or directory."""
        if self._file is None and (os.path.isdir(self.path) or self.path.endswith(".ann")):
            return Head(self.path)
        file = self._file or TextFile(self.path, "labelled sentences", DataError)
        with contextlib.closing(file.lines(collections.Counter())) as lines:
            numbered = ((number, line) for number, line in enumerate(lines, 1) if line.strip(" \t\r\n"))
            number, line = next(numbered, (0, ""))
        if not number:
            raise DataError(f"{self.path}: found blank lines only, expected labelled sentences")
        return Head(self.path, file, line, number)

    def _open(self, head):
        """The file, opened in the first format that takes it."""
        for name in [self._given_format] if self._given_format else formats.FORMATS:
            data_format = formats.find_format(name)
            if head.file is None and name not in _OF_DIRECTORIES:
                continue
            limits = {"max_sentence_lines": self._max_sentence_lines} if name == "columns" else {}
            opened = data_format.open(head, **limits)
            if opened is not None:
                return opened
        if self._given_format:
            raise DataError(f"{self.path}: found another format, expected {self._given_format} ({formats.FORMATS[self._given_format][1]})")
        raise DataError(
            f"{self.path}: cannot read labelled sentences: Is a directory (expected a file, brat's .txt and .ann, or one that "
            "HuggingFace datasets saved)"
        )

    def _nothing(self, first_line):
        first = {reason: message.removeprefix(f"{self.path}:") for reason, message in self.first_skipped.items()}
        left_out = [f"{reason} {n:,} (line {first[reason]})" for reason, n in self.skipped.most_common(_SHOWN_REASONS)]
        reasons = f"; left out: {', '.join(left_out)}" if left_out else ""
        error = Unlabelled if set(self.skipped) == {"missing label"} and is_unlabelled(first_line) else DataError
        return error(f"{self.path}: found no sentence to use, expected at least one{reasons}")

    def _detect_scheme(self, opened):
        problems, notes = Problems(self.path, self._on_bad_line), collections.Counter()
        return detect_scheme(sentence.tags for sentence in opened.read(problems, notes))

    def _read_tagged(self, opened, problems):
        source, target = self.source_scheme, self.scheme
        checked = {OUTSIDE: None}  # tag → its problem, if it has one
        for sentence in opened.read(problems, self.notes):
            tokens, tags, details = sentence.tokens, sentence.tags, sentence.details
            for tag in set(tags).difference(checked):
                checked[tag] = self._tag_problem(tag)
            position = next((t for t, tag in enumerate(tags) if checked[tag]), None)
            if position is not None:
                problems.report(sentence.line + (position if opened.name == "columns" else 0), checked[tags[position]])
                continue
            self._note_violations(sentence, opened.name == "columns")
            if opened.note:
                self.notes[opened.note] += len(tokens)
            text = "".join(tokens)
            if len(text) != len(tokens):
                self.notes["token of several characters"] += sum(len(token) > 1 for token in tokens)
                tags = [spread for token, tag in zip(tokens, tags) for spread in spread_tag(tag, len(token), source)]
                details = dataclasses.replace(details, words=tuple(map(len, tokens)))
            if source != target:
                tags = convert_scheme(tags, source, target)
            if self._rename:
                tags = self._renamed(tags, target)
            yield Example(text, tuple(tags), self.path, sentence.line, details)

    def _renamed(self, tags, scheme):
        """Tags with other types; without those of types that are left out."""
        if not any(tag[2:] in self._rename for tag in tags):
            return tags
        spans = [span._replace(label=self._rename.get(span.label, span.label)) for span in spans_from_tags(tags, scheme)]
        return tags_from_spans([span for span in spans if span.label], len(tags), scheme)

    def _tag_problem(self, tag):
        """The :class:`Problem` of a tag that this file may not hold, else None."""
        try:
            label = split_tag(tag, self.source_scheme)[1]
        except DataError:
            given = "as the given scheme says" if self._given_scheme else "as in the rest of the file"
            return Problem("tag of another scheme", f"tag {tag!r}", f"{describe_scheme(self.source_scheme)} {given}")
        return self._label_problem(label)

    def _label_problem(self, label):
        label = self._rename.get(label, label)
        if not label:
            return None
        if not label.isprintable() or " " in label:
            return Problem("label", f"label {label!r}", "a name without white space and control characters")
        if self._types is None or label in self._types:
            return None
        return Problem("unknown label", f"label {label!r}", f"one of {', '.join(sorted(self._types))}")

    def _note_violations(self, sentence, a_line_each):
        tags = sentence.tags
        for t in illegal_positions(tags, self.source_scheme):
            before = tags[t - 1] if t else "the start of the sentence"
            tag = tags[t] if t < len(tags) else "the end of the sentence"
            self.violations.append(Violation(self.path, sentence.line + min(t, len(tags) - 1) * a_line_each, before, tag))

    def _read_spans(self, opened, problems):
        unit = find_unit(opened.read(Problems(self.path, "skip"), collections.Counter()))
        placer = Placer(unit, self._nested, self._rename, self.notes)
        for raw in opened.read(problems, self.notes):
            try:
                tags = tags_from_spans(placer.place(raw), len(raw.text), self.scheme)
                unknown = next((problem for problem in map(self._label_problem, _labels(tags)) if problem), None)
                if unknown:
                    raise LineError(*unknown)
            except LineError as e:
                problems.report(raw.line, e.problem)
            else:
                yield Example(raw.text, tuple(tags), self.path, raw.line, raw.details)


def _labels(tags):
    return sorted({tag[2:] for tag in tags if tag != OUTSIDE})


def read_examples(path, **options):
    """All examples of one file as a :class:`ner.data.examples.Corpus`; for the options see :class:`ExampleReader`."""
    reader = ExampleReader(path, **options)
    examples = list(reader)
    return Corpus(
        examples,
        path=reader.path,
        file_format=reader.file_format,
        scheme=reader.scheme,
        source_scheme=reader.source_scheme,
        violations=reader.violations,
        skipped=reader.skipped,
        first_skipped=reader.first_skipped,
        notes=reader.notes,
    )


def read_split(data_dir, split, required=True, **options):
    """Read one split of a data directory; see :func:`ner.data.splits.find_split` and, for the options, :class:`ExampleReader`.

    Returns:
      :class:`ner.data.examples.Corpus`, or None if the split is missing and not required.

    Raises:
      DataError: from either, and if a required split is missing.
    """
    path = find_split(data_dir, split, required)
    return read_examples(path, **options) if path else None
