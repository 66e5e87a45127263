"""Tables of entities: a line each, for spreadsheets and databases."""

import csv

from ner.tagging.writers.base import Writer, offsets_in

_HEADER = ("file", "line", "start", "end", "label", "text", "score")
# What a UTF-8 file cannot hold.
_REPLACED = dict.fromkeys(range(0xD800, 0xE000), "\ufffd")


class TableWriter(Writer):
    """Writes a header, then a row per entity; fields are quoted where they have to be. A text without entities has no row."""

    delimiter = ","

    def __init__(self, out, options):
        super().__init__(out, options)
        self._unit = options.offsets
        self._rows = csv.writer(out, delimiter=self.delimiter, lineterminator="\n")
        self._place = ("", 0)

    def start(self):
        """Write the header."""
        self._rows.writerow(_HEADER)

    def begin(self, item):
        """Take note of a text's place."""
        self._place = item.source, item.number
        self._offset = offsets_in(item.text, self._unit)

    def piece(self, text, piece):
        """Write the rows of a ``Piece`` of the text."""
        for (start, end, label), score in piece.spans:
            entity = text[start:end].translate(_REPLACED)
            self._rows.writerow((*self._place, self._offset(start), self._offset(end), label, entity, f"{score:.6f}"))

    def end(self):
        """Nothing: a text has no line of its own."""


class CsvWriter(TableWriter):
    """Separated by commas."""


class TsvWriter(TableWriter):
    """Separated by tabs."""

    delimiter = "\t"
