"""JSON-lines files with spans: one object per line.

Two forms: that of CLUENER2020, ``{"text": …, "label": {type: {name: [[start, end], …]}}}`` with **inclusive** ends, and
``{"text": …, "entities": [{"start": …, "end": …, "label": …}, …]}`` with **exclusive** ends. Offsets count Unicode code points from 0.
"""

import json
from typing import NamedTuple

from ner.data.problems import Problem, invalid_utf8
from ner.tags import Span, tags_from_spans


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


def read_texts(lines, problems, scheme):
    """Labelled texts of a JSON-lines file, one after the other.

    Args:
      lines: iterable of lines, read with ``errors="surrogateescape"``.
      problems: a :class:`ner.data.problems.Problems`, told of each bad line.
      scheme: the scheme of the tags made from the spans.

    Yields:
      :class:`LabelledText`.
    """
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            text, spans = _parse(line)
            tags = tags_from_spans(spans, len(text), scheme)
        except _LineError as e:
            problems.report(number, e.problem)
        else:
            yield LabelledText(number, text, tags)


def detect_format(line):
    """``cluener`` or ``entities``, by the keys of a file's first object; ``entities`` when it cannot be read."""
    try:
        return "cluener" if "label" in json.loads(line) else "entities"
    except (ValueError, RecursionError):
        return "entities"


def _parse(line):
    problem = invalid_utf8(line)
    if problem:
        raise _LineError(*problem)
    try:
        values = json.loads(line)
    except json.JSONDecodeError as e:
        raise _not_json(f"{e.msg} at character {e.pos + 1}") from None
    except RecursionError:
        raise _not_json("nested too deeply") from None
    except ValueError:  # Python refuses to convert thousands of digits
        raise _not_json("a number too long") from None
    if not isinstance(values, dict):
        raise _LineError("not JSON", f"a JSON {_kind(values)}", "one JSON object per line")
    text = values.get("text")
    if not isinstance(text, str) or not text:
        raise _LineError("missing text", _describe(values, "text"), "a non-empty string")
    if any("\ud800" <= c <= "\udfff" for c in text):
        raise _LineError("invalid Unicode", "half of a surrogate pair in the text", "Unicode text")
    if "entities" in values:
        spans = list(_entity_spans(values["entities"], text))
    elif "label" in values:
        spans = list(_cluener_spans(values["label"], text))
    else:
        raise _LineError("missing label", f"the keys {', '.join(map(repr, values))}", "'text' with 'entities' or 'label'")
    spans.sort()
    for before, span in zip(spans, spans[1:]):
        if span.start < before.end:
            raise _LineError("overlapping spans", f"{_name(span, text)} overlapping {_name(before, text)}", "entities that do not overlap")
    return text, spans


def _not_json(detail):
    return _LineError("not JSON", f"a line that is not JSON ({detail})", "one JSON object per line")


def _entity_spans(entities, text):
    if not isinstance(entities, list):
        raise _LineError("structure", f"entities as a JSON {_kind(entities)}", "a list")
    for entity in entities:
        if not isinstance(entity, dict):
            raise _LineError("structure", f"an entity as a JSON {_kind(entity)}", "an object with start, end and label")
        for key in ("start", "end"):
            if not _is_offset(entity.get(key)):
                raise _LineError("structure", _describe(entity, key), "a whole number")
        if not isinstance(entity.get("label"), str):
            raise _LineError("structure", _describe(entity, "label"), "a string")
        yield _checked_span(Span(entity["start"], entity["end"], entity["label"]), entity.get("text"), text)


def _cluener_spans(label, text):
    expected = "{type: {name: [[start, end], …]}}"
    if not isinstance(label, dict) or not all(isinstance(names, dict) for names in label.values()):
        raise _LineError("structure", "a label of another form", expected)
    for label_type, names in label.items():
        for name, places in names.items():
            if not isinstance(places, list):
                raise _LineError("structure", f"places of {name!r} as a JSON {_kind(places)}", expected)
            for place in places:
                if not (isinstance(place, list) and len(place) == 2 and all(map(_is_offset, place))):
                    raise _LineError("structure", f"place {json.dumps(place)} of {name!r}", "[start, end] in whole numbers")
                yield _checked_span(Span(place[0], place[1] + 1, label_type), name, text)


def _checked_span(span, name, text):
    """The span, if it has a type, lies inside the text, and the text there is its name (when the file gives one)."""
    if not span.label or any(c.isspace() for c in span.label):
        raise _LineError("structure", f"entity type {span.label!r}", "a name without white space")
    if not 0 <= span.start < span.end <= len(text):
        expected = f"a non-empty span inside the text of {len(text)} characters"
        raise _LineError("span outside its text", f"{span.label} at [{span.start}, {span.end})", expected)
    if name is not None and name != text[span.start : span.end]:
        raise _LineError("span text", f"{_name(span, text)} named {name!r}", "the text at its offsets (Unicode code points)")
    return span


def _name(span, text):
    return f"{span.label} {text[span.start : span.end]!r} at [{span.start}, {span.end})"


def _is_offset(value):
    return isinstance(value, int) and not isinstance(value, bool)


def _describe(values, key):
    return f"{key!r}: {json.dumps(values[key], ensure_ascii=False)[:40]}" if key in values else f"no {key!r}"


def _kind(value):
    kinds = {list: "list", dict: "object", str: "string", bool: "boolean", type(None): "null"}
    return kinds.get(type(value), "number")
