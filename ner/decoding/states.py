"""The states of decoding: the tags, told further apart where a tag alone does not say what may follow.

No entity begins or ends with certain characters (:mod:`ner.edges`). What may stand where is then a question of the character's class as
well: where no entity begins no tag that begins one, where none ends no tag that ends one. Where ends have tags of their own (``BIOES`` and
its like) that is all. In ``BIO`` a tag ends an entity or not, by what follows it; so each has a second state, which stands at characters
alone that end none, and must be continued. Best sequences, sums and probabilities over such states are exact.

Shapes: K tags, S states, L entity types.
"""

from typing import NamedTuple, Optional

import numpy as np

from ner.decoding.constraints import Masks
from ner.edges import NO_BEGIN, NO_END, NUM_CLASSES
from ner.schemes import OUTSIDE, begin_tag
from ner.tags import TagSet


class States(NamedTuple):
    """The states.

    Attributes:
      tags: int32 [S], id of the tag that each stands for.
      continues: bool [S, S], whether state j after state i belongs to the same entity.
      labels: int32 [S], position of its type in the tag set's ``types``; -1 outside entities.
      masks: what sequences of states may hold; None if anything.
      at: bool [4, S], at each class of characters the states that may stand there; None if characters do not count.
    """

    tags: np.ndarray
    continues: np.ndarray
    labels: np.ndarray
    masks: Optional[Masks]
    at: Optional[np.ndarray] = None


def tag_states(tag_set: TagSet, masks: Optional[Masks]) -> States:
    """A state for each tag."""
    labels = [-1 if tag == OUTSIDE else tag_set.types.index(tag[2:]) for tag in tag_set.tags]
    return States(np.arange(len(tag_set), dtype=np.int32), tag_set.continues, np.array(labels, np.int32), masks)


def edge_states(tag_set: TagSet, masks: Masks, punctuation: bool = False) -> States:
    """States that know of characters at which no entity begins or none ends.

    Args:
      tag_set: the ``TagSet``.
      masks: what sequences of tags may hold: legal ones only.
      punctuation: whether there are characters that may begin an entity and not end one; else some states are left out.
    """
    plain = tag_states(tag_set, masks)
    tags = tag_set.tags
    opens = np.array([tag != OUTSIDE and begin_tag(tag, tag_set.scheme) == tag for tag in tags])
    ends = tag_set.legal_end() & (plain.labels >= 0)
    # Tags that end an entity or are continued have a second state; of those that begin one it is needed for an opening bracket only.
    second = np.nonzero(plain.continues.any(axis=1) & ends & (punctuation | ~opens))[0].astype(np.int32)
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
        at=np.stack([_states_at(kind, opens[states], ends[states], unfinished) for kind in range(NUM_CLASSES)]),
    )


def _states_at(kind, opens, ends, unfinished):
    """The states that may stand at a character of a class."""
    allowed = ~opens if kind & NO_BEGIN else np.ones_like(opens)
    return allowed & (unfinished | ~ends if kind & NO_END else ~unfinished)
