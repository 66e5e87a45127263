"""Predictions at masked positions by counting alone: a baseline for the masked language model.

Unigram: p(c), add-one smoothed. Bigram: p(c | the token on the left as the model sees it), absolute discounting interpolated with the
unigram; where the left neighbour is hidden or a special token, the unigram.
"""

import numpy as np

_CHUNK = 1 << 24
_DISCOUNT = 0.75


def unigram_probabilities(regions, vocab_size, special_ids):
    """Unigram counts of the tokens, add-one smoothed.

    Args:
      regions, vocab_size, special_ids: as for ``NgramBaselines``.

    Returns:
      float64 [V] with sum 1; special tokens, which are never predicted, have 0.
    """
    unigrams = np.ones(vocab_size)
    for region in regions:
        for begin in range(region.begin, region.end, _CHUNK):
            counts = np.bincount(region.tokens[begin : min(begin + _CHUNK, region.end)], minlength=vocab_size)
            unigrams += region.weight * counts
    unigrams[list(special_ids)] = 0.0
    return unigrams / unigrams.sum()


class NgramBaselines:
    """Unigram and bigram statistics of the training text.

    Args:
      regions: list of ``windows.Region``; each counts as often as its weight says.
      vocab_size: V.
      special_ids: tokens that say nothing about what follows: [CLS], [SEP], [MASK] and unknown.
      max_bigram_tokens: bigrams are counted in at most this many tokens of all regions together, from their beginnings.
    """

    def __init__(self, regions, vocab_size, special_ids, max_bigram_tokens=20_000_000):
        self._vocab_size = vocab_size
        self._special_ids = np.array(sorted(special_ids))
        self._unigram = unigram_probabilities(regions, vocab_size, self._special_ids)
        self._count_bigrams(regions, max_bigram_tokens / max(sum(region.size for region in regions), max_bigram_tokens))

    def _count_bigrams(self, regions, share):
        size = self._vocab_size
        keys, counts = np.zeros(0, np.int64), np.zeros(0)
        for region in regions:
            tokens = region.tokens[region.begin : region.begin + int(share * region.size)].astype(np.int64)
            found, n = np.unique(tokens[:-1] * size + tokens[1:], return_counts=True)
            keys, inverse = np.unique(np.concatenate([keys, found]), return_inverse=True)
            counts = np.bincount(inverse, np.concatenate([counts, n * region.weight]), minlength=len(keys))
        kept = ~np.isin(keys % size, self._special_ids)
        self._keys, self._counts = keys[kept], counts[kept]
        left, right = np.divmod(self._keys, size)
        self._left_counts = np.bincount(left, self._counts, minlength=size)
        self._left_discounts = np.bincount(left, np.minimum(self._counts, _DISCOUNT), minlength=size)
        # The last entry of each left token's run, in order of count, is its most frequent follower.
        order = np.lexsort((self._counts, left))
        self._best = np.full(size, np.argmax(self._unigram))
        self._best[left[order]] = right[order]

    def totals(self, batch):
        """Sums over a batch's predictions.

        Args:
          batch: dict of arrays, as ``ExampleStream.batch`` gives.

        Returns:
          dict with ``unigram`` and ``bigram``: arrays (summed loss in nats, number correct, number of predictions).
        """
        weights = batch["masked_lm_weights"].astype(bool)
        labels = batch["masked_lm_ids"][weights]
        positions = np.maximum(batch["masked_lm_positions"] - 1, 0)
        left = np.take_along_axis(batch["input_word_ids"], positions, axis=1)[weights]
        unigram = self._unigram[labels]
        return {
            "unigram": _sums(unigram, np.argmax(self._unigram) == labels),
            "bigram": _sums(self._conditional(left, labels, unigram), self._guess(left) == labels),
        }

    def _conditional(self, left, labels, unigram):
        keys = left.astype(np.int64) * self._vocab_size + labels
        place = np.minimum(np.searchsorted(self._keys, keys), len(self._keys) - 1)
        counts = np.where(self._keys[place] == keys, self._counts[place], 0.0)
        known = ~np.isin(left, self._special_ids) & (self._left_counts[left] > 0)
        total = np.where(known, self._left_counts[left], 1.0)
        probability = (np.maximum(counts - _DISCOUNT, 0.0) + self._left_discounts[left] * unigram) / total
        return np.where(known, probability, unigram)

    def _guess(self, left):
        return np.where(np.isin(left, self._special_ids), np.argmax(self._unigram), self._best[left])


def _sums(probabilities, correct):
    return np.array([-np.log(probabilities).sum(), correct.sum(), len(correct)])
