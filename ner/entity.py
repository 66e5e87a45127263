"""Entities, as a tagger returns them."""

import dataclasses
from collections.abc import Iterable
from typing import Any

from ner.display import html


@dataclasses.dataclass(frozen=True, repr=False)
class Entity:
    """One named entity in a text.

    Attributes:
      start, end: offsets in Unicode code points, end exclusive, so that ``text == source[start:end]``.
      label: the type, for example ``PER``.
      text: the entity's own characters.
      score: posterior probability, in [0, 1], that exactly this span is an entity of this type.
    """

    start: int
    end: int
    label: str
    text: str
    score: float

    def __repr__(self) -> str:
        return f"Entity({self.start}, {self.end}, {self.label!r}, {self.text!r}, {self.score:.4f})"

    def _repr_html_(self) -> str:
        return html.mark(self)

    def to_dict(self) -> dict[str, Any]:
        """A JSON-ready dict with the five attributes."""
        return dataclasses.asdict(self)


class Entities(list[Entity]):
    """The entities of one text in the order of their offsets: a list of :class:`Entity`, which a notebook shows in the text.

    Args:
      entities: iterable of ``Entity``.
      text: the text they are in.
    """

    def __init__(self, entities: Iterable[Entity] = (), text: str = "") -> None:
        super().__init__(entities)
        self.text = text

    def __repr__(self) -> str:
        return f"[{', '.join(map(repr, self))}]" if len(self) < 2 else "[" + ",\n ".join(map(repr, self)) + "]"

    def _repr_html_(self) -> str:
        return html.marked(self.text, self)
