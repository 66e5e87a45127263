"""The windows of texts joined to tags and entities of the texts, in a TensorFlow graph.

What :mod:`ner.long_text.joining` does window by window is done here for all windows at once; its docstrings have the rule.

Shapes: B texts, N characters of all texts together, W windows of all texts together, C characters of all windows together.
"""

from typing import NamedTuple

import numpy as np
import tensorflow as tf

from ner.edges import NO_BEGIN, NO_END
from ner.long_text.graph_windows import flat_ranges
from ner.tags import OUTSIDE, begin_tag, tags_from_spans

_NO_ENTITY = -1
_FIRST, _INNER, _LAST, _ONLY = range(4)


class Characters(NamedTuple):
    """Properties of the characters of all texts, end to end: tensors [N].

    Attributes:
      tags: int32 tag ids.
      labels: int32 position in the tag set's ``types``; -1 outside entities.
      opens, closes: bool, whether an entity begins, or ends, with this character.
      scores: float32, at the last character of an entity the least of the scores its windows gave it, else 0.
      positions: int32, counted in its text.
      rows: int32, its text.
    """

    tags: tf.Tensor
    labels: tf.Tensor
    opens: tf.Tensor
    closes: tf.Tensor
    scores: tf.Tensor
    positions: tf.Tensor
    rows: tf.Tensor


class _Seen(NamedTuple):
    """Predictions of the windows: ``offsets`` [W] of the windows among their characters, and of each character [C] the rest."""

    offsets: tf.Tensor
    tags: tf.Tensor
    labels: tf.Tensor  # -1 outside entities
    continues: tf.Tensor  # whether it goes on with the entity of the character before it
    scores: tf.Tensor  # of the entity it is in


class _Borders(NamedTuple):
    """Start of each window's own part of the text, and the entity that crosses it; tensors [W]."""

    starts: tf.Tensor
    owned: tf.Tensor  # characters of the own part
    joined: tf.Tensor  # whether one entity goes on across the start
    cut: tf.Tensor  # whether an entity that the part before left open ends there
    opened: tf.Tensor  # whether the window saw an entity go on across the start


class GraphWindowJoiner:
    """Joins windows as :class:`ner.long_text.joining.WindowJoiner` does.

    Args:
      tag_set: the ``TagSet`` of the tags.
    """

    def __init__(self, tag_set):
        tags, types, scheme = tag_set.tags, tag_set.types, tag_set.scheme
        self._labels = np.array([_NO_ENTITY if tag == OUTSIDE else types.index(tag[2:]) for tag in tags], np.int32)
        self._begin = tag_set.encode([begin_tag(tag, scheme) for tag in tags])
        self._continues = tag_set.continues
        # By type and _FIRST, _INNER, _LAST, _ONLY: the tags of an entity's characters.
        self._proper = np.stack([tag_set.encode(tags_from_spans([(0, 3, label), (3, 4, label)], 4, scheme)) for label in types])

    def join(self, windows, lengths, tagged):
        """Tags and entities of texts.

        Args:
          windows: the texts' :class:`ner.long_text.graph_windows.Windows`.
          lengths: int32 [B], characters of each text.
          tagged: dict of tensors [C], the windows end to end: ``tags`` int32, ``opens`` and ``closes`` bool, and ``scores``
            float32, at the last character of each entity.

        Returns:
          :class:`Characters`.
        """
        seen = self._see(windows, tagged)
        borders = _find_borders(windows, lengths, seen)

        owners = tf.repeat(tf.range(tf.size(borders.starts)), borders.owned)
        positions = flat_ranges(borders.starts, borders.owned)
        sources = flat_ranges(seen.offsets + borders.starts - windows.starts, borders.owned)
        at_border = positions == tf.gather(borders.starts, owners)
        labels = tf.gather(seen.labels, sources)
        continues = tf.where(at_border, tf.gather(borders.joined, owners), tf.gather(seen.continues, sources))
        inside = labels != _NO_ENTITY
        opens = inside & ~continues
        closes = inside & ~_following(continues, False)

        entities = tf.where(inside, tf.cumsum(tf.cast(opens, tf.int32)) - 1, -1)
        # One more than there are: a gather from nothing is an error.
        num_entities = tf.reduce_sum(tf.cast(opens, tf.int32)) + 1
        scores = tf.math.unsorted_segment_min(tf.gather(seen.scores, sources), entities, num_entities)
        scores = tf.where(closes, tf.gather(scores, tf.maximum(entities, 0)), 0.0)

        # An entity that was cut ends before the border of some later window, which may be the next but one.
        ends_cut = tf.scatter_nd(
            tf.boolean_mask(flat_starts(borders.owned) - 1, borders.cut)[:, None],
            tf.ones_like(tf.boolean_mask(borders.owned, borders.cut)),
            tf.shape(positions),
        )
        cut = tf.math.unsorted_segment_max(ends_cut, entities, num_entities)
        cut = inside & (tf.gather(cut, tf.maximum(entities, 0)) > 0)
        places = tf.where(opens, tf.where(closes, _ONLY, _FIRST), tf.where(closes, _LAST, _INNER))
        tags = tf.gather(seen.tags, sources)
        proper = tf.gather_nd(tf.constant(self._proper), tf.stack([tf.maximum(labels, 0), places], axis=-1))
        tags = tf.where(cut, proper, tags)
        before = tf.concat([tags[:1], tags[:-1]], axis=0)
        looks_joined = tf.gather_nd(tf.constant(self._continues), tf.stack([before, tags], axis=-1))
        begins = at_border & (positions > 0) & ~continues & ~cut & (looks_joined | tf.gather(borders.opened, owners))
        tags = tf.where(begins, tf.gather(tf.constant(self._begin), tags), tags)
        return Characters(tags, labels, opens, closes, scores, positions, tf.gather(windows.rows, owners))

    def trim(self, characters, edges):
        """Trim as :func:`ner.long_text.joining.trim` does: :class:`Characters` without those at entities' edges that may not be there.

        Args:
          characters: :class:`Characters`, of legal tags.
          edges: int32 [N], the characters' classes (:mod:`ner.edges`).
        """
        places = tf.range(tf.size(characters.tags))
        inside = characters.labels != _NO_ENTITY
        entities = tf.where(inside, tf.cumsum(tf.cast(characters.opens, tf.int32)) - 1, -1)
        num_entities = tf.reduce_sum(tf.cast(characters.opens, tf.int32)) + 1

        def by_entity(function, values):
            """Of each character, what a function makes of the values of its entity's characters."""
            return tf.gather(function(values, entities, num_entities), tf.maximum(entities, 0))

        may_begin, may_end = (inside & (tf.bitwise.bitwise_and(edges, bit) == 0) for bit in (NO_BEGIN, NO_END))
        first = by_entity(tf.math.unsorted_segment_min, tf.where(may_begin, places, tf.size(places)))
        last = by_entity(tf.math.unsorted_segment_max, tf.where(may_end, places, -1))
        kept = inside & (places >= first) & (places <= last)
        changed = by_entity(tf.math.unsorted_segment_max, tf.cast(inside & ~kept, tf.int32)) > 0
        opens, closes = kept & (places == first), kept & (places == last)
        order = tf.where(opens, tf.where(closes, _ONLY, _FIRST), tf.where(closes, _LAST, _INNER))
        proper = tf.gather_nd(tf.constant(self._proper), tf.stack([tf.maximum(characters.labels, 0), order], axis=-1))
        return characters._replace(
            tags=tf.where(inside & changed, tf.where(kept, proper, 0), characters.tags),
            labels=tf.where(kept, characters.labels, _NO_ENTITY),
            opens=opens,
            closes=closes,
            scores=tf.where(closes, by_entity(tf.math.unsorted_segment_max, characters.scores), 0.0),
        )

    def _see(self, windows, tagged):
        opens, closes = tagged["opens"], tagged["closes"]
        opened = tf.cumsum(tf.cast(opens, tf.int32))
        inside = opened > tf.cumsum(tf.cast(closes, tf.int32), exclusive=True)
        labels = tf.where(inside, tf.gather(tf.constant(self._labels), tagged["tags"]), _NO_ENTITY)
        scores = tf.concat([tf.boolean_mask(tagged["scores"], closes), [0.0]], axis=0)
        scores = tf.gather(scores, tf.maximum(opened - 1, 0))
        return _Seen(flat_starts(windows.lengths), tagged["tags"], labels, inside & ~opens, scores)


def _find_borders(windows, lengths, seen):
    """The :class:`_Borders` of all windows."""
    size = tf.size(windows.rows)
    follows = windows.rows == _before(windows.rows, -1)
    left = tf.maximum(tf.range(size) - 1, 0)
    highs = tf.where(follows, tf.gather(windows.starts + windows.lengths, left), 0)
    crossing = tf.where(seen.continues, seen.labels, _NO_ENTITY)

    def labels_across(window, places):
        """Label of the entity that goes on across places in windows, -1 for none; int32 as the arguments."""
        index = places - tf.gather(windows.starts, window)
        within = index < tf.gather(windows.lengths, window)
        return tf.where(within, tf.gather(crossing, tf.gather(seen.offsets, window) + tf.where(within, index, 0)), _NO_ENTITY)

    def best(lows):
        columns = tf.range(tf.maximum(tf.reduce_max(highs - lows), 0) + 1)
        places = tf.minimum(lows[:, None] + columns, highs[:, None])
        shape = tf.shape(places)
        across_left = labels_across(tf.broadcast_to(left[:, None], shape), places)
        across_right = labels_across(tf.broadcast_to(tf.range(size)[:, None], shape), places)
        none_left, none_right = across_left == _NO_ENTITY, across_right == _NO_ENTITY
        cost = tf.where(none_left & none_right, 0, tf.where(across_left == across_right, 1, tf.where(none_left | none_right, 2, 3)))
        distance = tf.abs(2 * places - lows[:, None] - highs[:, None])
        # One number to order by: cost, then distance from the middle, then place. No two are equal, so the choice is certain.
        width = tf.size(columns) + 1
        rank = (cost * (2 * width) + distance) * width + (places - lows[:, None])
        return tf.where(follows, lows + tf.reduce_min(rank, axis=1) % width, 0)

    lows = tf.where(follows, windows.starts, 0)
    # A last window that was moved may reach back beyond the border before it; only such a border depends on another one.
    starts = best(lows)
    starts = best(tf.where(follows, tf.maximum(lows, _before(starts, 0)), 0))
    ends = tf.where(_following(follows, False), _following(starts, 0), tf.gather(lengths, windows.rows))
    owned = ends - starts

    across_left, across_right = labels_across(left, starts), labels_across(tf.range(size), starts)
    joined = follows & (across_left != _NO_ENTITY) & (across_left == across_right)
    left_open = follows & (across_left != _NO_ENTITY)
    # A window that owns nothing passes on what it was joined to, and if it was not, nothing.
    passes = ~follows | (_before(owned, 1) > 0) | _before(joined, False)
    return _Borders(starts, owned, joined & passes, left_open & ~joined & passes, across_right != _NO_ENTITY)


def flat_starts(lengths):
    """Starts of ranges of the given lengths, laid end to end."""
    return tf.cumsum(lengths, exclusive=True)


def _before(values, first):
    """``values`` moved one to the right, ``first`` in front."""
    return tf.concat([tf.fill(tf.minimum(tf.shape(values), 1), tf.cast(first, values.dtype)), values[:-1]], axis=0)


def _following(values, last):
    """``values`` moved one to the left, ``last`` at the end."""
    return tf.concat([values[1:], tf.fill(tf.minimum(tf.shape(values), 1), tf.cast(last, values.dtype))], axis=0)
