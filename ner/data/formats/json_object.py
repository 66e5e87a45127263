"""Base of the formats of JSON lines: one object per text."""

import re

from albert.files import to_json
from ner.data.formats.base import DataFormat
from ner.data.json_lines import detect_format, open_lines

# How the first line of a file shows that it is JSON; "{" may also be a character in its first column.
_OBJECT = re.compile(r'\s*\{\s*("|\}|$)')


class JsonLines(DataFormat):
    """A format whose lines are objects with ``text``, the fields of the example, and its entities under ``key``."""

    suffix = ".jsonl"
    carries = frozenset({"fields", "lines", "spaces"})
    key = "entities"

    def open(self, head):
        """See the base; the keys of the first object decide."""
        if _OBJECT.match(head.line) and detect_format(head.line) == self.name:
            return open_lines(self.name, head.file)
        return None

    def lines(self, examples, scheme, lost):
        """One line per example."""
        for example in examples:
            fields = {name: value for name, value in example.details.fields.items() if name not in ("text", self.key)}
            lost.update(f"field {name!r} left out, the format's own" for name in example.details.fields if name not in fields)
            identity = {"id": fields.pop("id")} if "id" in fields else {}
            yield to_json({**identity, "text": example.text, self.key: self.entities(example), **fields}) + "\n"

    def entities(self, example):
        """The entities of an example, JSON-ready."""
        raise NotImplementedError
