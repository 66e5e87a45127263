"""A page of running text with its entities marked in colour, for reading in a browser."""

import string
from importlib import resources

from ner.display.html import escape, hue
from ner.tagging.writers.base import Writer


class HtmlWriter(Writer):
    """Writes one page: a legend, and a paragraph per text. It needs no network and runs no scripts."""

    def __init__(self, out, options):
        super().__init__(out, options)
        self._labels = list(options.labels)

    def start(self):
        """Write the beginning of the page, with the legend."""
        legend = " ".join(f"<mark {self._style(label)}>{escape(label)}</mark>" for label in self._labels)
        page = string.Template(resources.files("ner.tagging.writers").joinpath("tagged_text.html").read_text(encoding="utf-8"))
        self._head, self._foot = page.substitute(legend=legend, texts="\x00").split("\x00")
        self._out.write(self._head)

    def begin(self, item):
        """Begin a text's paragraph."""
        self._out.write('<p dir="auto">')

    def piece(self, text, piece):
        """Write a ``Piece`` of the text."""
        position = piece.start
        for (start, end, label), score in piece.spans:
            details = f'title="{escape(label)} {score:.3f}, characters {start} to {end}"'
            entity = f"<mark {self._style(label)} {details}>{escape(text[start:end])}<b>{escape(label)}</b></mark>"
            self._out.write(escape(text[position:start]) + entity)
            position = end
        self._out.write(escape(text[position : piece.start + len(piece.tags)]))

    def end(self):
        """End the paragraph."""
        self._out.write("</p>\n")

    def finish(self):
        """Write the end of the page."""
        self._out.write(self._foot)

    def _style(self, label):
        return f'style="--hue: {hue(self._labels.index(label)):.0f}"'
