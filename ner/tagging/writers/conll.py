"""Columns of CoNLL-2003: a character, two columns that are not used, and its tag, separated by blanks."""

from ner.tagging.writers.base import Writer

# Blanks separate: a character that is one, or cannot be written, has another in its place, so that offsets stay.
_REPLACED = dict.fromkeys(range(0xD800, 0xE000), "\ufffd")


class ConllWriter(Writer):
    """Writes tags in the model's own scheme, and a blank line after each text. White space becomes U+2423, unpaired surrogates U+FFFD."""

    def piece(self, text, piece):
        """Write the characters and tags of a ``Piece`` of the text."""
        characters = text[piece.start : piece.start + len(piece.tags)].translate(_REPLACED)
        self._out.writelines(f"{'␣' if c.isspace() else c} -X- _ {tag}\n" for c, tag in zip(characters, piece.tags))
