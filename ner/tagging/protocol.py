"""The interface of all that finds entities in texts: a trained model in TensorFlow or in ONNX Runtime, an exported one.

This module needs no TensorFlow.
"""

import collections
import dataclasses
from collections.abc import Iterable, Iterator
from typing import Callable, Optional, Protocol

from albert.errors import UserError
from ner.decoding.constraints import DecodingOptions
from ner.decoding.gazetteer import Gazetteer
from ner.entity import Entities, Entity
from ner.long_text.joining import Piece
from ner.tags import Span, TagSet

# Which of a tagger's runtimes computes its network, and in which arithmetic; see ``ner.tagging.opening.choose``.
RUNTIMES = ("auto", "tensorflow", "onnx")
PRECISIONS = ("float32", "bfloat16", "int8", "auto")


@dataclasses.dataclass(frozen=True)
class Prediction:
    """Tags and entities of one text.

    Attributes:
      tags: one tag per character.
      spans: list of ``(Span, score)`` in the order of the text.
    """

    tags: list[str]
    spans: list[tuple[Span, float]]


class TextPredictor(Protocol):
    """Tags and entities of texts of any length and number.

    A class that inherits it has to have ``tag_set``, ``decoding`` and ``pieces``; it overrides what it can do faster.

    Attributes:
      tag_set: the ``TagSet`` of its tags.
      decoding: the ``DecodingOptions`` it decodes with.
      takes_gazetteer: whether :meth:`with_gazetteer` gives another one.
    """

    tag_set: TagSet
    decoding: DecodingOptions
    takes_gazetteer: bool = False

    def pieces(self, texts: Iterable[str]) -> Iterator[Piece]:
        """Tags and entities of every text, in parts as they become final.

        Args:
          texts: strings; read only as far as what is computed together needs.

        Yields:
          :class:`ner.long_text.joining.Piece`, in the order of the texts; each text has at least one, and its last one says so.
        """
        ...

    def predict(self, texts: Iterable[str], progress: Optional[Callable[[int], object]] = None) -> Iterator[Prediction]:
        """Tags and scored entities, one ``Prediction`` per text. ``progress`` is called with 1 after each text."""
        return whole(self.pieces(texts), progress)

    def tags(self, texts: Iterable[str], progress: Optional[Callable[[int], object]] = None) -> list[list[str]]:
        """Best tag of every character, one list per text. ``progress`` is called with 1 after each text."""
        return [prediction.tags for prediction in self.predict(texts, progress)]

    def entities(self, texts: Iterable[str]) -> Iterator[Entities]:
        """Entities in the order of their offsets, one list per text."""
        waiting: collections.deque[str] = collections.deque()

        def read() -> Iterator[str]:
            for text in texts:
                waiting.append(text)
                yield text

        for prediction in self.predict(read()):
            text = waiting.popleft()
            yield Entities((Entity(*span, text[span.start : span.end], score) for span, score in prediction.spans), text)

    def with_gazetteer(self, gazetteer: Optional[Gazetteer]) -> "TextPredictor":
        """The same with another gazetteer, or none; what is large is shared.

        Raises:
          UserError: it takes none.
          DataError: a term does not fit.
        """
        raise UserError("gazetteer: found an exported SavedModel, which takes none; expected the training output it was exported from")


def whole(pieces: Iterable[Piece], progress: Optional[Callable[[int], object]] = None) -> Iterator[Prediction]:
    """Puts the pieces of each text together: one ``Prediction`` per text."""
    tags, spans = [], []
    for piece in pieces:
        tags += piece.tags
        spans += piece.spans
        if piece.last:
            yield Prediction(tags, spans)
            tags, spans = [], []
            if progress:
                progress(1)
