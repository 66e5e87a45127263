"""Windows of one text, each tagged on its own, joined to one sequence of tags and entities.

Two neighbouring windows (:func:`ner.long_text.windows.split_windows`) share some characters. The border between what the one
decides and what the other decides is put where neither sees an entity go on, as near the middle of what they share as there is:
there both have seen the most context.
"""

import itertools
from collections.abc import Callable
from typing import NamedTuple

from ner.edges import part_between_edges
from ner.long_text.windows import crossing_spans
from ner.tags import begin_tag, spans_from_tags, tags_from_spans


class Piece(NamedTuple):
    """A part of a text whose tags and entities are final.

    Attributes:
      start: where in the text it begins.
      tags: list of one tag per character.
      spans: list of ``(Span, score)``, in characters of the text, none going beyond the piece.
      last: whether the text ends with it.
    """

    start: int
    tags: list
    spans: list
    last: bool


def trim(piece: Piece, text: str, scheme: str = "BIO", part: Callable[[str, int, int], tuple[int, int]] = part_between_edges) -> Piece:
    """A piece without characters at its entities' edges that may not stand there (:mod:`ner.edges`).

    Windows that are decoded so have none there, but a border that had to be put into an entity may leave some.

    Args:
      piece: :class:`Piece` of legal tags.
      text: the whole text.
      scheme: the tags' scheme.
      part: function from the text and a span's start and end to those of what is left of it, as ``ner.edges.part_between_edges``.
    """
    parts = [part(text, span.start, span.end) for span, _ in piece.spans]
    if all(part == span[:2] for part, (span, _) in zip(parts, piece.spans)):
        return piece
    tags, spans = list(piece.tags), []
    for (start, end), (span, score) in zip(parts, piece.spans):
        if (start, end) != span[:2]:
            left = [(start - span.start, end - span.start, span.label)] if start < end else []
            tags[span.start - piece.start : span.end - piece.start] = tags_from_spans(left, span.end - span.start, scheme)
        if start < end:
            spans.append((span._replace(start=start, end=end), score))
    return piece._replace(tags=tags, spans=spans)


class _Window(NamedTuple):
    start: int
    end: int
    tags: list
    spans: list  # (Span in characters of the text, score)
    crossing: list  # as crossing_spans, by place in the window

    def entity_across(self, place):
        """The entity that goes on across a place of the text, or None."""
        return self.crossing[place - self.start]


class WindowJoiner:
    """Joins the windows of one text as they come, giving out what is final: memory does not grow with the text.

    Between the borders tags stay as they are, illegal ones included. Only where a border had to be put into an entity are the tags beside
    it made to end and begin entities there, so that joining adds no break of the scheme.

    Args:
      scheme: the tags' scheme.
    """

    def __init__(self, scheme: str = "BIO") -> None:
        self._scheme = scheme
        self._last = None  # the last window added; its right border is not known yet
        self._border = 0  # its left border
        self._start = 0  # what follows is decided from here to the border, and not given out yet
        self._tags = []
        self._spans = []
        self._open = None  # the entity that, for the window left of the border, goes on across it
        self._before = None  # the tag left of the border

    def add(self, window, tags, spans=None, scores=None):
        """Take the next window.

        Args:
          window: its ``(start, end)``.
          tags: its ``end - start`` tags.
          spans: the entities of the tags, if they are known already.
          scores: a number for each of these entities.

        Returns:
          :class:`Piece` of what has become final; it may be empty.
        """
        start, end = window
        spans = spans_from_tags(tags, self._scheme) if spans is None else spans
        moved = (span._replace(start=span.start + start, end=span.end + start) for span in spans)
        scored = list(zip(moved, itertools.repeat(0.0) if scores is None else scores))
        added = _Window(start, end, tags, scored, crossing_spans(spans, end - start))
        if self._last is None:
            self._border = self._start = start
        else:
            self._take(_best_border(self._last, added, self._border))
        self._last = added
        return self._release(last=False)

    def finish(self):
        """The rest of the text, as a :class:`Piece`."""
        if self._last is not None:
            self._take(self._last.end)
            self._open = None
        return self._release(last=True)

    def _take(self, border):
        """Let the last window decide from the present border to the next one."""
        window, start = self._last, self._border
        self._border = border
        tags = list(window.tags[start - window.start : border - window.start])
        after = window.entity_across(start)
        joined = _goes_on(self._open, after)
        if not joined:
            self._close(start)
            if tags and (after or self._continues(tags[0])):
                tags[0] = begin_tag(tags[0], self._scheme)
        if not tags:
            return
        for span, score in window.spans:
            if span.start < border and span.end > start:
                clipped = span._replace(start=max(span.start, start), end=min(span.end, border))
                if joined and span.start < start:
                    begun, least = self._spans.pop()
                    self._spans.append((begun._replace(end=clipped.end), min(least, score)))
                else:
                    self._spans.append((clipped, score))
        self._tags += tags
        self._before = tags[-1]
        self._open = window.entity_across(border)

    def _continues(self, tag):
        """True if a tag right of the border would be read as continuing the entity that ends there."""
        return self._before is not None and (0, 2) in [span[:2] for span in spans_from_tags([self._before, tag], self._scheme)]

    def _close(self, place):
        """End the entity that was open at a border which turned out not to be crossed."""
        if self._open:
            span = self._spans[-1][0]
            length = place - span.start
            self._tags[span.start - self._start :] = tags_from_spans([(0, length, span.label)], length, self._scheme)
            self._before = self._tags[-1]
            self._open = None

    def _release(self, last):
        final = len(self._spans) - (self._open is not None)
        end = self._spans[final][0].start if self._open else self._start + len(self._tags)
        count = end - self._start
        piece = Piece(self._start, self._tags[:count], self._spans[:final], last)
        self._start, self._tags, self._spans = end, self._tags[count:], self._spans[final:]
        return piece


def _best_border(left, right, lowest):
    """The border between what two windows decide, not before ``lowest``.

    It is the place in their overlap nearest its middle where no entity of either window goes on; failing that, where both are inside an
    entity of one type, which then is joined to one; failing that, where at least one window has no entity going on; and failing that, the
    middle.
    """
    low, high = max(right.start, lowest), left.end

    def preference(place):
        return _border_cost(left.entity_across(place), right.entity_across(place)), abs(2 * place - low - high)

    return min(range(low, high + 1), key=preference)


def _border_cost(left, right):
    if left is None and right is None:
        return 0
    if _goes_on(left, right):
        return 1
    return 2 if left is None or right is None else 3


def _goes_on(before, after):
    """True if an entity that crosses the end of one piece and one that crosses the start of the next are joined."""
    return before is not None and after is not None and before.label == after.label
