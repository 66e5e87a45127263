"""Choice of the texts to annotate next, out of any number of them, in memory that does not grow with it."""

import collections
import hashlib
import heapq
from collections.abc import Iterable
from typing import NamedTuple

from ner.tags import Span

_GRAM = 3
# More doubtful texts are held than are asked for: some prove to be near-duplicates of others.
_SPARE = 2

BY_DOUBT, AT_RANDOM = "doubt", "random"


class Candidate(NamedTuple):
    """A text that may be annotated.

    Attributes:
      text: the text.
      doubt: expected number of entities that are wrong or missing in ``spans``.
      spans: list of (``Span``, probability), the tagger's entities.
    """

    text: str
    doubt: float
    spans: list


class Chooser:
    """Holds the most doubtful texts that are no near-duplicates, and a random sample of all.

    Args:
      limit: texts to choose.
      random_share: share of them that is chosen at random, in [0, 1].
      max_overlap: texts are near-duplicates from this share of common character trigrams on (of all that either has), in (0, 1].
      seed: of the random choice.
      annotated: texts that are annotated already; they are not chosen again, nor are their near-duplicates.
    """

    def __init__(self, limit: int, random_share: float = 0.1, max_overlap: float = 0.6, seed: int = 42, annotated: Iterable[str] = ()):
        self._num_random = round(limit * random_share)
        self._num_doubtful = limit - self._num_random
        self._seed = seed
        self._blocked = _Index(max_overlap)
        for number, text in enumerate(annotated):
            self._blocked.add(number, text)
        self._held = _Index(max_overlap)
        self._doubtful = {}  # number → Candidate
        self._heap = []  # (doubt, number); those whose number is held no more are passed over
        self._random = {}  # text → Candidate
        self._ranks = []  # (-rank, text) of the random ones, the highest rank first
        self._next = 0

    def add(self, candidate: Candidate) -> None:
        """Take in the next text."""
        self._add_random(candidate)
        self._add_doubtful(candidate)

    def choose(self) -> list[tuple[Candidate, str]]:
        """The chosen texts, most doubtful first, and for each ``doubt`` or ``random``; the random ones stand evenly between the others."""
        doubtful = sorted(self._doubtful.values(), key=lambda candidate: (-candidate.doubt, candidate.text))[: self._num_doubtful]
        chosen = {candidate.text for candidate in doubtful}
        ranked = sorted((-rank, text) for rank, text in self._ranks)
        sample = [self._random[text] for _, text in ranked if text not in chosen][: self._num_random]
        places = [
            ((2 * number + 1) / (2 * len(part)), kind, candidate)
            for part, kind in ((doubtful, BY_DOUBT), (sample, AT_RANDOM))
            for number, candidate in enumerate(part)
        ]
        return [(candidate, kind) for _, kind, candidate in sorted(places, key=lambda place: (place[0], place[1]))]

    def state(self) -> dict:
        """JSON-ready dict of what is held."""
        return {
            "doubtful": [_to_list(c) for _, c in sorted(self._doubtful.items())],
            "random": [_to_list(c) for c in self._random.values()],
        }

    def restore(self, state: dict) -> None:
        """Hold what a chooser with the same arguments held when it gave this :meth:`state`.

        Raises:
          KeyError, TypeError, ValueError: it is none.
        """
        for values in state["doubtful"]:
            self._add_doubtful(_from_list(values))
        for values in state["random"]:
            self._add_random(_from_list(values))

    def _add_random(self, candidate):
        # As many spare ones as may be among the doubtful, too.
        room = self._num_random + self._num_doubtful if self._num_random else 0
        rank = int.from_bytes(hashlib.sha256(f"{self._seed} {candidate.text}".encode("utf-8", "surrogatepass")).digest()[:8], "big")
        if candidate.text in self._random or (len(self._ranks) >= room and (not room or -rank <= self._ranks[0][0])):
            return
        if self._blocked.similar(candidate.text):
            return
        self._random[candidate.text] = candidate
        heapq.heappush(self._ranks, (-rank, candidate.text))
        if len(self._ranks) > room:
            del self._random[heapq.heappop(self._ranks)[1]]

    def _add_doubtful(self, candidate):
        room = _SPARE * self._num_doubtful
        self._drop_stale()
        if not room or (len(self._doubtful) >= room and candidate.doubt <= self._heap[0][0]):
            return
        if self._blocked.similar(candidate.text):
            return
        similar = self._held.similar(candidate.text)
        if any(self._doubtful[number].doubt >= candidate.doubt for number in similar):
            return
        for number in similar:
            self._drop(number)
        self._doubtful[self._next] = candidate
        self._held.add(self._next, candidate.text)
        heapq.heappush(self._heap, (candidate.doubt, self._next))
        self._next += 1
        self._drop_stale()
        if len(self._doubtful) > room:
            self._drop(self._heap[0][1])

    def _drop(self, number):
        self._held.remove(number, self._doubtful.pop(number).text)

    def _drop_stale(self):
        while self._heap and self._heap[0][1] not in self._doubtful:
            heapq.heappop(self._heap)


class _Index:
    """Texts by their character n-grams."""

    def __init__(self, max_overlap):
        self._max_overlap = max_overlap
        self._by_gram = collections.defaultdict(set)
        self._sizes = {}

    def add(self, number, text):
        grams = _grams(text)
        self._sizes[number] = len(grams)
        for gram in grams:
            self._by_gram[gram].add(number)

    def remove(self, number, text):
        del self._sizes[number]
        for gram in _grams(text):
            self._by_gram[gram].discard(number)
            if not self._by_gram[gram]:
                del self._by_gram[gram]

    def similar(self, text):
        """Numbers of the texts whose n-grams overlap too much."""
        grams = _grams(text)
        common = collections.Counter()
        for gram in grams:
            common.update(self._by_gram.get(gram, ()))
        return [n for n, count in common.items() if count >= self._max_overlap * (len(grams) + self._sizes[n] - count)]


def _grams(text):
    """The different n-grams of a text, the text itself where it is shorter."""
    return {text[start : start + _GRAM] for start in range(max(len(text) - _GRAM + 1, 1))}


def _to_list(candidate):
    return [candidate.text, candidate.doubt, [[*span, score] for span, score in candidate.spans]]


def _from_list(values):
    text, doubt, spans = values
    if not isinstance(text, str) or not isinstance(doubt, float):
        raise ValueError("no candidate")
    return Candidate(text, doubt, [(Span(start, end, label), score) for start, end, label, score in spans])
