"""Corrections of an annotation: JSON lines that somebody looked through, setting ``accept`` to true where they agree.

``{"accept": true, "text": …, "remove": {"start", "end", "label"}, "add": {"start", "end", "label"}}``, in which one of the last two may be
null. ``albert-ner lint`` proposes them.
"""

import collections
import dataclasses
from collections.abc import Sequence

from albert.files import show_json
from albert.text_file import TextFile
from ner.data.examples import Example
from ner.data.json_lines import parse_entity, read_object
from ner.data.problems import LineError
from ner.errors import DataError
from ner.tags import Span, tags_from_spans


@dataclasses.dataclass(frozen=True)
class Correction:
    """An accepted correction: in sentences with this text, the entities to remove and to add."""

    text: str
    remove: tuple
    add: tuple
    line: int


def read_corrections(path: str) -> list[Correction]:
    """The accepted corrections of a file. Raises DataError with the line of the first that is none."""
    found = []
    for number, line in enumerate(TextFile(path, "corrections", DataError).lines(collections.Counter()), 1):
        if not line.strip():
            continue
        try:
            values = read_object(line)
            if not isinstance(values.get("accept"), bool):
                raise LineError("", f"accept: {show_json(values.get('accept'))}", "true or false")
            if not isinstance(values.get("text"), str):
                raise LineError("", f"text: {show_json(values.get('text'))}", "a string")
            remove, add = ([Span(*span[:3]) for span in parse_entity(values[key])] if values.get(key) else [] for key in ("remove", "add"))
        except LineError as e:
            raise DataError(f"{path}:{number}: {e.problem}") from None
        if values["accept"]:
            found.append(Correction(values["text"], tuple(remove), tuple(add), number))
    return found


def correct(examples: Sequence[Example], corrections: Sequence[Correction], path: str = "") -> list[Example]:
    """Examples with the corrections in them; their tags are ``BIO``.

    Raises:
      DataError: a correction does not fit: no sentence has its text and the entity to remove, or the one to add is over another.
    """
    by_text = collections.defaultdict(list)
    for correction in corrections:
        by_text[correction.text].append(correction)
    done, result = set(), []
    for example in examples:
        own = by_text.get(example.text, ())
        spans = set(example.spans())
        # All that is removed makes room before anything is added.
        fitting = [correction for correction in own if spans.issuperset(correction.remove)]
        for correction in fitting:
            spans.difference_update(correction.remove)
        for correction in fitting:
            spans.update(correction.add)
            done.add(correction.line)
        ordered = sorted(spans)
        for correction in fitting:
            for span in correction.add:
                if not 0 <= span.start < span.end <= len(example.text):
                    raise DataError(f"{path}:{correction.line}: found {_shown(span)}, expected an entity inside its text")
                other = next((other for other in ordered if other != span and other.start < span.end and span.start < other.end), None)
                if other:
                    raise DataError(
                        f"{path}:{correction.line}: found {_shown(span)} over {_shown(other)}, expected no entity there (remove it)"
                    )
        result.append(dataclasses.replace(example, tags=tuple(tags_from_spans(ordered, len(example.text)))) if fitting else example)
    missing = next((correction for correction in corrections if correction.line not in done), None)
    if missing:
        raise DataError(f"{path}:{missing.line}: found no sentence with this text and the entity to remove, expected one in the data")
    return result


def _shown(span):
    return f"{span.label} at [{span.start}, {span.end})"
