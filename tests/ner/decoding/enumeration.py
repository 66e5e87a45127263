"""Tag sequences one by one: what decoders are held to. Needs no TensorFlow."""

import collections
import itertools

import numpy as np

from ner.edges import NO_BEGIN, NO_END
from ner.tags import illegal_positions, spans_from_tags


def enumerate_sequences(unary, chain, tag_set, constrained, span_scores=None, classes=(0,) * 5):
    """All (tags, score) of one sentence; ``span_scores`` is a dict from (start, end, label), ``classes`` those of ``ner.edges``."""
    for path in itertools.product(range(len(tag_set)), repeat=len(unary)):
        tags = tag_set.decode(path)
        if constrained and illegal_positions(tags, tag_set.scheme):
            continue
        if any(classes[s.start] & NO_BEGIN or classes[s.end - 1] & NO_END for s in spans_from_tags(tags, tag_set.scheme)):
            continue
        score = chain.start[path[0]] + chain.end[path[-1]] + sum(unary[t, k] for t, k in enumerate(path))
        score += sum(chain.transitions[i, j] for i, j in zip(path, path[1:]))
        if span_scores:
            score += sum(span_scores[span] for span in spans_from_tags(tags, tag_set.scheme))
        yield tags, float(score)


def brute_force(*args):
    """The best tags, and dict from every entity of any sequence to its probability."""
    sequences = list(enumerate_sequences(*args))
    scheme = args[2].scheme
    highest = max(score for _, score in sequences)
    total, probabilities = 0.0, collections.Counter()
    for tags, score in sequences:
        weight = np.exp(score - highest)
        total += weight
        for span in spans_from_tags(tags, scheme):
            probabilities[span] += weight
    best = next(tags for tags, score in sequences if score == highest)
    return best, {span: weight / total for span, weight in probabilities.items()}
