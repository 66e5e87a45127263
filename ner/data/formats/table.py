"""Tables with a header, separated by commas or tabs (a semicolon is read too), as spreadsheets and pandas write them.

The names of the columns tell what a row is:

* a token and its tag (``word`` or ``token``, ``tag``); a column such as ``sentence_id`` numbers the sentences, or blank lines end them;
* a text and its entities in JSON (``text``, ``entities`` or ``label``), as Label Studio's CSV export has them, too;
* a text and its tags, separated by spaces (``text``, ``labels``);
* a text and one of its entities (``text``, ``start``, ``end``, ``label``).
"""

import collections
import csv
import io
from typing import NamedTuple, Optional

from albert.files import JsonError, parse_json, show_json, to_json
from albert.text_file import invalid_byte
from ner.data.columns import Sentence
from ner.data.examples import NO_DETAILS, Details
from ner.data.formats.base import DataFormat, Opened, RawText, entity_objects, suffix_of
from ner.data.json_lines import parse_object
from ner.data.offsets import RawSpan
from ner.data.problems import LineError, Problem, Problems
from ner.errors import DataError
from ner.tags import looks_like_tag

_TEXTS = ("text", "sentence", "content", "data")
_TOKENS = ("token", "word", "char", "character")
_TAGS = ("tag", "ner_tag", "ner", "bio", "label")
_ENTITIES = ("entities", "spans", "label", "labels", "tags", "ner_tags", "annotations")
_TYPES = ("label", "type", "entity_type")
_SENTENCES = ("sentence #", "sentence_id", "sentence_idx", "sent_id", "sentence_number", "sentence")
_EXPECTED = "a header such as text,entities or token,tag or text,start,end,label"


class Columns(NamedTuple):
    """Numbers of the columns that are read, None for those that are not there."""

    names: list
    text: Optional[int] = None
    token: Optional[int] = None
    tag: Optional[int] = None
    sentence: Optional[int] = None
    entities: Optional[int] = None
    start: Optional[int] = None
    end: Optional[int] = None


class Table(DataFormat):
    """A table with a header.

    Args:
      name: its name.
      delimiter: between columns, where it is written.
    """

    carries = frozenset({"fields", "lines", "spaces"})

    def __init__(self, name, delimiter):
        self.name, self.suffix, self._delimiter = name, f".{name}", delimiter

    def open(self, head):
        """See the base; the names of the columns show it, and a name that ends with .csv asks for them."""
        delimiter = _delimiter(head.line)
        asked = suffix_of(head.path) == ".csv" and self.name == "csv"
        if (delimiter == "\t") != (self.name == "tsv") and not asked:
            return None
        columns = _columns(head.line, delimiter) if delimiter else None
        if columns is None:
            if asked:
                raise DataError(f"{head.path}:{head.number}: found {head.line.strip()[:80]!r}, expected {_EXPECTED}")
            return None
        if columns.token is not None:
            return Opened(self.name, lambda problems, notes: _tokens(head, delimiter, columns, problems, notes), tagged=True)
        if columns.start is not None:
            return Opened(self.name, lambda problems, notes: _entity_rows(head, delimiter, columns, problems, notes))
        tagged = _has_tags(head, delimiter, columns)
        read = _tag_rows if tagged else _text_rows
        return Opened(self.name, lambda problems, notes: read(head, delimiter, columns, problems, notes), tagged=tagged)

    def lines(self, examples, scheme, lost):
        """The header; and a row with the fields, text and entities of each example."""
        all_names = [name for example in examples for name in example.details.fields]
        names = [name for name in dict.fromkeys(all_names) if name.strip().lower() not in _RESERVED]
        lost.update(f"field {name!r} left out" for name in all_names if name not in names)
        buffer = io.StringIO()
        writer = csv.writer(buffer, delimiter=self._delimiter, lineterminator="\n")
        writer.writerow([*(name.translate(_HALVES) for name in names), "text", "entities"])
        for example in examples:
            fields = [example.details.fields.get(name, "") for name in names]
            fields = [field.translate(_HALVES) if isinstance(field, str) else to_json(field) for field in fields]
            writer.writerow([*fields, example.text, to_json(entity_objects(example))])
            yield buffer.getvalue()
            buffer.seek(0)
            buffer.truncate()


# Halves of surrogate pairs, which no UTF-8 file can hold.
_HALVES = dict.fromkeys(range(0xD800, 0xE000), "\ufffd")
# Names that would be taken for others when the table is read.
_RESERVED = {*_TEXTS, *_ENTITIES, *_TOKENS, *_TAGS, "start", "end"}


def _delimiter(line):
    return next((delimiter for delimiter in "\t,;" if delimiter in line), None)


def _columns(line, delimiter):
    """The :class:`Columns` of a header, None where it is none."""
    if invalid_byte(line):
        return None
    try:
        names = next(csv.reader([line.rstrip("\r\n")], delimiter=delimiter, strict=True))
    except (csv.Error, StopIteration):
        return None
    lowered = [name.strip().lower() for name in names]

    def find(known):
        return next((lowered.index(name) for name in known if name in lowered), None)

    token, text = find(_TOKENS), find(_TEXTS)
    tag = find(_TAGS)
    if token is not None and tag is not None:
        return Columns(names, token=token, tag=tag, sentence=find(_SENTENCES))
    if text is None:
        return None
    kind = find(_TYPES)
    if "start" in lowered and "end" in lowered and kind is not None:
        return Columns(names, text, tag=kind, start=lowered.index("start"), end=lowered.index("end"))
    entities = find(_ENTITIES)
    return None if entities is None else Columns(names, text, entities=entities)


def _rows(head, delimiter, columns, problems, notes):
    """(line, cells) of each row after the header; those that cannot be taken apart are reported, blank ones are (line, None)."""
    lines = head.file.lines(notes)
    for _ in range(head.number):
        next(lines)
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    while True:
        number = head.number + reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as e:
            problems.report(number, Problem("columns", f"a row that cannot be taken apart ({e})", "cells with quotes where they need them"))
            continue
        if not any(cells):
            yield number, None
            continue
        invalid = next((place for place, cell in enumerate(cells) if invalid_byte(cell)), None)
        if len(cells) != len(columns.names):
            problems.report(number, Problem("columns", f"{len(cells)} columns", f"{len(columns.names)} as in the header"))
        elif invalid is not None:
            byte = invalid_byte(cells[invalid])[0]
            found = f"byte 0x{byte:02x} in column {columns.names[invalid]!r}"
            problems.report(number, Problem("invalid UTF-8", found, "UTF-8 text (convert the file from its encoding, such as GB18030)"))
        else:
            yield number, cells


def _details(cells, columns):
    used = {columns.text, columns.token, columns.tag, columns.sentence, columns.entities, columns.start, columns.end}
    fields = {name: cell for place, (name, cell) in enumerate(zip(columns.names, cells)) if place not in used}
    return Details(fields=fields) if fields else NO_DETAILS


def _tokens(head, delimiter, columns, problems, notes):
    """A token a row."""
    line, tokens, tags, key, bad = 0, [], [], None, False

    def sentence():
        words = tuple(map(len, tokens)) if any(len(token) > 1 for token in tokens) else ()
        return Sentence(line, tokens, tags, Details(words=words) if words else NO_DETAILS)

    for number, cells in _rows(head, delimiter, columns, problems, notes):
        own = cells[columns.sentence] if cells and columns.sentence is not None else ""
        if cells is None or (own and own != key):
            if tokens and not bad:
                yield sentence()
            line, tokens, tags, bad = 0, [], [], False
            key = own or None
            if cells is None:
                continue
        token, tag = cells[columns.token], cells[columns.tag].strip()
        problem = None
        if not token:
            problem = Problem("missing character", f"nothing in column {columns.names[columns.token]!r}", "a character or word")
        elif not looks_like_tag(tag):
            problem = Problem("not a tag", f"{tag!r} in column {columns.names[columns.tag]!r}", "a tag such as O or B-PER")
        elif len(tokens) >= _MOST_TOKENS:
            problem = Problem(
                "sentence without end", f"a sentence of more than {_MOST_TOKENS} rows", "a column sentence_id, or a blank line after each"
            )
        if problem and not bad:
            problems.report(number, problem)
        bad = bad or bool(problem)
        line = line or number
        if not bad:
            tokens.append(token)
            tags.append(tag)
    if tokens and not bad:
        yield sentence()


_MOST_TOKENS = 10_000


def _text_rows(head, delimiter, columns, problems, notes):
    """A text and its entities a row."""
    key = columns.names[columns.entities]
    for number, cells in _rows(head, delimiter, columns, problems, notes):
        if cells is None:
            continue
        try:
            text, cell = cells[columns.text], cells[columns.entities]
            try:
                entities = parse_json(cell, kind=None, allow_nan=True, unique_keys=True) if cell.strip() else []
            except JsonError as e:
                raise LineError("not JSON", f"{e} in column {key!r}", "a list of entities as JSON, or tags separated by spaces") from None
            kind = "label" if isinstance(entities, dict) else "entities"
            text, spans, _ = parse_object({"text": text, kind: entities})
            yield RawText(number, text, spans, _details(cells, columns))
        except LineError as e:
            problems.report(number, e.problem)


def _has_tags(head, delimiter, columns):
    """True if the first row with something in its column of entities has tags there."""
    for _, cells in _rows(head, delimiter, columns, Problems(head.path, "skip"), collections.Counter()):
        if cells and cells[columns.entities].strip():
            return all(map(looks_like_tag, cells[columns.entities].split()))
    return False


def _tag_rows(head, delimiter, columns, problems, notes):
    """A text and its tags a row."""
    for number, cells in _rows(head, delimiter, columns, problems, notes):
        if cells is None:
            continue
        text, tags = cells[columns.text], cells[columns.entities].split()
        words = text.split()
        tokens = words if len(words) == len(tags) else list(text) if len(text) == len(tags) else None
        wrong = next((tag for tag in tags if not looks_like_tag(tag)), None)
        if not tags or not text.strip():
            missing = columns.names[columns.text if tags else columns.entities]
            reason = "missing text" if tags else "missing label"
            problems.report(number, Problem(reason, f"nothing in column {missing!r}", "a text and its tags"))
        elif wrong is not None:
            found = f"{wrong!r} in column {columns.names[columns.entities]!r}"
            problems.report(number, Problem("not a tag", found, "a tag such as O or B-PER"))
        elif tokens is None:
            found = f"{len(tags)} tags for {len(text)} characters and {len(words)} words"
            problems.report(number, Problem("structure", found, "a tag for each character, or for each word between spaces"))
        else:
            details = _details(cells, columns)
            if any(len(token) > 1 for token in tokens):
                details = Details(fields=details.fields, words=tuple(map(len, tokens)))
            yield Sentence(number, tokens, tags, details)


def _entity_rows(head, delimiter, columns, problems, notes):
    """An entity a row; the rows of a text follow one another."""
    before, line, spans, bad = None, 0, [], False

    def text():
        return RawText(line, before[0], spans, _details(before[1], columns))

    for number, cells in _rows(head, delimiter, columns, problems, notes):
        if cells is None:
            continue
        if before is None or cells[columns.text] != before[0]:
            if before is not None and not bad:
                yield text()
            before, line, spans, bad = (cells[columns.text], cells), number, [], False
        problem, span = _span(cells, columns)
        if problem and not bad:
            problems.report(number, problem)
        bad = bad or bool(problem)
        spans += [span] if span else []
    if before is not None and not bad:
        yield text()


def _span(cells, columns):
    """(problem, :class:`ner.data.offsets.RawSpan`) of a row; a row without offsets is a text without entities."""
    start, end, label = (cells[place].strip() for place in (columns.start, columns.end, columns.tag))
    if not cells[columns.text]:
        return Problem("missing text", f"nothing in column {columns.names[columns.text]!r}", "a text"), None
    if not start and not end and not label:
        return None, None
    for name, value in (("start", start), ("end", end)):
        if not (value.isascii() and value.isdigit() and len(value) < 12):
            return Problem("structure", f"{show_json(value)} in column {name!r}", "a whole number"), None
    if not label:
        return Problem("structure", f"nothing in column {columns.names[columns.tag]!r}", "an entity type"), None
    return None, RawSpan(int(start), int(end), label)


CSV = Table("csv", ",")
TSV = Table("tsv", "\t")
