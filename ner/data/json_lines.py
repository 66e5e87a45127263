"""JSON-lines files with spans: one object per line, with the text as ``text`` (or ``data``) and its entities in one of these forms.

* CLUENER2020: ``"label": {type: {name: [[start, end], …]}}`` with **inclusive** ends;
* entities: ``"entities": [{"start": …, "end": …, "label": …}, …]`` with **exclusive** ends, as all that follow;
* doccano, by its versions: ``"label"``, ``"labels"`` or ``"entities"`` with lists ``[start, end, label]``, or entities with
  ``start_offset`` and ``end_offset``.

Offsets count Unicode code points from 0; for other units see :mod:`ner.data.offsets`. ``null`` for a list of entities is none.
"""

from typing import NamedTuple

from albert.files import JsonError, json_kind, parse_json, show_json
from ner.data.offsets import CODE_POINTS, UNITS, RawSpan, UnitSurvey, matches, places
from ner.data.problems import Problem, invalid_utf8
from ner.tags import Span, tags_from_spans

# Lines from which the unit of a file's offsets is told.
_SURVEYED = 10_000

_TEXT_KEYS = ("text", "data")
_SPAN_KEYS = ("entities", "label", "labels")
_OFFSET_KEYS = (("start", "end"), ("start_offset", "end_offset"))
_FORMS = (
    "'entities' or 'labels' with a list of objects with start, end and label or of lists [start, end, label] (doccano), "
    "or 'label' with {type: {name: [[start, end], …]}} (CLUENER)"
)
_CLUENER_FORM = "{type: {name: [[start, end], …]}}"

NOTE_TWICE = "entity given twice, read once"


class LabelledText(NamedTuple):
    """One line: the text and its T tags in the scheme asked for."""

    line: int
    text: str
    tags: list


class _LineError(Exception):
    """Carries the :class:`Problem` of a line out of the functions that take it apart."""

    def __init__(self, reason, found, expected):
        super().__init__(found)
        self.problem = Problem(reason, found, expected)


class OffsetUnit(NamedTuple):
    """``name`` of the unit that a file's offsets count, and those of ``suspects``, a frozenset, that they may count instead."""

    name: str = CODE_POINTS
    suspects: frozenset = frozenset()


def read_texts(lines, problems, scheme, unit, notes):
    """Labelled texts of a JSON-lines file, one after the other.

    Args:
      lines: iterable of lines, read with ``errors="surrogateescape"``.
      problems: a :class:`ner.data.problems.Problems`, told of each bad line.
      scheme: the scheme of the tags made from the spans.
      unit: the file's :class:`OffsetUnit`.
      notes: Counter to which harmless oddities are added.

    Yields:
      :class:`LabelledText`.
    """
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            text, raw = _parse(line)
            spans = _without_overlaps(_locate(text, raw, unit, notes), text, notes)
        except _LineError as e:
            problems.report(number, e.problem)
        else:
            yield LabelledText(number, text, tags_from_spans(spans, len(text), scheme))


def find_unit(lines):
    """The :class:`OffsetUnit` of a file by its first lines; what is wrong in them is not told here."""
    survey = UnitSurvey()
    for number, line in enumerate(lines):
        if number == _SURVEYED:
            break
        try:
            survey.add(*_parse(line))
        except _LineError:
            continue
    return OffsetUnit(survey.unit(), survey.suspects())


def detect_format(line):
    """``cluener``, ``doccano`` or ``entities``, by the keys of a file's first object; ``entities`` when it cannot be read."""
    try:
        values = parse_json(line, allow_nan=True)
    except JsonError:
        return "entities"
    if isinstance(values.get("label"), dict):
        return "cluener"
    entities = values.get("entities")
    first = entities[0] if isinstance(entities, list) and entities else {}
    return "entities" if "entities" in values and isinstance(first, dict) and "start_offset" not in first else "doccano"


def is_unlabelled(line):
    """True if a line is an object with a text and nothing that could hold entities, as in the published test sets of competitions."""
    try:
        values = parse_json(line, allow_nan=True)
    except JsonError:
        return False
    return isinstance(values.get("text"), str) and not any(isinstance(value, (list, dict)) and value for value in values.values())


def _parse(line):
    """The text of a line and the list of its :class:`RawSpan`."""
    problem = invalid_utf8(line)
    if problem:
        raise _LineError(*problem)
    try:
        # pandas writes NaN for what is missing; no field that is read here may be one.
        values = parse_json(line.rstrip("\r\n"), allow_nan=True, unique_keys=True)
    except JsonError as e:
        raise _LineError("not JSON", e, "one JSON object per line") from None
    key = next((key for key in _TEXT_KEYS if key in values), "text")
    text = values.get(key)
    if not isinstance(text, str) or not text:
        raise _LineError("missing text", _describe(values, key), "a non-empty string")
    if any("\ud800" <= c <= "\udfff" for c in text):
        raise _LineError("invalid Unicode", "half of a surrogate pair in the text", "Unicode text")
    given = [key for key in _SPAN_KEYS if key in values]
    if not given:
        raise _LineError("missing label", f"the keys {', '.join(map(repr, values))}"[:200], f"'text' with {_FORMS}")
    if len(given) > 1:
        filled = [key for key in given if values[key]]
        if len(filled) > 1:
            raise _LineError("structure", f"entities both in {filled[0]!r} and in {filled[1]!r}", "one of them")
        given = filled or given
    entities = values[given[0]]
    if entities is None:
        return text, []
    if isinstance(entities, dict) and given[0] == "label":
        return text, list(_cluener_spans(entities))
    if not isinstance(entities, list):
        raise _LineError("structure", f"{given[0]} as a JSON {json_kind(entities)}", f"a list, or {_FORMS}")
    return text, [_listed_span(entity) if isinstance(entity, list) else _entity_span(entity) for entity in entities]


def _listed_span(entity):
    if not (len(entity) == 3 and _is_offset(entity[0]) and _is_offset(entity[1]) and isinstance(entity[2], str)):
        raise _LineError("structure", f"an entity {show_json(entity)}", "[start, end, label] with whole numbers and a string")
    return _checked(RawSpan(*entity))


def _entity_span(entity):
    if not isinstance(entity, dict):
        raise _LineError(
            "structure", f"an entity as a JSON {json_kind(entity)}", f"an object with start, end and label; known are {_FORMS}"
        )
    keys = next((keys for keys in _OFFSET_KEYS if keys[0] in entity or keys[1] in entity), _OFFSET_KEYS[0])
    for key in keys:
        if not _is_offset(entity.get(key)):
            raise _LineError("structure", _describe(entity, key), "a whole number")
    key = "type" if "label" not in entity and "type" in entity else "label"
    if not isinstance(entity.get(key), str):
        raise _LineError("structure", _describe(entity, key), "a string")
    return _checked(RawSpan(entity[keys[0]], entity[keys[1]], entity[key], entity.get("text")))


def _cluener_spans(label):
    if not all(isinstance(names, dict) for names in label.values()):
        raise _LineError("structure", "a label of another form", _CLUENER_FORM)
    for label_type, names in label.items():
        for name, name_places in names.items():
            if not isinstance(name_places, list):
                raise _LineError("structure", f"places of {name!r} as a JSON {json_kind(name_places)}", _CLUENER_FORM)
            for place in name_places:
                if not (isinstance(place, list) and len(place) == 2 and all(map(_is_offset, place))):
                    raise _LineError("structure", f"place {show_json(place)} of {name!r}", "[start, end] in whole numbers")
                yield _checked(RawSpan(place[0], place[1] + 1, label_type, name))


def _checked(span):
    if not span.label or not span.label.isprintable() or " " in span.label:
        raise _LineError("structure", f"entity type {span.label[:40]!r}", "a name without white space and control characters")
    return span


def _locate(text, raw, unit, notes):
    """The :class:`Span` of each entity, in code points; those of several units whose entities' texts prove another one converted."""
    used, found = unit.name, places(text, raw, unit.name)
    if not matches(text, raw, found) and any(span.name is not None for span in raw):
        for other in UNITS:
            there = places(text, raw, other)
            if matches(text, raw, there):
                used, found = other, there
                break
    if not matches(text, raw, found):
        raise _misplaced(text, raw, found, unit)
    if used != CODE_POINTS and found != [(span.start, span.end) for span in raw]:
        notes[f"text whose offsets count {used}, converted"] += 1
    if any(span.name is None for span in raw):
        for other in unit.suspects:
            there = places(text, raw, other)
            if there != found and matches(text, raw, there):
                notes[f"text whose offsets may count {other} and not {used}: no entity has its text, which would prove it"] += 1
    return [Span(*place, span.label) for place, span in zip(found, raw)]


def _misplaced(text, raw, found, unit):
    """The error of the first entity that is not where it should be."""
    hint = next((f"; {other} would fit" for other in unit.suspects if matches(text, raw, places(text, raw, other))), "")
    span, place = next((s, p) for s, p in zip(raw, found) if not p or (s.name is not None and text[p[0] : p[1]] != s.name))
    if not place:
        size = f"{len(text)} characters" if unit.name == CODE_POINTS else f"{len(text)} characters, counted in {unit.name}"
        where = f"{span.label} at [{_short(span.start)}, {_short(span.end)})"
        return _LineError("span outside its text", where, f"a non-empty span inside the text of {size}{hint}")
    named = f"{_name(Span(*place, span.label), text)} named {show_json(span.name) if not isinstance(span.name, str) else repr(span.name)}"
    return _LineError("span text", named, f"the text at its offsets ({unit.name}){hint}")


def _without_overlaps(spans, text, notes):
    """The different spans in their order. Raises _LineError where two overlap."""
    different = sorted(set(spans))
    if len(different) < len(spans):
        notes[NOTE_TWICE] += len(spans) - len(different)
    for before, span in zip(different, different[1:]):
        if span.start < before.end:
            raise _LineError("overlapping spans", f"{_name(span, text)} overlapping {_name(before, text)}", "entities that do not overlap")
    return different


def _name(span, text):
    return f"{span.label} {text[span.start : span.end]!r} at [{span.start}, {span.end})"


def _is_offset(value):
    return isinstance(value, int) and not isinstance(value, bool)


def _short(number):
    digits = str(number)
    return digits if len(digits) <= 20 else f"{digits[:9]}…"


def _describe(values, key):
    return f"{key!r}: {show_json(values[key])}" if key in values else f"no {key!r}"
