"""Reading labelled text in the formats people have, told apart by content.

* **columns**: one token and its tag per line (:mod:`ner.data.columns`), in any scheme of :mod:`ner.tags`;
* **cluener**, **doccano** and **entities**: JSON lines with spans (:mod:`ner.data.json_lines`).

Files are UTF-8; a byte order mark and CRLF are read as if they were not there. What else is odd but has one meaning is read and noted.
Whatever the file holds, examples have one tag per Unicode code point in one scheme, ``BIO`` unless another is asked for. ``BIO`` files
keep their tags exactly as they are, an ``I-`` without its ``B-`` included; other schemes are converted through their entities in the
conlleval reading. A token of several code points (an English word, a number, a letter with combining marks) becomes that many characters
of the same entity, so that offsets stay exact; how many there were is noted.
"""

import collections
import contextlib
import os
import re

from albert.text_file import TextFile
from ner.data.column_layout import UncertainLayout, find_layout
from ner.data.columns import read_sentences
from ner.data.examples import Corpus, Example, Violation
from ner.data.json_lines import detect_format, find_unit, is_unlabelled, read_texts
from ner.data.problems import Problem, Problems
from ner.data.splits import find_split
from ner.errors import DataError
from ner.tags import OUTSIDE, convert_scheme, describe_scheme, detect_scheme, illegal_positions, split_tag, spread_tag

MAX_SENTENCE_LINES = 10_000

# How the first line of a file shows that it is JSON; "{" or "[" may also be a character in its first column.
_JSON_OBJECT = re.compile(r'\s*\{\s*("|\}|$)')
_JSON_ARRAY = re.compile(r"\s*\[\s*([\[{]|$)")


# Reasons of which the first line is shown where nothing could be read.
_SHOWN_REASONS = 3


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
    """

    def __init__(self, path, *, scheme=None, target_scheme="BIO", types=None, on_bad_line="error", max_sentence_lines=MAX_SENTENCE_LINES):
        self.path = os.fspath(path)
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

    def __iter__(self):
        """Yield :class:`ner.data.examples.Example`. Raises DataError: see ``on_bad_line``; also if no example is left."""
        problems = Problems(self.path, self._on_bad_line)
        self.violations, self.notes = [], collections.Counter()
        self.skipped, self.first_skipped = problems.skipped, problems.first
        file = TextFile(self.path, "labelled sentences", DataError)
        first_line = self._first_line(file)
        if _JSON_OBJECT.match(first_line):
            self.file_format, self.source_scheme = detect_format(first_line), "spans"
            examples = self._read_json(file, problems)
        else:
            layout = self._find_layout(file)
            self.file_format, self.source_scheme = "columns", self._given_scheme or self._detect_scheme(file, layout)
            examples = self._read_columns(file, layout, problems)
        count = 0
        for count, example in enumerate(examples, 1):  # noqa: B007
            yield example
        if not count:
            raise self._nothing(first_line)

    def _nothing(self, first_line):
        first = {reason: message.removeprefix(f"{self.path}:") for reason, message in self.first_skipped.items()}
        left_out = [f"{reason} {n:,} (line {first[reason]})" for reason, n in self.skipped.most_common(_SHOWN_REASONS)]
        reasons = f"; left out: {', '.join(left_out)}" if left_out else ""
        error = Unlabelled if set(self.skipped) == {"missing label"} and is_unlabelled(first_line) else DataError
        return error(f"{self.path}: found no sentence to use, expected at least one{reasons}")

    def _first_line(self, file):
        """The first line that is not blank."""
        with contextlib.closing(file.lines(collections.Counter())) as lines:
            line = next((line for line in lines if line.strip(" \t\r\n")), None)
        if line is None:
            raise DataError(f"{self.path}: found blank lines only, expected labelled sentences")
        if _JSON_ARRAY.match(line):
            raise DataError(f"{self.path}: found a JSON array, expected JSON lines (one object per line)")
        return line

    def _find_layout(self, file):
        try:
            return find_layout(file.lines(collections.Counter()))
        except UncertainLayout as e:
            raise DataError(f"{self.path}:{e.line}: {e.problem}") from e

    def _detect_scheme(self, file, layout):
        problems, notes = Problems(self.path, self._on_bad_line), collections.Counter()
        sentences = read_sentences(file.lines(notes), layout, problems, notes, self._max_sentence_lines)
        return detect_scheme(sentence.tags for sentence in sentences)

    def _read_columns(self, file, layout, problems):
        source, target = self.source_scheme, self.scheme
        checked = {OUTSIDE: None}  # tag → its problem, if it has one
        for sentence in read_sentences(file.lines(self.notes), layout, problems, self.notes, self._max_sentence_lines):
            line, tokens, tags = sentence
            for tag in set(tags).difference(checked):
                checked[tag] = self._tag_problem(tag)
            position = next((t for t, tag in enumerate(tags) if checked[tag]), None)
            if position is not None:
                problems.report(line + position, checked[tags[position]])
                continue
            self._note_violations(sentence)
            if layout and layout.note:
                self.notes[layout.note] += len(tokens)
            text = "".join(tokens)
            if len(text) != len(tokens):
                self.notes["token of several characters"] += sum(len(token) > 1 for token in tokens)
                tags = [spread for token, tag in zip(tokens, tags) for spread in spread_tag(tag, len(token), source)]
            if source != target:
                tags = convert_scheme(tags, source, target)
            yield Example(text, tuple(tags), self.path, line)

    def _tag_problem(self, tag):
        """The :class:`Problem` of a tag that this file may not hold, else None."""
        try:
            label = split_tag(tag, self.source_scheme)[1]
        except DataError:
            given = "as the given scheme says" if self._given_scheme else "as in the rest of the file"
            return Problem("tag of another scheme", f"tag {tag!r}", f"{describe_scheme(self.source_scheme)} {given}")
        return self._label_problem(label)

    def _label_problem(self, label):
        if label is not None and (not label.isprintable() or " " in label):
            return Problem("label", f"label {label!r}", "a name without white space and control characters")
        if self._types is None or label in self._types:
            return None
        return Problem("unknown label", f"label {label!r}", f"one of {', '.join(sorted(self._types))}")

    def _note_violations(self, sentence):
        tags = sentence.tags
        for t in illegal_positions(tags, self.source_scheme):
            before = tags[t - 1] if t else "the start of the sentence"
            tag = tags[t] if t < len(tags) else "the end of the sentence"
            self.violations.append(Violation(self.path, sentence.line + min(t, len(tags) - 1), before, tag))

    def _read_json(self, file, problems):
        unit = find_unit(file.lines(collections.Counter()))
        for line, text, spans_tags in read_texts(file.lines(self.notes), problems, self.scheme, unit, self.notes):
            unknown = next((problem for problem in map(self._label_problem, _labels(spans_tags)) if problem), None)
            if unknown:
                problems.report(line, unknown)
            else:
                yield Example(text, tuple(spans_tags), self.path, line)


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
