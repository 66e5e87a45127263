"""Objects with a text and its entities, as ``text`` (or ``data``) and in one of these forms.

* CLUENER2020: ``"label": {type: {name: [[start, end], …]}}`` with **inclusive** ends;
* entities: ``"entities": [{"start": …, "end": …, "label": …}, …]`` with **exclusive** ends, as all that follow;
* doccano, by its versions: ``"label"``, ``"labels"`` or ``"entities"`` with lists ``[start, end, label]``, or entities with
  ``start_offset`` and ``end_offset``;
* Label Studio's short form: ``"label"`` with objects whose type is in a list, ``"labels"``.

Offsets count Unicode code points from 0; for other units see :mod:`ner.data.offsets`. ``null`` for a list of entities is none.
"""

from albert.files import JsonError, json_kind, parse_json, show_json
from ner.data.examples import NO_DETAILS, Details
from ner.data.formats.base import Opened, RawText, numbered_lines, parsed
from ner.data.offsets import RawSpan
from ner.data.problems import LineError, invalid_utf8

_TEXT_KEYS = ("text", "data")
_SPAN_KEYS = ("entities", "label", "labels")
_OFFSET_KEYS = (("start", "end"), ("start_offset", "end_offset"))
_FORMS = (
    "'entities' or 'labels' with a list of objects with start, end and label or of lists [start, end, label] (doccano), "
    "or 'label' with {type: {name: [[start, end], …]}} (CLUENER)"
)
_CLUENER_FORM = "{type: {name: [[start, end], …]}}"


def open_lines(name, file):
    """A file of such objects, one a line, as an ``Opened`` of the format with this name."""

    def read(problems, notes):
        return parsed(lambda number, line: RawText(number, *parse_object(read_object(line))), numbered_lines(file, notes), problems)

    return Opened(name, read)


def detect_format(line):
    """``cluener``, ``doccano`` or ``entities``, by the keys of a file's first object; ``entities`` when it cannot be read."""
    values = peek(line)
    if isinstance(values.get("label"), dict):
        return "cluener"
    entities = values.get("entities")
    first = entities[0] if isinstance(entities, list) and entities else {}
    return "doccano" if values and ("entities" not in values or not isinstance(first, dict) or "start_offset" in first) else "entities"


def peek(line):
    """The object of a line; an empty one where it cannot be read."""
    try:
        return parse_json(line, allow_nan=True)
    except JsonError:
        return {}


def is_unlabelled(line):
    """True if a line is an object with a text and nothing that could hold entities, as in the published test sets of competitions."""
    values = peek(line)
    return isinstance(values.get("text"), str) and not any(isinstance(value, (list, dict)) and value for value in values.values())


def read_object(line):
    """The object of a line. Raises LineError."""
    problem = invalid_utf8(line)
    if problem:
        raise LineError(*problem)
    try:
        # pandas writes NaN for what is missing; no field that is read here may be one.
        return parse_json(line.rstrip("\r\n"), allow_nan=True, unique_keys=True)
    except JsonError as e:
        raise LineError("not JSON", e, "one JSON object per line") from None


def parse_object(values):
    """The text of an object, the list of its :class:`ner.data.offsets.RawSpan` and its ``Details``. Raises LineError."""
    key = next((key for key in _TEXT_KEYS if key in values), "text")
    text = values.get(key)
    if not isinstance(text, str) or not text:
        raise LineError("missing text", describe(values, key), "a non-empty string")
    given = [key for key in _SPAN_KEYS if key in values]
    if not given:
        raise LineError("missing label", f"the keys {', '.join(map(repr, values))}"[:200], f"'text' with {_FORMS}")
    if len(given) > 1:
        filled = [key for key in given if values[key]]
        if len(filled) > 1:
            raise LineError("structure", f"entities both in {filled[0]!r} and in {filled[1]!r}", "one of them")
        given = filled or given
    fields = {name: value for name, value in values.items() if name != key and name not in given}
    details = Details(fields=fields) if fields else NO_DETAILS
    return text, _spans(values[given[0]], given[0]), details


def _spans(entities, key):
    if entities is None:
        return []
    if isinstance(entities, dict) and key == "label":
        return list(_cluener_spans(entities))
    if not isinstance(entities, list):
        raise LineError("structure", f"{key} as a JSON {json_kind(entities)}", f"a list, or {_FORMS}")
    return [span for entity in entities for span in parse_entity(entity)]


def parse_entity(entity):
    """The :class:`ner.data.offsets.RawSpan` of an entity, a list or an object: one for each of its types. Raises LineError."""
    if isinstance(entity, list):
        if not (len(entity) == 3 and _is_offset(entity[0]) and _is_offset(entity[1]) and isinstance(entity[2], str)):
            raise LineError("structure", f"an entity {show_json(entity)}", "[start, end, label] with whole numbers and a string")
        return [_checked(RawSpan(*entity))]
    if not isinstance(entity, dict):
        raise LineError("structure", f"an entity as a JSON {json_kind(entity)}", f"an object with start, end and label; known are {_FORMS}")
    keys = next((keys for keys in _OFFSET_KEYS if keys[0] in entity or keys[1] in entity), _OFFSET_KEYS[0])
    for key in keys:
        if not _is_offset(entity.get(key)):
            raise LineError("structure", describe(entity, key), "a whole number")
    key = next((key for key in ("label", "type", "labels") if key in entity), "label")
    labels = entity.get(key)
    if key != "labels":
        labels = [labels]
    elif not isinstance(labels, list) or not labels:
        raise LineError("structure", describe(entity, key), "a list of strings")
    if not all(isinstance(label, str) for label in labels):
        raise LineError("structure", describe(entity, key), "a string")
    return [_checked(RawSpan(entity[keys[0]], entity[keys[1]], label, entity.get("text"))) for label in labels]


def _cluener_spans(label):
    if not all(isinstance(names, dict) for names in label.values()):
        raise LineError("structure", "a label of another form", _CLUENER_FORM)
    for label_type, names in label.items():
        for name, name_places in names.items():
            if not isinstance(name_places, list):
                raise LineError("structure", f"places of {name!r} as a JSON {json_kind(name_places)}", _CLUENER_FORM)
            for place in name_places:
                if not (isinstance(place, list) and len(place) == 2 and all(map(_is_offset, place))):
                    raise LineError("structure", f"place {show_json(place)} of {name!r}", "[start, end] in whole numbers")
                yield _checked(RawSpan(place[0], place[1] + 1, label_type, name))


def _checked(span):
    if not span.label.strip():
        raise LineError("structure", f"entity type {span.label[:40]!r}", "a name without white space and control characters")
    return span


def _is_offset(value):
    return isinstance(value, int) and not isinstance(value, bool)


def describe(values, key):
    """A key and its value for a message: ``'end': "x"``, or that there is none."""
    return f"{key!r}: {show_json(values[key])}" if key in values else f"no {key!r}"
