"""Base of the writers."""

import dataclasses
from typing import TextIO

from ner.long_text.joining import Piece
from ner.tagging.text_input import InputText


@dataclasses.dataclass(frozen=True)
class WriterOptions:
    """Options of a writer besides the texts.

    Attributes:
      labels: the entity types that may occur, in the order of the model's tags.
      entities_field: name of the field for the entities, where there are fields.
    """

    labels: tuple = ()
    entities_field: str = "entities"


class Writer:
    """Writes tagged texts.

    It is told of each text in turn: ``begin(item)``, then ``piece(text, piece)`` for each :class:`ner.long_text.joining.Piece` of it, then
    ``end()``; ``start()`` comes before all texts and ``finish()`` after them. Nothing is held back, so memory does not grow with the
    length of a text or the number of texts.

    Args:
      out: a text file.
      options: ``WriterOptions``.
    """

    # Whether the entities go into a field of the object that the text is a field of.
    adds_field = False

    def __init__(self, out: TextIO, options: WriterOptions):
        self._out = out

    def start(self) -> None:
        """Writes what comes before the first text: nothing."""

    def begin(self, item: InputText) -> None:
        """Writes what comes before a text's characters: nothing."""

    def piece(self, text: str, piece: Piece) -> None:
        """Writes a ``Piece`` of the text."""
        raise NotImplementedError

    def end(self) -> None:
        """Ends the text's line."""
        self._out.write("\n")

    def finish(self) -> None:
        """Writes what comes after the last text: nothing."""
