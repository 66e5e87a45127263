"""Entities, as a tagger returns them."""

import dataclasses
from typing import Any


@dataclasses.dataclass(frozen=True)
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

    def to_dict(self) -> dict[str, Any]:
        """A JSON-ready dict with the five attributes."""
        return dataclasses.asdict(self)
