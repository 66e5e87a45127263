"""JSON lines: one object per text, with its entities."""

from albert.files import to_json
from ner.tagging.writers.base import Writer, offsets_in


class JsonLinesWriter(Writer):
    """Writes ``{"text": …, "entities": [{"start", "end", "label", "text", "score"}, …]}``.

    A text that was a field of a JSON object is written as that object, character by character as it was, with the entities added.
    """

    adds_field = True

    def __init__(self, out, options):
        super().__init__(out, options)
        self._key = f"{to_json(options.entities_field)}: ["
        self._separator = ""
        self._unit = options.offsets

    def begin(self, item):
        """Begin the line of an ``InputText``."""
        self._out.write((f'{{"text": {to_json(item.text)}' if item.record is None else item.record[:-1].rstrip()) + f", {self._key}")
        self._separator = ""
        self._offset = offsets_in(item.text, self._unit)

    def piece(self, text, piece):
        """Add the entities of a ``Piece`` of the text."""
        for (start, end, label), score in piece.spans:
            place = {"start": self._offset(start), "end": self._offset(end)}
            entity = {**place, "label": label, "text": text[start:end], "score": round(score, 6)}
            self._out.write(self._separator + to_json(entity))
            self._separator = ", "

    def end(self):
        """End the text's line."""
        self._out.write("]}\n")
