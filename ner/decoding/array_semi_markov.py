"""The results of :class:`ner.decoding.semi_markov.SemiMarkovChain`, in NumPy: decoding in which whole entities have scores of their own.

Shapes: B batch, T characters, S states, A entity lengths, and one more for all that are longer; L entity types.
"""

import numpy as np

from ner.decoding.states import States

# Score of what is impossible; finite, so that it stays a number when added up over the characters of a text.
_IMPOSSIBLE = -1e30


class SemiMarkovArrays:
    """Tag sequences with the scores of a chain and of the entities in them.

    Args:
      transitions: float64 [S, S].
      states: the ``States``.
      unary: float64 [B, T, S], with start and end scores.
      lengths: int [B], in [1, T].
      span_scores: float [B, T, A, L]; see ``ner.decoding.decoder.Decoder.entities``.
    """

    def __init__(self, transitions: np.ndarray, states: States, unary: np.ndarray, lengths: np.ndarray, span_scores: np.ndarray):
        self._continuing = np.where(states.continues, transitions, _IMPOSSIBLE)
        self._leaving = np.where(states.continues, _IMPOSSIBLE, transitions)
        self._labels = states.labels
        self._unary, self._lengths, self._span_scores = unary, lengths, span_scores

    def decode(self) -> np.ndarray:
        """Best sequence of states by the Viterbi algorithm: int [B, T], 0 in the padding."""
        closing = self._closing(self._span_scores.shape[2])
        rows, steps, ages, states = closing.shape
        state = self._first(ages)
        scores, origins = [state], []
        for t in range(1, steps):
            ending = state + closing[:, t - 1]
            age_of, ending = ending.argmax(axis=1), ending.max(axis=1)
            fresh = ending[:, :, None] + self._leaving
            left = fresh.argmax(axis=1)
            continued = state[..., None] + self._continuing
            came, continued = continued.argmax(axis=2) + np.arange(ages)[:, None] * states, continued.max(axis=2)
            older = continued[:, -1] > continued[:, -2]
            last = np.where(older, continued[:, -1], continued[:, -2])
            last_from = np.where(older, came[:, -1], came[:, -2])
            new = np.concatenate([fresh.max(axis=1)[:, None], continued[:, :-2], last[:, None]], axis=1) + self._unary[:, t, None]
            state = new - new.max(axis=(1, 2), keepdims=True)
            fresh_from = np.take_along_axis(age_of, left, axis=1) * states + left
            origins.append(np.concatenate([fresh_from[:, None], came[:, :-2], last_from[:, None]], axis=1).reshape(rows, -1))
            scores.append(state)
        path = np.zeros([rows, steps], np.int32)
        for row, length in enumerate(self._lengths):
            best = int((scores[length - 1][row] + closing[row, length - 1]).argmax())
            for t in range(length - 1, -1, -1):
                path[row, t] = best % states
                if t:
                    best = int(origins[t - 1][row, best])
        return path

    def probabilities(self, firsts: np.ndarray, lasts: np.ndarray, found: np.ndarray) -> np.ndarray:
        """Probability of each entity: float64 [E].

        The share of all sequences in which a state of the entity's type at its last character has the entity's age and is not continued.

        Args:
          firsts, lasts: int [E, 2], row and character of each entity's ends.
          found: int [B, T], states of :meth:`decode`.
        """
        ages = lasts[:, 1] - firsts[:, 1]
        closing = self._closing(max(self._span_scores.shape[2], int(ages.max()) + 1))
        forward = self._forward(closing)
        leave, total = self._backward(closing, forward)
        rows, ends = lasts.T
        own = forward[rows, ends, ages] + closing[rows, ends, ages] + leave[rows, ends]
        same = self._labels == self._labels[found[rows, ends]][:, None]
        return np.exp(np.where(same, own, _IMPOSSIBLE) - total[rows, ends][:, None]).sum(axis=1)

    def _closing(self, ages):
        """Scores of an entity's end [B, T, ages + 1, S]."""
        rows, steps, known, types = self._span_scores.shape
        padded = np.zeros([rows, steps, ages + 1, types + 1])  # the last type is that of what is no entity
        padded[:, :, :known, :types] = self._span_scores
        return padded[..., self._labels]

    def _first(self, ages):
        first = np.full([len(self._unary), ages, self._unary.shape[2]], _IMPOSSIBLE)
        first[:, 0] = self._unary[:, 0]
        return first

    def _forward(self, closing):
        """Log sums over all ways to a state and age, but for a constant for each character: float64 [B, T, ages, S]."""
        _, steps, ages, _ = closing.shape
        states = [self._first(ages)]
        for t in range(1, steps):
            closed = _logsumexp(states[-1] + closing[:, t - 1], 1)
            fresh = _logsumexp(closed[:, :, None] + self._leaving, 1)
            continued = _logsumexp(states[-1][..., None] + self._continuing, 2)
            oldest = _logsumexp(continued[:, -2:], 1)
            new = np.concatenate([fresh[:, None], continued[:, :-2], oldest[:, None]], axis=1) + self._unary[:, t, None]
            states.append(new - new.max(axis=(1, 2), keepdims=True))
        return np.stack(states, axis=1)

    def _backward(self, closing, forward):
        """(log sums float64 [B, T, S] over all ways to go on from a state whose entity ends, log sum over all sequences [B, T]); both but
        for a constant for each character."""
        rows, steps, _, states = closing.shape
        leave, total = np.zeros([rows, steps, states]), np.zeros([rows, steps])
        after = None  # of the character after: all ways on from a state and age, its own unary score included
        for t in range(steps - 1, -1, -1):
            at_end = (self._lengths - 1 <= t)[:, None]
            on = np.full_like(closing[:, t], _IMPOSSIBLE)
            if after is not None:
                fresh = _logsumexp(self._leaving + after[:, 0, None], 2)
                older = np.concatenate([after[:, 1:], after[:, -1:]], axis=1)
                leave[:, t] = np.where(at_end, 0.0, fresh)
                on = np.where(at_end[..., None], _IMPOSSIBLE, _logsumexp(self._continuing + older[:, :, None], 3))
            ways = np.logaddexp(closing[:, t] + leave[:, t, None], on)
            total[:, t] = _logsumexp((forward[:, t] + ways).reshape(rows, -1), 1)
            after = ways + self._unary[:, t, None]
            lower = after.max(axis=(1, 2), keepdims=True)
            after = after - lower
        return leave, total


def _logsumexp(values, axis):
    largest = values.max(axis=axis, keepdims=True)
    return np.log(np.exp(values - largest).sum(axis=axis)) + np.squeeze(largest, axis)
