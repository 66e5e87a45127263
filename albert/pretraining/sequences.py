"""Two consecutive segments of text as one input, in order or swapped: [CLS] A [SEP] B [SEP].

As ALBERT's ``create_pretraining_data``, whole sentences are taken until a sequence is full, cut in two at a random sentence boundary,
and the longer part is shortened, at its front or its back. Where whole sentences end must not show the order: a sequence that was
simply cut at its length would always end in the middle of a sentence, and swapped segments would be told by a full stop before the
last [SEP]. Differences from the original:

* Sequences are always full. What follows the end of a document is the next document; segments meet inside one document only.
* A window without such a place (documents of one sentence) becomes a single segment, [CLS] A [SEP], which has no order.
* Short sequences come as whole batches, see ``stream.py``, not one row here and there that would have to be padded.
"""

import dataclasses

import numpy as np


@dataclasses.dataclass(frozen=True)
class SpecialIds:
    """Ids of the special tokens."""

    cls: int
    sep: int
    mask: int
    unk: int


@dataclasses.dataclass(frozen=True)
class Sequences:
    """R sequences of T tokens, not yet masked.

    Attributes:
      ids: int32 [R, T].
      types: int32 [R, T], 0 up to the first [SEP], then 1.
      text: bool [R, T], False at [CLS] and [SEP].
      word_starts: bool [R, T], where a word begins; all True without a segmenter.
      swapped: int32 [R], 1 where the segments changed places.
      paired: bool [R], whether there are two segments.
    """

    ids: np.ndarray
    types: np.ndarray
    text: np.ndarray
    word_starts: np.ndarray
    swapped: np.ndarray
    paired: np.ndarray


def make_sequences(region, starts, length, special, rng):
    """Sequences from near some places of a region.

    Args:
      region: ``windows.Region`` of at least ``length`` tokens.
      starts: int64 [R]; a sequence begins at the nearest sentence, or in the middle of one that is longer than a sequence.
      length: T.
      special: ``SpecialIds``.
      rng: ``np.random.Generator``.

    Returns:
      ``Sequences``.
    """
    begin, aligned = _align(region, starts, length)
    first, second, paired, swapped = _segments(region, begin, aligned, length, rng)

    columns = np.arange(length)
    (start_1, length_1), (start_2, _) = ((start[:, None], size[:, None]) for start, size in (first, second))
    in_first = columns <= length_1
    position = np.where(in_first, start_1 + columns - 1, start_2 + columns - length_1 - 2)
    separator = (columns == length_1 + 1) | (columns == length - 1)
    text = ~separator
    text[:, 0] = False
    position = np.where(text, position, region.begin)
    ids = np.where(text, region.tokens[position].astype(np.int32), np.int32(special.sep))
    ids[:, 0] = special.cls
    word_starts = np.ones(ids.shape, bool) if region.word_starts is None else region.word_starts[position].astype(bool)
    types = (columns > length_1 + 1).astype(np.int32)
    return Sequences(ids, types, text, word_starts, swapped.astype(np.int32), paired)


def _align(region, starts, length):
    """Move starts to the nearest sentence that leaves room for a sequence: (begin [R], whether it is a sentence's start [R])."""
    last = region.end - (length - 2)
    sentences = region.sentences[: np.searchsorted(region.sentences, last, "right")]
    starts = np.minimum(starts, last)
    after = np.minimum(np.searchsorted(sentences, starts), len(sentences) - 1)
    before = np.maximum(after - 1, 0)
    nearest = np.where(np.abs(sentences[before] - starts) <= np.abs(sentences[after] - starts), sentences[before], sentences[after])
    aligned = np.abs(nearest - starts) <= length // 2
    return np.where(aligned, nearest, starts), aligned


def _segments(region, begin, aligned, length, rng):
    """Choose the two segments of each row.

    Returns:
      ((start [R], length [R]) of the first, the same of the second, paired [R], swapped [R]). A single segment fills all but
      [CLS] and the last [SEP]; its second has length 0.
    """
    room, rows = length - 3, len(begin)
    # The first boundary between sentences at which the text fills a sequence.
    next_sentence = np.searchsorted(region.sentences, begin + room)
    end = np.append(region.sentences, region.end)[next_sentence]
    low, high = np.searchsorted(region.inner, begin, "right"), np.searchsorted(region.inner, end)
    paired = aligned & (high > low)
    choice = low + (rng.random(rows) * (high - low)).astype(np.int64)
    middle = np.where(paired, np.append(region.inner, 0)[choice], begin)

    length_a, length_b = middle - begin, end - middle
    # The longer one loses tokens until both have half; whose half has the odd one is random too, or the lengths would tell the order.
    half = (room + (rng.random(rows) < 0.5)) // 2
    kept_a = np.minimum(length_a, np.maximum(half, room - length_b))
    kept_b = room - kept_a
    at_front = rng.random((2, rows)) < 0.5
    start_a = begin + np.where(at_front[0], length_a - kept_a, 0)
    start_b = middle + np.where(at_front[1], length_b - kept_b, 0)

    swapped = (rng.random(rows) < 0.5) & paired
    first = (np.where(swapped, start_b, start_a), np.where(swapped, kept_b, kept_a))
    second = (np.where(swapped, start_a, start_b), np.where(swapped, kept_a, kept_b))
    first = (np.where(paired, first[0], begin), np.where(paired, first[1], length - 2))
    second = (second[0], np.where(paired, second[1], 0))
    return first, second, paired, swapped
