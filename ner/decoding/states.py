"""The states of decoding: the tags, told further apart where a tag alone does not say what may follow.

No entity begins or ends with an invisible character (:mod:`ner.edges`). What may stand where is then a question of the character as well:
at an invisible one neither a tag that begins an entity nor one that ends it. Where ends have tags of their own (``BIOES`` and its like)
that is all. In ``BIO`` an inside tag ends an entity or not, by what follows it; so each has a second state, which stands at invisible
characters alone and must be continued. Best sequences, sums and probabilities over such states are exact.

Shapes: K tags, S states, L entity types.
"""

from typing import NamedTuple, Optional

import numpy as np

from ner.decoding.constraints import Masks
from ner.schemes import OUTSIDE, begin_tag
from ner.tags import TagSet


class States(NamedTuple):
    """The states.

    Attributes:
      tags: int32 [S], id of the tag that each stands for.
      continues: bool [S, S], whether state j after state i belongs to the same entity.
      labels: int32 [S], position of its type in the tag set's ``types``; -1 outside entities.
      masks: what sequences of states may hold; None if anything.
      at_visible, at_invisible: bool [S], the states that may stand at such a character; None if characters do not count.
    """

    tags: np.ndarray
    continues: np.ndarray
    labels: np.ndarray
    masks: Optional[Masks]
    at_visible: Optional[np.ndarray] = None
    at_invisible: Optional[np.ndarray] = None


def tag_states(tag_set: TagSet, masks: Optional[Masks]) -> States:
    """A state for each tag."""
    labels = [-1 if tag == OUTSIDE else tag_set.types.index(tag[2:]) for tag in tag_set.tags]
    return States(np.arange(len(tag_set), dtype=np.int32), tag_set.continues, np.array(labels, np.int32), masks)


def edge_states(tag_set: TagSet, masks: Masks) -> States:
    """States that know of invisible characters; ``masks`` allow legal sequences only."""
    plain = tag_states(tag_set, masks)
    tags = tag_set.tags
    opens = np.array([tag != OUTSIDE and begin_tag(tag, tag_set.scheme) == tag for tag in tags])
    inside = plain.continues.any(axis=1) & ~opens
    ends = tag_set.legal_end()
    # Inside tags that may also end an entity have a second state.
    second = np.nonzero(inside & ends)[0].astype(np.int32)
    states = np.concatenate([plain.tags, second])
    both = np.ix_(states, states)
    unfinished = np.arange(len(states)) >= len(tags)
    continues = plain.continues[both]
    return States(
        states,
        continues,
        plain.labels[states],
        Masks(
            masks.transitions[both] & (continues | ~unfinished[:, None]),
            masks.start[states],
            masks.end[states] & ~unfinished,
        ),
        at_visible=~unfinished,
        at_invisible=np.where(unfinished, True, (plain.labels == -1)[states] | (inside & ~ends)[states]),
    )
