"""JSON lines: one object per text, with its entities."""

import json
import re

_SURROGATE = re.compile("[\ud800-\udfff]")


class JsonLinesWriter:
    """Writes ``{"text": …, "entities": [{"start", "end", "label", "text", "score"}, …]}``.

    A text that was a field of a JSON object is written as that object, character by character as it was, with the entities added.

    Args:
      out: a text file.
      entities_field: name of the field for the entities.
    """

    def __init__(self, out, entities_field="entities"):
        self._out = out
        self._key = f"{to_json(entities_field)}: ["
        self._separator = ""

    def start(self):
        """Nothing comes before the first text."""

    def begin(self, item):
        """Begin the line of an ``InputText``."""
        self._out.write((f'{{"text": {to_json(item.text)}' if item.record is None else item.record[:-1].rstrip()) + f", {self._key}")
        self._separator = ""

    def piece(self, text, piece):
        """Add the entities of a ``Piece`` of the text."""
        for (start, end, label), score in piece.spans:
            entity = {"start": start, "end": end, "label": label, "text": text[start:end], "score": round(score, 6)}
            self._out.write(self._separator + to_json(entity))
            self._separator = ", "

    def end(self):
        """End the text's line."""
        self._out.write("]}\n")

    def finish(self):
        """Nothing comes after the last text."""


def to_json(value):
    """JSON with characters as they are, but for unpaired surrogates, which no UTF-8 file can hold: they are escaped."""
    return _SURROGATE.sub(lambda match: f"\\u{ord(match.group()):04x}", json.dumps(value, ensure_ascii=False))
