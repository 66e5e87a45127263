"""Running text with its entities in a terminal's colours."""

from ner.display.ansi import NUM_COLOURS, paint
from ner.display.visible import visible
from ner.tagging.writers.base import Writer


class AnsiWriter(Writer):
    """Writes one text per line, after a legend. Where there are more types than colours, each entity has its type behind it."""

    def __init__(self, out, options):
        super().__init__(out, options)
        self._labels = list(options.labels)

    def start(self):
        """Write the legend."""
        self._out.write(" ".join(paint(f" {visible(label)} ", index) for index, label in enumerate(self._labels)) + "\n")

    def piece(self, text, piece):
        """Write a ``Piece`` of the text."""
        position = piece.start
        for (start, end, label), _ in piece.spans:
            name = f"/{label}" if len(self._labels) > NUM_COLOURS else ""
            self._out.write(visible(text[position:start]) + paint(visible(text[start:end] + name), self._labels.index(label)))
            position = end
        self._out.write(visible(text[position : piece.start + len(piece.tags)]))
