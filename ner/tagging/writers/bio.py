"""Columns: a character, a tab and its tag on each line, a blank line after each text, as training data is read."""

from ner.tagging.writers.base import Writer

# What would break a line in two, or cannot be written: one character for one, so that offsets stay.
_REPLACED = {ord("\n"): " ", ord("\t"): " ", **dict.fromkeys(range(0xD800, 0xE000), "\ufffd")}


class BioWriter(Writer):
    """Writes tags in the model's own scheme. Tabs and line feeds become spaces, unpaired surrogates U+FFFD."""

    def piece(self, text, piece):
        """Write the characters and tags of a ``Piece`` of the text."""
        characters = text[piece.start : piece.start + len(piece.tags)].translate(_REPLACED)
        self._out.writelines(f"{character}\t{tag}\n" for character, tag in zip(characters, piece.tags))
