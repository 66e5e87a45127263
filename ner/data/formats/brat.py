"""brat's standoff: a text in a file (.txt), its entities beside it (.ann): ``T1	PER 0 2	王明``.

A file is a document; each of its lines that is not blank is a sentence, and lines that an entity goes across are one. What is no entity
(relations, events, attributes, notes) is left out.
"""

import collections
import os
import re

from albert.files import atomic_write
from albert.foreign import kind_of_bytes, missing
from ner.data.examples import Details
from ner.data.formats.base import DataFormat, Opened, RawText, suffix_of
from ner.data.offsets import RawSpan, matches, places, readings
from ner.data.problems import LineError, Problem
from ner.errors import DataError

_MOST_BYTES = 1 << 28
_ENTITY = re.compile(r"([^ \t]+) ([0-9 ;]+)")
_FRAGMENT = re.compile(r"[0-9]{1,12} [0-9]{1,12}")
_OTHERS = "REAMN#*"  # relations, events, attributes, modifications, normalizations, notes, equivalences

NOTE_OTHER = "brat annotation other than an entity, left out"
NOTE_LINES = "entity across lines, which became one sentence"


class Brat(DataFormat):
    """The format of brat."""

    name = "brat"
    suffix = ""
    carries = frozenset({"documents", "lines", "spaces"})

    def open(self, head):
        """See the base; a directory with ``.ann`` files, an ``.ann`` file, or a ``.txt`` file beside one."""
        stems = documents(head.path)
        if not stems:
            return None

        def read(problems, notes):
            for stem in stems:
                yield from _read_document(stem, problems, notes)

        return Opened(self.name, read)

    def write(self, examples, path, scheme="BIO"):
        """Write a directory with a pair of files for each document; or, to a name that ends with .ann or .txt, one pair."""
        lost = collections.Counter()
        self.count_lost(examples, lost)
        if suffix_of(path) in (".ann", ".txt"):
            _write_document(os.path.splitext(path)[0], examples)
            return lost
        os.makedirs(path, exist_ok=True)
        found = {}
        for example in examples:
            found.setdefault(example.details.document, []).append(example)
        unnamed = found.pop("", [])
        for name, own in [*found.items(), *((f"{number:06}", [example]) for number, example in enumerate(unnamed, 1))]:
            _write_document(os.path.join(path, re.sub(r"[^\w.-]", "_", name) or "_"), own)
        return lost


def documents(path):
    """Paths, without suffix, of the documents at a path: a list, empty where it is no brat data."""
    if os.path.isdir(path):
        try:
            names = sorted(os.listdir(path))
        except OSError as e:
            raise DataError(f"{path}: cannot read the directory: {e.strerror}") from e
        return [os.path.join(path, name[:-4]) for name in names if name.endswith(".ann") and not name.startswith(".")]
    stem, suffix = os.path.splitext(path)
    if suffix == ".ann" or (suffix == ".txt" and os.path.isfile(f"{stem}.ann")):
        return [stem]
    return []


def _read(path, what):
    try:
        with open(path, "rb") as f:
            data = f.read(_MOST_BYTES + 1)
    except FileNotFoundError as e:
        raise DataError(f"{path}: {missing(path)}, expected {what}") from e
    except (OSError, ValueError) as e:
        raise DataError(f"{path}: cannot read {what}: {getattr(e, 'strerror', None) or e}") from e
    if len(data) > _MOST_BYTES:
        raise DataError(f"{path}: found more than {_MOST_BYTES >> 20} MB, expected {what}")
    kind = kind_of_bytes(data[:1024], len(data), texts=False)
    if kind:
        raise DataError(f"{path}: found {kind}, expected {what}")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as e:
        line, place = data.count(b"\n", 0, e.start) + 1, e.start - data.rfind(b"\n", 0, e.start)
        found = f"byte 0x{data[e.start]:02x} at byte {place} of the line"
        raise DataError(f"{path}:{line}: found {found}, expected UTF-8 text (convert the file)") from e


def _read_document(stem, problems, notes):
    """The sentences of a document; a bad entity, whose place is not known, leaves out all of them."""
    text, path = _read(f"{stem}.txt", "the text of a brat document"), f"{stem}.ann"
    lines, raw = [], []
    for number, line in enumerate(_read(path, "the entities of a brat document").split("\n"), 1):
        try:
            span = _parse(line.rstrip("\r"), text, notes)
        except LineError as e:
            problems.report(number, e.problem, path)
            return
        if span is not None:
            lines.append(number)
            raw.append(span)
    found = _find_unit(text, raw)
    for number, span, place in zip(lines, raw, found):
        if not matches(text, [span], [place]):
            there = f"{text[slice(*place)]!r} at" if place else "at"
            shown = f"{span.label} {there} [{span.start}, {span.end}) named {span.name!r} in a text of {len(text)} characters"
            problems.report(number, Problem("span text", shown, "the text at its offsets"), path)
            return
    placed = sorted(span._replace(start=start, end=end) for span, (start, end) in zip(raw, found))
    yield from _sentences(text, placed, os.path.basename(stem), notes)


def _find_unit(text, raw):
    """Places in code points: brat counts them, other writers of its format other units, which the entities' texts prove."""
    plain = places(text, raw, "Unicode code points")
    if matches(text, raw, plain):
        return plain
    return next((found for found in readings(text, raw).values() if matches(text, raw, found)), plain)


def _sentences(text, spans, name, notes):
    ends = [match.end() for match in re.finditer(r"\r?\n", text)] + [len(text)]
    start = line = before = 0
    waiting = list(spans)
    for number, end in enumerate(ends, 1):
        line = line or number
        own = [span for span in waiting if span.start < end]
        if any(span.end > end for span in own):
            notes[NOTE_LINES] += 1
            continue
        sentence = text[start:end].rstrip("\r\n")
        if sentence.strip() or own:
            # An entity may be white space alone, at the end.
            sentence = text[start : max(start + len(sentence), *(span.end for span in own), start)] if own else sentence
            shifted = [span._replace(start=span.start - start, end=span.end - start) for span in own]
            yield RawText(line, sentence, shifted, Details(document=name, before=text[before:start]))
            before = start + len(sentence)
        waiting = waiting[len(own) :]
        start, line = end, 0


def _parse(line, text, notes):
    """The :class:`ner.data.offsets.RawSpan` of a line, None where it is none."""
    if not line.strip():
        return None
    if line[0] in _OTHERS and "\t" in line:
        notes[NOTE_OTHER] += 1
        return None
    columns = line.split("\t")
    match = _ENTITY.fullmatch(columns[1]) if line[0] == "T" and len(columns) == 3 else None
    if not match:
        raise LineError("structure", f"{line[:80]!r}", "an entity: T1, a tab, TYPE START END, a tab and its text")
    fragments = match[2].split(";")
    if not all(map(_FRAGMENT.fullmatch, fragments)):
        raise LineError("structure", f"offsets {match[2]!r}", "START END in whole numbers")
    numbers = [tuple(map(int, fragment.split())) for fragment in fragments]
    start, end = numbers[0][0], numbers[-1][1]
    for (_, before), (after, _) in zip(numbers, numbers[1:]):
        # An entity across a line end is written in parts.
        if text[before:after].strip() or before > after:
            raise LineError("discontinuous entity", f"{match[1]} in parts, {match[2]}", "an entity of one part (join it, or leave it out)")
    name = columns[2]
    if start < end <= len(text) and re.sub(r"\s", " ", text[start:end]) == re.sub(r"\s", " ", name):
        name = text[start:end]
    elif len(fragments) > 1:
        name = text[start:end] if re.sub(r"\s+", " ", text[start:end]) == re.sub(r"\s+", " ", name) else name
    return RawSpan(start, end, match[1], name)


def _write_document(stem, examples):
    text, entities = [], []
    place = 0
    for number, example in enumerate(examples):
        before = example.details.before
        if number and "\n" not in before:
            before = "\n"
        text += [before, example.text]
        place += len(before)
        for start, end, label in example.spans():
            name = re.sub(r"[\t\r\n]", " ", example.text[start:end])
            entities.append(f"T{len(entities) + 1}\t{label} {place + start} {place + end}\t{name}\n")
        place += len(example.text)
    for suffix, parts in ((".txt", [*text, "\n"]), (".ann", entities)):
        with atomic_write(stem + suffix) as f:
            f.writelines(parts)


FORMAT = Brat()
