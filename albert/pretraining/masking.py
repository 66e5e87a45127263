"""Choice of a sequence's masked tokens and of their replacements.

n-grams of 1 … ``ngram`` words (characters, without a segmenter), their length drawn with p(n) = (1/n) / Σₖ(1/k) (Lan et al., 2019,
section 4.1), until 15 % of the sequence's tokens are chosen. They are placed uniformly among all ways to place them without overlap,
which leaves the drawn lengths as they are; the original code tries random places one after the other, where long n-grams fail more
often. The last one is shortened to what is left. A chosen token becomes [MASK] 80 % of the time, a random token 10 %, and stays 10 %.
"""

import dataclasses

import numpy as np

_MASKED, _REPLACED = 0.8, 0.1


@dataclasses.dataclass(frozen=True)
class MaskedSequences:
    """R sequences of T tokens with P places to predict.

    Attributes:
      ids: int32 [R, T], what the model reads.
      positions: int32 [R, P], rising; 0 where ``weights`` is 0.
      labels: int32 [R, P], the tokens that were there.
      weights: float32 [R, P], 1 for a prediction, 0 where a row has fewer than P.
    """

    ids: np.ndarray
    positions: np.ndarray
    labels: np.ndarray
    weights: np.ndarray


def ngram_probabilities(ngram):
    """p(n) for n = 1 … ``ngram``: float64 [ngram]."""
    p = 1.0 / np.arange(1, ngram + 1)
    return p / p.sum()


def predictions_per_sequence(length, masked_lm_prob, max_predictions):
    """Number of tokens of a full sequence that are predicted: the share rounded, at least 1 and at most ``max_predictions``."""
    return min(max_predictions, max(1, round(length * masked_lm_prob)))


def mask(ids, maskable, word_starts, num_predictions, ngram, mask_id, replacements, rng):
    """Hide tokens.

    Args:
      ids: int32 [R, T].
      maskable: bool [R, T], what may be chosen: neither special tokens nor unknown characters.
      word_starts: bool [R, T]; words are chosen whole. All True: characters.
      num_predictions: P, tokens to choose in each row.
      ngram: longest n-gram, in words.
      mask_id: id of [MASK].
      replacements: int array of the ids a random token is drawn from.
      rng: ``np.random.Generator``.

    Returns:
      ``MaskedSequences``.
    """
    chosen = choose_ngrams(maskable, word_starts, num_predictions, ngram, rng)
    columns = np.argsort(~chosen, axis=1, kind="stable")[:, :num_predictions].astype(np.int32)
    weights = np.take_along_axis(chosen, columns, axis=1)
    labels = np.take_along_axis(ids, columns, axis=1)

    kind = rng.random(columns.shape)
    random_tokens = replacements[rng.integers(len(replacements), size=columns.shape)]
    shown = np.where(kind < _MASKED, mask_id, np.where(kind < _MASKED + _REPLACED, random_tokens, labels))
    result = ids.copy()
    np.put_along_axis(result, columns, np.where(weights, shown, labels).astype(np.int32), axis=1)
    return MaskedSequences(
        result, np.where(weights, columns, 0).astype(np.int32), np.where(weights, labels, 0).astype(np.int32), weights.astype(np.float32)
    )


def choose_ngrams(maskable, word_starts, num_predictions, ngram, rng):
    """The tokens that ``mask`` hides: bool [R, T], at most ``num_predictions`` in a row.

    Exactly that many where each word is a token and there are enough; with longer words, whole ones as long as there is room, and at least
    one, or as much of one as there is room for.
    """
    rows, length = maskable.shape
    words, word_lengths = _words(maskable, word_starts)
    num_words = word_lengths.astype(bool).sum(axis=1)
    # No word is shorter than a token, so this many words are always enough.
    budget = np.minimum(num_words, num_predictions)
    starts, lengths = _place(_draw_lengths(budget, num_predictions, ngram, rng), num_words, length, rng)

    # +1 where an n-gram begins, -1 after it ends; the running sum is 1 inside.
    change = np.zeros((rows, length + 1), np.int32)
    row = np.broadcast_to(np.arange(rows)[:, None], starts.shape)
    used = lengths > 0
    np.add.at(change, (row[used], starts[used]), 1)
    np.add.at(change, (row[used], (starts + lengths)[used]), -1)
    chosen = np.cumsum(change[:, :-1], axis=1).astype(bool)
    if word_lengths.max(initial=0) > 1:
        chosen = _fit(chosen, starts, lengths, word_lengths, num_predictions, rng)
    chosen = np.take_along_axis(chosen, words, axis=1) & maskable
    # A row whose words are all longer than that has a part of one.
    return chosen & (np.cumsum(chosen, axis=1) <= num_predictions)


def _words(maskable, word_starts):
    """Number the words of each row: (word of each token [R, T], tokens of each word [R, T], 0 beyond the last word)."""
    rows, length = maskable.shape
    # A word that [SEP], an unknown character or the cut of a segment interrupts begins anew.
    previous = np.zeros_like(maskable)
    previous[:, 1:] = maskable[:, :-1]
    begins = maskable & (word_starts | ~previous)
    words = np.maximum(np.cumsum(begins, axis=1) - 1, 0)
    flat = (words + np.arange(rows)[:, None] * length)[maskable]
    return words, np.bincount(flat, minlength=rows * length).reshape(rows, length)


def _draw_lengths(budget, size, ngram, rng):
    """Lengths of n-grams, int [R, size], that add up to ``budget`` in each row, in random order; unused ones are 0 and come last."""
    drawn = rng.choice(np.arange(1, ngram + 1), size=(len(budget), size), p=ngram_probabilities(ngram))
    before = np.cumsum(drawn, axis=1) - drawn
    lengths = np.clip(budget[:, None] - before, 0, drawn)
    # The shortened one is the last drawn; it must not always be the last in the text.
    order = np.argsort(np.where(lengths > 0, rng.random(lengths.shape), 2.0), axis=1)
    return np.take_along_axis(lengths, order, axis=1)


def _place(lengths, num_words, width, rng):
    """Starts of n-grams, uniform among all placements in this order: (starts [R, S], lengths [R, S])."""
    used = lengths > 0
    # A row is a sequence of n-grams and of single words that stay; which of these items are n-grams is a random subset.
    num_items = num_words - lengths.sum(axis=1) + used.sum(axis=1)
    keys = rng.random((len(lengths), width))
    keys[np.arange(width) >= num_items[:, None]] = 2.0
    items = np.argsort(keys, axis=1)[:, : lengths.shape[1]]
    if items.shape[1] < lengths.shape[1]:
        items = np.pad(items, ((0, 0), (0, lengths.shape[1] - items.shape[1])))
    items = np.sort(np.where(used, items, width), axis=1)
    before = np.cumsum(lengths, axis=1) - lengths
    starts = items - np.arange(lengths.shape[1]) + before
    return np.where(used, starts, 0), lengths


def _fit(chosen, starts, lengths, word_lengths, num_predictions, rng):
    """Of the chosen words keep those of n-grams in random order, as many as have room for their tokens: bool like ``chosen``.

    A row of which no chosen word has room gets another one that has, or one of those it has if none has room.
    """
    rows, width = chosen.shape
    first = np.zeros((rows, width + 1), np.int64)
    used = lengths > 0
    row = np.broadcast_to(np.arange(rows)[:, None], starts.shape)
    first[row[used], starts[used]] = 1
    ngram_of_word = np.cumsum(first[:, :-1], axis=1)
    priority = rng.random((rows, width + 1))
    keys = np.where(chosen, np.take_along_axis(priority, ngram_of_word, axis=1), 2.0)
    order = np.argsort(keys, axis=1, kind="stable")
    kept, room, every = np.zeros_like(chosen), np.full(rows, num_predictions), np.arange(rows)
    for words in order[:, :num_predictions].T:
        cost = word_lengths[every, words]
        fits = chosen[every, words] & (cost <= room)
        kept[every, words] = fits
        room = room - np.where(fits, cost, 0)
    empty = (room == num_predictions) & word_lengths.any(axis=1)
    exists, fits = word_lengths[empty] > 0, word_lengths[empty] <= num_predictions
    others = np.argmin(np.where(exists, rng.random(exists.shape) + ~fits, 3.0), axis=1)
    kept[np.flatnonzero(empty), others] = True
    return kept
