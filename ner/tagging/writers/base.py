"""Base of the writers."""

import bisect
import dataclasses
from typing import Callable, TextIO

from ner.long_text.joining import Piece
from ner.tagging.text_input import InputText

# Unicode code points as in Python, or the units of strings in JavaScript, Java and C#.
OFFSETS = ("code_points", "utf16")
_LAST_OF_ONE_UNIT = "\uffff"


def offsets_in(text: str, unit: str) -> Callable[[int], int]:
    """A function from an offset in code points of a text to the one in a unit of ``OFFSETS``."""
    if unit == "code_points" or not text or max(text) <= _LAST_OF_ONE_UNIT:
        return int
    wide = [i for i, character in enumerate(text) if character > _LAST_OF_ONE_UNIT]
    return lambda offset: offset + bisect.bisect_left(wide, offset)


@dataclasses.dataclass(frozen=True)
class WriterOptions:
    """Options of a writer besides the texts.

    Attributes:
      labels: the entity types that may occur, in the order of the model's tags.
      entities_field: name of the field for the entities, where there are fields.
      offsets: unit of the offsets, one of ``OFFSETS``.
    """

    labels: tuple = ()
    entities_field: str = "entities"
    offsets: str = "code_points"


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
