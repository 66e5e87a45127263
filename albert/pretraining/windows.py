"""Places of the corpus that a step reads, as a function of the step's number alone.

Each input is tiled with windows of as many tokens as a sequence takes. One pass over an input reads each of its windows once; every
pass shifts the tiling, so that sequences begin and end elsewhere. An epoch takes ``weight`` passes from each input: 2 reads it twice,
0.25 a quarter, another one in each of four epochs. All windows of an epoch are shuffled together. Nothing is stored between steps:
a run that goes on at step 12,345 reads exactly what an unbroken one reads there.
"""

import dataclasses

import numpy as np

from albert.errors import FieldError

# What a random number is for; keeps the streams of one seed apart.
_EPOCH, _ORDER, _SHIFT = range(3)


@dataclasses.dataclass(frozen=True)
class Region:
    """A stretch of whole documents of one input.

    Attributes:
      tokens: uint16 or uint32, all tokens of the input.
      word_starts: uint8 of the same length, or None.
      begin, end: the stretch, positions in ``tokens``.
      sentences: int64, where sentences begin, within the stretch.
      inner: int64, those of them that do not begin a document: the places where a pair of segments can meet.
      weight: passes over it in one epoch.
    """

    tokens: np.ndarray
    word_starts: np.ndarray
    begin: int
    end: int
    sentences: np.ndarray
    inner: np.ndarray
    weight: float = 1.0

    @property
    def size(self):
        """Number of tokens."""
        return self.end - self.begin


def split_cache(cache, weight, eval_fraction):
    """The training and the held-out ``Region`` of a ``TokenCache``: its last documents, about ``eval_fraction`` of the tokens.

    Returns:
      (training, held-out); the latter None where ``eval_fraction`` is 0 or less than a document.
    """
    total = len(cache.tokens)
    later = cache.documents[cache.documents >= total * (1.0 - eval_fraction)]
    cut = int(later[0]) if eval_fraction and len(later) else total
    training = _region(cache, 0, cut, weight)
    return training, _region(cache, cut, total, weight) if cut < total else None


def _region(cache, begin, end, weight):
    sentences = cache.sentences[slice(*np.searchsorted(cache.sentences, [begin, end]))]
    documents = cache.documents[slice(*np.searchsorted(cache.documents, [begin, end]))]
    inner = sentences[~np.isin(sentences, documents, assume_unique=True)]
    return Region(cache.tokens, cache.word_starts, begin, end, sentences, inner, weight)


@dataclasses.dataclass(frozen=True)
class Windows:
    """Some windows, one per row.

    Attributes:
      regions: int64 [R], index of the region.
      starts: int64 [R], position in the region's tokens.
    """

    regions: np.ndarray
    starts: np.ndarray


class WindowSampler:
    """The windows of every row of every step.

    Args:
      regions: list of ``Region``.
      size: tokens in a window.
      seed: of the shuffling.

    Raises:
      UserError: a region is shorter than a window, or no weight is above 0.
    """

    def __init__(self, regions, size, seed):
        self._regions = regions
        self._size = size
        self._seed = seed
        for region in regions:
            if region.size < size:
                raise FieldError("{input_file}: found an input of {} tokens, expected at least one sequence of {}", region.size, size)
        self._per_pass = [region.size // size for region in regions]
        self._per_epoch = [round(region.weight * n) for region, n in zip(regions, self._per_pass)]
        self.epoch_size = sum(self._per_epoch)
        if not self.epoch_size:
            raise FieldError("{input_weights}: found none that takes a sequence from its input, expected at least one above 0")
        self._epochs = {}

    def rows(self, first, count):
        """The windows of rows ``first`` … ``first + count - 1`` of the endless sequence of shuffled epochs.

        Returns:
          ``Windows``.
        """
        rows = np.arange(first, first + count)
        epochs, places = np.divmod(rows, self.epoch_size)
        regions, starts = np.empty(count, np.int64), np.empty(count, np.int64)
        for epoch in np.unique(epochs):
            chosen = epochs == epoch
            regions[chosen], starts[chosen] = (values[places[chosen]] for values in self._epoch(int(epoch)))
        return Windows(regions, starts)

    def _epoch(self, epoch):
        """(regions, starts) of an epoch's windows in shuffled order; the last two epochs asked for are kept."""
        if epoch not in self._epochs:
            while len(self._epochs) > 1:
                self._epochs.pop(min(self._epochs))
            self._epochs[epoch] = self._shuffled(epoch)
        return self._epochs[epoch]

    def _shuffled(self, epoch):
        starts = [self._starts(k, epoch) for k in range(len(self._regions))]
        regions = np.repeat(np.arange(len(self._regions)), self._per_epoch)
        order = self._rng(_EPOCH, epoch).permutation(self.epoch_size)
        return regions[order], np.concatenate(starts)[order]

    def _starts(self, k, epoch):
        """Starts of the windows that an epoch takes from region ``k``: its share of that region's endless sequence of passes."""
        region, per_pass, per_epoch = self._regions[k], self._per_pass[k], self._per_epoch[k]
        passes, places = np.divmod(epoch * per_epoch + np.arange(per_epoch), per_pass)
        starts = np.empty(per_epoch, np.int64)
        for number in np.unique(passes):
            chosen = passes == number
            order = self._rng(_ORDER, k, int(number)).permutation(per_pass)
            shift = int(self._rng(_SHIFT, k, int(number)).integers(self._size))
            starts[chosen] = region.begin + shift + order[places[chosen]] * self._size
        return starts

    def _rng(self, *stream):
        return np.random.default_rng([self._seed, *stream])
