"""Label Studio's JSON and JSON-MIN: an array of tasks. Its offsets count UTF-16 units, as JavaScript does.

A task is ``{"data": {"text": …}, "annotations": [{"result": [{"type": "labels", "value": {"start", "end", "text", "labels"}}]}]}``, in the
short form ``{"text": …, "label": [{"start", "end", "text", "labels"}]}``. Other arrays of objects with a text and entities are read too.
"""

import itertools
import json
import re

from albert.files import JsonError, json_kind, parse_json, show_json, to_json
from albert.text_file import invalid_byte
from ner.data.examples import Details
from ner.data.formats.base import DataFormat, Opened, RawText, parsed
from ner.data.json_lines import describe, parse_entity, parse_object
from ner.data.offsets import UTF16, units_before
from ner.data.problems import LineError, Problem, invalid_utf8
from ner.errors import DataError

# How the first line of a file shows that it is a JSON array; "[" may also be a character in its first column.
_ARRAY = re.compile(r"\s*\[\s*([\[{]|\]\s*$|$)")
_TASK_KEYS = ("annotations", "completions")
_MOST_CHARACTERS = 1 << 29
_SPACE = re.compile(r"[ \t\r\n]*")

NOTE_RESULT = "Label Studio result other than an entity, left out"


class LabelStudio(DataFormat):
    """The format of Label Studio."""

    name = "label-studio"
    suffix = ".json"
    carries = frozenset({"fields", "lines", "spaces"})

    def open(self, head):
        """See the base; any array of objects."""
        if not _ARRAY.match(head.line):
            return None

        def read(problems, notes):
            return parsed(lambda line, value: RawText(line, *parse_task(value, notes)), _values(head, notes), problems)

        return Opened(self.name, read)

    def lines(self, examples, scheme, lost):
        """The parts of an array of tasks."""
        for number, example in enumerate(examples):
            scored = [(span, None) for span in example.spans()]
            yield (",\n" if number else "[\n") + to_json(task(example.text, scored, example.details.fields))
        yield "\n]\n"


def task(text, scored, fields, predicted=False):
    """A task as Label Studio imports it, JSON-ready.

    Args:
      text: the text.
      scored: list of (``Span``, score or None).
      fields: dict of the other fields of its data; ``id`` is the task's.
      predicted: whether the entities are a prediction, for an annotator to accept, and no annotation.
    """
    units = units_before(text, UTF16)
    result = [
        {
            "id": f"{start}-{end}-{label}",
            "from_name": "label",
            "to_name": "text",
            "type": "labels",
            "value": {"start": units[start], "end": units[end], "text": text[start:end], "labels": [label]},
            **({} if score is None else {"score": round(score, 6)}),
        }
        for (start, end, label), score in scored
    ]
    data = {name: value for name, value in fields.items() if name not in ("id", "text")}
    identity = {"id": fields["id"]} if "id" in fields else {}
    return {**identity, "data": {"text": text, **data}, "predictions" if predicted else "annotations": [{"result": result}]}


def parse_task(value, notes):
    """Text, entities and details of a task in one of the forms. Raises LineError."""
    if not isinstance(value, dict):
        raise LineError("structure", f"a JSON {json_kind(value)}", "an object with a text and its entities")
    key = next((key for key in _TASK_KEYS if key in value), None)
    if not isinstance(value.get("data"), dict) and key is None:
        return parse_object(value)
    text, fields = _text_of(value.get("data"))
    if "id" in value:
        fields["id"] = value["id"]
    if key is None:
        raise LineError("missing label", "a task without 'annotations'", "an annotated task (export those alone)")
    annotations = value[key]
    if not isinstance(annotations, list) or not all(isinstance(annotation, dict) for annotation in annotations):
        raise LineError("structure", describe(value, key), "a list of objects")
    readings = [_spans_of(annotation, text, notes) for annotation in annotations if annotation.get("was_cancelled") is not True]
    if not readings:
        raise LineError("missing label", "a task without annotations", "an annotated task (export those alone)")
    if any(sorted(reading) != sorted(readings[0]) for reading in readings):
        raise LineError("structure", f"{len(readings)} annotations of a task that differ", "one (choose it in Label Studio)")
    return text, readings[0], Details(fields=fields)


def _text_of(data):
    if not isinstance(data, dict):
        raise LineError("structure", f"data as a JSON {json_kind(data)}", "an object with the text")
    strings = [key for key, value in data.items() if isinstance(value, str)]
    key = "text" if "text" in data else strings[0] if len(strings) == 1 else None
    if key is None or not isinstance(data[key], str) or not data[key]:
        found = describe(data, "text") if key else f"data with the keys {', '.join(map(repr, data))}"[:200]
        raise LineError("missing text", found, "a non-empty string as 'text'")
    return data[key], {name: value for name, value in data.items() if name != key}


def _spans_of(annotation, text, notes):
    results = annotation.get("result")
    if not isinstance(results, list) or not all(isinstance(result, dict) for result in results):
        raise LineError("structure", describe(annotation, "result"), "a list of objects")
    spans = []
    for result in results:
        value = result.get("value")
        if result.get("type") == "hypertextlabels":
            raise LineError("structure", "an entity in HTML (hypertextlabels)", "entities in plain text (Label Studio's <Text>)")
        if result.get("type") != "labels":
            notes[NOTE_RESULT] += 1
        elif not isinstance(value, dict):
            raise LineError("structure", f"a value {show_json(value)}", "an object with start, end, text and labels")
        else:
            spans += parse_entity({key: value[key] for key in ("start", "end", "text", "labels") if key in value})
    return spans


def _values(head, notes):
    """(line, value) of each element of the array. Raises DataError where it is not one."""
    parts = list(itertools.islice(head.file.lines(notes), 1 << 24))
    content = "".join(parts)
    if len(content) > _MOST_CHARACTERS:
        raise DataError(f"{head.path}: found a JSON array of more than {_MOST_CHARACTERS >> 20} million characters, expected parts of it")
    byte = invalid_byte(content)
    if byte:
        line, problem = next((n, p) for n, p in enumerate(map(invalid_utf8, parts), 1) if p)
        raise DataError(f"{head.path}:{line}: {problem}")
    decoder = json.JSONDecoder(object_pairs_hook=_unique)
    place, line, counted = _skip(content, content.index("[") + 1), 1, 0
    while True:
        if content[place : place + 1] == "]":
            break
        line += content.count("\n", counted, place)
        counted = place
        try:
            end = _skip(content, decoder.raw_decode(content, place)[1])
            # With the limits on numbers and depth that all JSON has here.
            value = parse_json(content[place:end], kind=None, allow_nan=True, unique_keys=True)
        except (json.JSONDecodeError, RecursionError, ValueError) as e:
            raise _invalid(head, content, place, e) from None
        yield line, value
        place = end
        if content[place : place + 1] == ",":
            place = _skip(content, place + 1)
        elif content[place : place + 1] != "]":
            raise _invalid(head, content, place, None)
    rest = _skip(content, place + 1)
    if rest < len(content):
        raise _invalid(head, content, rest, None)


def _unique(pairs):
    # Nothing of the value is used: parse_json reads it again.
    return None


def _skip(content, place):
    return _SPACE.match(content, place).end()


def _invalid(head, content, place, error):
    if isinstance(error, json.JSONDecodeError):
        place = error.pos
    line, column = content.count("\n", 0, place) + 1, place - (content.rfind("\n", 0, place) + 1) + 1
    if isinstance(error, json.JSONDecodeError):
        found = f"invalid JSON ({error.msg} at character {column})"
    elif isinstance(error, JsonError):
        found = str(error)
    elif isinstance(error, RecursionError):
        found = "invalid JSON (nested too deeply)"
    elif error is not None:
        found = "invalid JSON (a number too long)"
    else:
        found = f"invalid JSON ({content[place : place + 1]!r} at character {column})" if place < len(content) else "the end of the file"
    return DataError(f"{head.path}:{line}: {Problem('not JSON', found, 'a JSON array of tasks')}")


FORMAT = LabelStudio()
