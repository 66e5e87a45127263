"""Constraints of decoding: tag sequences that are never the answer, whatever the model says.

Shapes: K tags.
"""

import dataclasses
from typing import Callable, NamedTuple, Optional

import numpy as np

from albert.fields import check_fields, setting
from ner.tags import TagSet


class Masks(NamedTuple):
    """Tags and transitions that a sequence may hold: bool arrays, True where it is allowed.

    Attributes:
      transitions: [K, K], the step from tag i to tag j at [i, j].
      start, end: [K], the first and the last tag.
    """

    transitions: np.ndarray
    start: np.ndarray
    end: np.ndarray


# Values of ``DecodingOptions.edge_punctuation``.
AUTO, ALLOWED, NEVER = "auto", "allowed", "never"

# From the tag set to the sequences over it that are allowed.
Constraint = Callable[[TagSet], Masks]


def legal_sequences(tag_set: TagSet) -> Masks:
    """The sequences that the scheme of the tag set allows."""
    return Masks(tag_set.legal_transitions(), tag_set.legal_start(), tag_set.legal_end())


@dataclasses.dataclass(frozen=True)
class DecodingOptions:
    """Options of the choice of the best tag sequence. All parts that decode take them whole.

    Attributes:
      constrained_decoding: whether only tag sequences the scheme allows are decoded.
      constraints: further constraints, which hold together with it; for a text of several windows, in each.
      visible_edges: with ``constrained_decoding``, whether no entity begins or ends with white space or another invisible character
        (:mod:`ner.edges`).
      edge_punctuation: with ``visible_edges``, whether one may begin or end with punctuation other than quotes, brackets and the middle
        dot: ``allowed``, ``never``, or ``auto``, as the tagger's ``TaggerConfig.edge_punctuation`` says.
    """

    constrained_decoding: bool = setting(True, "Decode legal tag sequences only. Off is the paper's setting.")
    constraints: tuple[Constraint, ...] = ()
    visible_edges: bool = True
    edge_punctuation: str = setting(
        AUTO,
        "Entities that begin or end with punctuation other than paired quotes, brackets and the middle dot; auto is what the tagger was "
        "trained with.",
        choices=(AUTO, ALLOWED, NEVER),
    )

    def __post_init__(self):
        check_fields(self)

    @property
    def edges(self) -> bool:
        """True if entities' edges must be visible characters."""
        return self.constrained_decoding and self.visible_edges

    @property
    def punctuation(self) -> bool:
        """True if punctuation is no entity's edge."""
        return self.edges and self.edge_punctuation == NEVER

    def for_tagger(self, edge_punctuation: bool) -> "DecodingOptions":
        """The options in a tagger whose config has this value of ``edge_punctuation``; ``auto`` stays where it means ``allowed``."""
        if self.edge_punctuation != AUTO or edge_punctuation:
            return self
        return dataclasses.replace(self, edge_punctuation=NEVER)

    def masks(self, tag_set: TagSet) -> Optional[Masks]:
        """Tags and transitions that all constraints together allow; None without any."""
        masks = [constraint(tag_set) for constraint in (legal_sequences,) * self.constrained_decoding + self.constraints]
        return Masks(*(np.logical_and.reduce(parts) for parts in zip(*masks))) if masks else None


DEFAULT_OPTIONS = DecodingOptions()
