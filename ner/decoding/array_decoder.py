"""The results of :class:`ner.decoding.decoder.Decoder`, in NumPy: for a process without TensorFlow.

Sums over tag sequences are of probabilities and not of logarithms, which takes a tenth of the time here: in float64, and scaled at each
character, so that they are precise however long the text is.

Shapes: B batch, T characters, K tags, S states, E entities of all rows, A entity lengths, L entity types.
"""

from typing import NamedTuple, Optional

import numpy as np

from ner.decoding.array_semi_markov import SemiMarkovArrays
from ner.decoding.constraints import DEFAULT_OPTIONS, DecodingOptions
from ner.decoding.states import States, edge_states, tag_states
from ner.model.crf import FORBIDDEN
from ner.tags import OUTSIDE, TagSet

# Of two scores further apart than this one is as good as impossible: twice as much is still a number in float64.
_FURTHEST = 300.0
# A sum this small has come of what was nearly impossible before: then logarithms are needed after all.
_LEAST_SUM = 1e-100


class Chain(NamedTuple):
    """Scores of a linear chain: ``transitions`` float [K, K], from tag i to tag j at [i, j], ``start`` and ``end`` [K]."""

    transitions: np.ndarray
    start: np.ndarray
    end: np.ndarray


class ArrayDecoder:
    """Finds the best tag sequence and the entities in it with their probabilities.

    Args:
      chain: the :class:`Chain` to decode with.
      tag_set: the ``TagSet`` the emissions are over.
      options: ``DecodingOptions``.
    """

    def __init__(self, chain: Chain, tag_set: TagSet, options: DecodingOptions = DEFAULT_OPTIONS):
        self._tag_set = tag_set
        self._is_entity = np.array([tag != OUTSIDE for tag in tag_set.tags])
        masks = options.masks(tag_set)
        self._plain = _Paths(chain, tag_states(tag_set, masks))
        self._edges = _Paths(chain, edge_states(tag_set, masks, options.punctuation)) if options.edges else self._plain

    def tags(self, emissions: np.ndarray, lengths: np.ndarray, edges: Optional[np.ndarray] = None) -> np.ndarray:
        """Best tag ids int32 [B, T], 0 in the padding; arguments as for :meth:`entities`, T at least 1."""
        paths = self._plain if edges is None else self._edges
        unary = paths.unary(emissions, lengths, edges)
        return paths.states.tags[_best_path(unary, lengths, paths.transitions)] * _real(lengths, unary)

    def entities(
        self,
        emissions: np.ndarray,
        lengths: np.ndarray,
        span_scores: Optional[np.ndarray] = None,
        edges: Optional[np.ndarray] = None,
    ) -> dict[str, np.ndarray]:
        """Best tags, and the probabilities of the entities in them, as ``Decoder.entities``.

        Args:
          emissions: float [B, T, K], T at least 1.
          lengths: int [B], in [1, T].
          span_scores, edges: as for ``Decoder.entities``.

        Returns:
          dict of ``tags`` int32 [B, T] and ``scores`` float32 [B, T].
        """
        paths = self._plain if edges is None else self._edges
        unary = paths.unary(emissions, lengths, edges)
        if span_scores is None:
            found = _best_path(unary, lengths, paths.transitions)
        else:
            chain = SemiMarkovArrays(paths.transitions, paths.states, unary, lengths, span_scores)
            found = chain.decode()
        tags = paths.states.tags[found] * _real(lengths, unary)
        opens, closes = self._borders(tags, lengths)
        firsts, lasts = (np.stack(np.nonzero(borders), axis=1) for borders in (opens, closes))
        if not len(firsts):
            values = np.zeros(0)
        elif span_scores is None:
            labels = paths.states.labels[tags[tuple(firsts.T)]]
            values = _probabilities(paths, unary, lengths, firsts, lasts, labels)
            if values is None:
                nothing = np.zeros([*tags.shape, 1, len(self._tag_set.types)])
                values = SemiMarkovArrays(paths.transitions, paths.states, unary, lengths, nothing).probabilities(firsts, lasts, found)
        else:
            values = chain.probabilities(firsts, lasts, found)
        scores = np.zeros(tags.shape, np.float32)
        scores[tuple(lasts.T)] = np.clip(values, 0.0, 1.0)
        return {"tags": tags, "scores": scores}

    def _borders(self, tags, lengths):
        """Places at which the entities of tag sequences open and close: two bool [B, T]."""
        real = _real(lengths, tags)
        entity = self._is_entity[tags] & real
        continues = np.zeros([len(tags), tags.shape[1] + 1], bool)
        continues[:, 1:-1] = self._tag_set.continues[tags[:, :-1], tags[:, 1:]] & real[:, 1:]
        return entity & ~continues[:, :-1], entity & ~continues[:, 1:]


class _Paths:
    """The states that sequences are made of, and the scores of a chain over them, those forbidden far below all others."""

    def __init__(self, chain: Chain, states: States):
        self.states = states
        tags = states.tags
        scores = [chain.transitions[np.ix_(tags, tags)], chain.start[tags], chain.end[tags]]
        if states.masks:
            scores = [score + np.where(allowed, 0.0, FORBIDDEN) for score, allowed in zip(scores, states.masks)]
        self.transitions, self._start, self._end = (score.astype(np.float64) for score in scores)
        self._everywhere = len(tags) == len(chain.start)

    def unary(self, emissions, lengths, edges):
        """Scores of each state at each character, with those of start and end: float64 [B, T, S]."""
        unary = emissions.astype(np.float64) if self._everywhere else emissions[:, :, self.states.tags].astype(np.float64)
        if self.states.at is not None:
            unary = unary + np.where(self.states.at, 0.0, FORBIDDEN)[edges]
        unary[:, 0] += self._start
        unary[np.arange(len(lengths)), lengths - 1] += self._end
        return unary


def _real(lengths, values):
    return np.arange(values.shape[1]) < lengths[:, None]


def _best_path(unary, lengths, transitions):
    """Best sequence of states by the Viterbi algorithm (paper, eq. 19): int [B, T], 0 in the padding."""
    rows, steps, states = unary.shape
    best = np.empty([steps, rows, states])
    best[0] = unary[:, 0]
    ways = np.empty([rows, states, states])
    to_state = np.ascontiguousarray(transitions.T)
    for t in range(1, steps):
        np.add(best[t - 1][:, None, :], to_state, out=ways)
        np.max(ways, axis=2, out=best[t])
        best[t] += unary[:, t]
    # From the last character on; rows that are shorter begin when their own comes.
    path, shortest = np.zeros([steps, rows], np.int32), lengths.min()
    state = best[-1].argmax(axis=1)
    path[-1] = state
    for t in range(steps - 2, -1, -1):
        onward = to_state[state] if t + 1 < shortest else np.where((lengths > t + 1)[:, None], to_state[state], 0.0)
        path[t] = state = (best[t] + onward).argmax(axis=1)
    return np.where(_real(lengths, unary), path.T, 0)


def _sums(unary, lengths, transitions):
    """Sums over all ways to each state and on from it, as probabilities but for a factor for each character.

    Args:
      unary: float64 [B, T, S].
      lengths: int [B].
      transitions: float64 [S, S].

    Returns:
      (here, alpha, beta, ways): float64 [B, T, S] each but the last. ``here`` is exp(unary); ``alpha`` of all ways that end in a state,
      with its own score, ``beta`` of all that go on from it, without; ``ways`` [S, S] is exp(transitions). None where scores are too far
      apart.
    """
    rows, steps, states = unary.shape
    ways = np.exp(np.maximum(transitions - transitions.max(), -_FURTHEST))
    here = np.exp(np.maximum(unary - unary.max(axis=2, keepdims=True), -_FURTHEST))
    # Both directions at a time; backwards, each row begins with its own last character.
    places = np.arange(steps)
    mirror = np.where(places < lengths[:, None], lengths[:, None] - 1 - places, places)
    own = np.arange(rows)[:, None]
    both = np.stack([here, here[own, mirror]]).transpose(2, 0, 1, 3).copy()  # [T, 2, B, S]
    kernels = np.stack([ways, ways.T])
    before = np.empty_like(both)  # without the character's own score
    before[0] = 1.0
    totals = np.empty([*both.shape[:-1], 1])
    both[0] /= both[0].sum(axis=-1, keepdims=True, out=totals[0])
    for t in range(1, steps):
        np.matmul(both[t - 1], kernels, out=before[t])
        both[t] *= before[t]
        both[t] /= both[t].sum(axis=-1, keepdims=True, out=totals[t])
    if totals.min() < _LEAST_SUM:
        return None
    return here, both[:, 0].transpose(1, 0, 2), before[:, 1].transpose(1, 0, 2)[own, mirror], ways


def _probabilities(paths, unary, lengths, firsts, lasts, labels):
    """Probability of each entity: float64 [E]; None where scores are too far apart for sums of probabilities.

    Given all that is known of the text the states are a Markov chain: an entity's probability is that of beginning where it does, summed
    over the ways that continue it up to its last character, times that of ending there.

    Args:
      paths: the ``_Paths``.
      unary: float64 [B, T, S].
      lengths: int [B].
      firsts, lasts: int [E, 2], row and character of each entity's ends.
      labels: int [E], the number of each entity's type.
    """
    sums = _sums(unary, lengths, paths.transitions)
    if sums is None:
        return None
    here, alpha, beta, ways = sums
    ahead = here * beta
    ahead /= ahead.max(axis=2, keepdims=True)
    continuing = np.where(paths.states.continues, ways, 0.0)
    leaving = ways - continuing
    rows, starts = firsts.T
    ends = lasts[:, 1]
    # P(state at the first character, it continues nothing): the ways there that continue nothing over all ways there.
    previous = alpha[rows, np.maximum(starts - 1, 0)]
    at_first = ahead[rows, starts]
    begun = np.where(starts[:, None] == 0, 1.0, previous @ leaving) * at_first
    begun /= (np.where(starts[:, None] == 0, 1.0, previous @ ways) * at_first).sum(axis=1, keepdims=True)
    entity = np.where(paths.states.labels == labels[:, None], begun, 0.0)
    for place in range(1, int((ends - starts).max()) + 1):
        going = np.nonzero(starts + place <= ends)[0]
        onward = ahead[rows[going], starts[going] + place]
        entity[going] = ((entity[going] / (onward @ ways.T)) @ continuing) * onward
    # P(the entity ends here | its state here).
    after = ahead[rows, np.minimum(ends + 1, unary.shape[1] - 1)]
    stop = np.where((ends >= lengths[rows] - 1)[:, None], 1.0, (after @ leaving.T) / (after @ ways.T))
    return (entity * stop).sum(axis=1)
