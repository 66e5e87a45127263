"""Entities and their probabilities against enumeration of every tag sequence."""

import itertools

import numpy as np
import pytest
import tensorflow as tf

from ner.decoding import Decoder
from ner.layers.crf import LinearChain
from ner.tags import TagSet, illegal_positions, spans_from_tags


def _enumerate(unary, chain, tag_set, constrained):
    """All (tags, probability) of one sentence."""
    paths, scores = [], []
    for path in itertools.product(range(len(tag_set)), repeat=len(unary)):
        tags = tag_set.decode(path)
        if constrained and illegal_positions(tags, tag_set.scheme):
            continue
        score = chain.start[path[0]] + chain.end[path[-1]] + sum(unary[t, k] for t, k in enumerate(path))
        score += sum(chain.transitions[i, j] for i, j in zip(path, path[1:]))
        paths.append(tags)
        scores.append(float(score))
    weights = np.exp(np.array(scores) - max(scores))
    return paths, weights / weights.sum()


def _read(decoded, row, tag_set):
    opens, closes = np.nonzero(decoded["opens"][row])[0], np.nonzero(decoded["closes"][row])[0]
    tags = tag_set.decode(decoded["tags"][row].numpy())
    log_p = [
        decoded["opening"][row, s] + decoded["inside"][row, e] - decoded["inside"][row, s] + decoded["closing"][row, e]
        for s, e in zip(opens, closes)
    ]
    return [(s, e + 1, tags[s][2:]) for s, e in zip(opens, closes)], np.exp(log_p)


@pytest.mark.parametrize("constrained", [True, False])
@pytest.mark.parametrize("scheme", ["BIO", "BIOES"])
@pytest.mark.parametrize("scale", [0.3, 3.0])
def test_entities_and_probabilities_equal_enumeration(scheme, constrained, scale):
    tag_set = TagSet(("LOC", "PER") if scheme == "BIO" else ("LOC",), scheme)
    random = np.random.default_rng(11)
    size, longest = len(tag_set), 5
    found = 0
    for _ in range(7):
        transitions, start, end = (random.normal(size=s).astype(np.float32) for s in ([size, size], [size], [size]))
        unary = (scale * random.normal(size=[4, longest, size])).astype(np.float32)
        unary[:, :, 0] -= scale
        lengths = np.array([longest, 3, 1, 0], np.int32)
        chain = LinearChain(transitions, start, end)
        decoded = Decoder(chain, tag_set, constrained).entities(tf.constant(unary), tf.constant(lengths))
        assert not _read(decoded, 3, tag_set)[0]
        for row in range(3):
            n = lengths[row]
            paths, probabilities = _enumerate(unary[row, :n], chain, tag_set, constrained)
            best = paths[int(np.argmax(probabilities))]
            assert tag_set.decode(decoded["tags"][row, :n].numpy()) == best
            spans, scores = _read(decoded, row, tag_set)
            assert spans == [tuple(span) for span in spans_from_tags(best, scheme)]
            for (s, e, label), score in zip(spans, scores):
                expected = sum(
                    p for tags, p in zip(paths, probabilities) if tags[s:e] == best[s:e] and (s, e, label) in spans_from_tags(tags, scheme)
                )
                assert score == pytest.approx(expected, abs=1e-5)
                found += 1
    assert found > 20


def test_constrained_decoding_gives_no_illegal_sequence():
    tag_set = TagSet(("LOC", "ORG", "PER"))
    chain = LinearChain(np.zeros([7, 7], np.float32), np.zeros(7, np.float32), np.zeros(7, np.float32))
    emissions = (30 * np.random.default_rng(2).normal(size=[53, 17, 7])).astype(np.float32)
    lengths = np.full(53, 17, np.int32)
    free = Decoder(chain, tag_set, constrained=False).tags(emissions, lengths).numpy()
    legal = Decoder(chain, tag_set).tags(emissions, lengths).numpy()
    assert any(illegal_positions(tag_set.decode(row)) for row in free)
    assert not any(illegal_positions(tag_set.decode(row)) for row in legal)
