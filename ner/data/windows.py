"""Texts longer than the model's window: split so that no text and, where possible, no entity is lost, and joined again.

For evaluation and prediction a text is covered by **overlapping** windows (:func:`split_windows`), each is tagged, and the tags are
joined (:func:`join_windows`) at one cut per overlap, a place where neither window sees an entity go on, as near the overlap's
middle as there is: there both have seen the most context. For training the text is cut into **disjoint** parts
(:func:`split_example`), after punctuation and outside entities if possible.

Windows are ``(start, end)`` in characters, end exclusive.
"""

from typing import NamedTuple

from ner.data.examples import Example
from ner.errors import DataError
from ner.tags import begin_tag, convert, spans_from_tags, tags_from_spans

# Where a text is best cut: after the end of a sentence, else after a clause.
_SENTENCE_ENDS = frozenset("。！？!?…\n")
_CLAUSE_ENDS = frozenset("；;，,、：:")


def split_windows(length, window, overlap):
    """Windows that cover a text, each of ``window`` characters (one shorter one if the text is shorter).

    Consecutive windows share ``overlap`` characters, the last two more where the last window is moved to end with the text.

    Args:
      length: T, characters of the text.
      window: characters per window.
      overlap: characters shared, in ``[0, window)``.

    Returns:
      List of ``(start, end)``; empty for an empty text.

    Raises:
      DataError: window or overlap is out of range.
    """
    if window < 1:
        raise DataError(f"window: found {window} characters, expected at least 1")
    if not 0 <= overlap < window:
        raise DataError(f"overlap: found {overlap} characters, expected fewer than the window's {window} and not less than 0")
    if length <= window:
        return [(0, length)] if length else []
    starts = list(range(0, length - window, window - overlap))
    return [(start, start + window) for start in (*starts, length - window)]


def owned_ranges(windows, sequences, scheme="BIO"):
    """Which part of the text each window decides, for joining anything that has one value per character.

    Args:
      windows: ``(start, end)`` in the order of the text, as :func:`split_windows` gives them.
      sequences: for each window, its ``end - start`` tags.
      scheme: the tags' scheme.

    Returns:
      List of ``(start, end)`` in characters of the text, one per window: disjoint, in order, covering the text. A range may be
      empty. Each border between two lies in the overlap of their windows, at the place nearest its middle where no entity of
      either window goes on; failing that, where both are inside an entity of one type, which then is joined to one; failing
      that, where at least one window has no entity going on; and failing that, at the middle.
    """
    if not windows:
        return []
    crossing = [_crossing_spans(tags, scheme) for tags in sequences]
    cuts = [windows[0][0]]
    for i in range(len(windows) - 1):
        left, right = windows[i][0], windows[i + 1][0]
        low, high = max(right, cuts[-1]), windows[i][1]
        costs = [
            (_cut_cost(crossing[i][cut - left], crossing[i + 1][cut - right]), abs(2 * cut - low - high)) for cut in range(low, high + 1)
        ]
        cuts.append(low + costs.index(min(costs)))
    return list(zip(cuts, (*cuts[1:], windows[-1][1])))


def join_windows(windows, sequences, scheme="BIO"):
    """The tags of a text from those of its windows.

    Inside the ranges of :func:`owned_ranges` tags stay as they are, illegal ones included. Only where a border had to be put into an
    entity are the tags beside it made to end and begin entities there, so that joining adds no break of the scheme.

    Args:
      windows, sequences, scheme: as for :func:`owned_ranges`.

    Returns:
      List of T tags.
    """
    joined = []
    before = None
    for window, tags, (start, end) in zip(windows, sequences, owned_ranges(windows, sequences, scheme)):
        crossing = _crossing_spans(tags, scheme)
        piece = list(tags[start - window[0] : end - window[0]])
        after = crossing[start - window[0]]
        if piece and after and not _goes_on(before, after):
            piece[0] = begin_tag(piece[0], scheme)
        if before and not _goes_on(before, after):
            last = spans_from_tags(joined, scheme)[-1]
            joined[last.start :] = tags_from_spans([(0, last.end - last.start, last.label)], last.end - last.start, scheme)
        joined += piece
        before = crossing[end - window[0]]
    return joined


def split_example(example, window, scheme="BIO"):
    """Disjoint parts of at most ``window`` characters for training.

    Each cut is the latest place in the second half of the window after the end of a sentence and outside entities; failing
    that, after a clause; failing that, the latest in the window outside entities; failing that, at the window's end.

    Args:
      example: :class:`ner.data.examples.Example` with tags.
      window: characters per part.
      scheme: the tags' scheme.

    Returns:
      ``(parts, cut_entities)``: a list of examples whose texts make up the example's, and the number of times an entity was cut
      because it is longer than the window. The pieces of such an entity are entities of their own.
    """
    if window < 1:
        raise DataError(f"window: found {window} characters, expected at least 1")
    if len(example.text) <= window:
        return [example], 0
    crossing = _crossing_spans(example.tags, scheme)
    parts, start, cut_entities = [], 0, 0
    repair = False
    while start < len(example.text):
        end = _best_cut(example.text, crossing, start, start + window)
        tags = example.tags[start:end]
        cuts_entity = crossing[end] is not None
        if repair or cuts_entity:
            tags = tuple(convert(tags, scheme, scheme))
        parts.append(Example(example.text[start:end], tags, example.source, example.line))
        cut_entities += cuts_entity
        repair = cuts_entity
        start = end
    return parts, cut_entities


class SplitExamples(NamedTuple):
    """Examples no longer than the window, and what splitting did: sentences that were split, and cuts through an entity."""

    examples: list
    split_sentences: int
    cut_entities: int


def split_examples(examples, window, scheme="BIO"):
    """:func:`split_example` for a whole corpus, as a :class:`SplitExamples`."""
    result, split_sentences, cut_entities = [], 0, 0
    for example in examples:
        parts, cuts = split_example(example, window, scheme)
        result += parts
        split_sentences += len(parts) > 1
        cut_entities += cuts
    return SplitExamples(result, split_sentences, cut_entities)


def _crossing_spans(tags, scheme):
    """For each of the T + 1 places between characters, the entity that goes on across it, or None."""
    crossing = [None] * (len(tags) + 1)
    for span in spans_from_tags(tags, scheme):
        crossing[span.start + 1 : span.end] = [span] * (span.end - span.start - 1)
    return crossing


def _goes_on(before, after):
    """Whether an entity that crosses the end of one piece and one that crosses the start of the next are joined to one."""
    return before is not None and after is not None and before.label == after.label


def _cut_cost(left, right):
    if left is None and right is None:
        return 0
    if _goes_on(left, right):
        return 1
    return 2 if left is None or right is None else 3


def _best_cut(text, crossing, start, limit):
    if limit >= len(text):
        return len(text)
    clean = [cut for cut in range(limit, start, -1) if crossing[cut] is None]
    late = [cut for cut in clean if 2 * cut >= start + limit]
    for marks in (_SENTENCE_ENDS, _CLAUSE_ENDS):
        for cut in late:
            if text[cut - 1] in marks:
                return cut
    return clean[0] if clean else limit
