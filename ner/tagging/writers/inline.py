"""Running text with its entities in brackets: ``[李明|PER]在[上海交通大学|ORG]。``"""

from ner.tagging.writers.base import Writer

# With these escapes every text can be told from its markup again, and stays on one line.
_ESCAPES = {
    **{ord(c): f"\\{c}" for c in "\\[]|"},
    ord("\n"): "\\n",
    ord("\r"): "\\r",
    **dict.fromkeys(range(0xD800, 0xE000), "\ufffd"),
}


class InlineWriter(Writer):
    r"""Writes one text per line. ``\``, ``[``, ``]`` and ``|`` of the text get a ``\`` before them; line ends become ``\n`` and ``\r``."""

    def piece(self, text, piece):
        """Write a ``Piece`` of the text."""
        position = piece.start
        for (start, end, label), _ in piece.spans:
            self._out.write(f"{_escape(text[position:start])}[{_escape(text[start:end])}|{_escape(label)}]")
            position = end
        self._out.write(_escape(text[position : piece.start + len(piece.tags)]))


def _escape(text):
    return text.translate(_ESCAPES)
