"""Decoding in NumPy against enumeration of every tag sequence. No TensorFlow."""

import numpy as np
import pytest

from ner.decoding.array_decoder import ArrayDecoder, Chain
from ner.decoding.constraints import DecodingOptions, Masks
from ner.tags import TagSet, illegal_positions, spans_from_tags
from tests.ner.decoding.enumeration import brute_force

LENGTHS = np.array([5, 3, 1], np.int32)
TAG_SETS = [TagSet(("LOC", "PER")), TagSet(("LOC",), "BIOES"), TagSet(("LOC",), "BILOU")]


def random_chain(random, size):
    return Chain(*(random.normal(size=shape).astype(np.float32) for shape in ([size, size], [size], [size])))


def random_emissions(random, size, scale, rows=3, columns=5):
    emissions = (scale * random.normal(size=[rows, columns, size])).astype(np.float32)
    emissions[:, :, 0] -= scale
    return emissions


def check(decoded, row, length, tag_set, expected):
    """Compares a row with the best tags and every entity's probability. Returns the number of its entities."""
    best, probabilities = expected
    assert tag_set.decode(decoded["tags"][row, :length]) == best
    assert not decoded["tags"][row, length:].any()
    spans = spans_from_tags(best, tag_set.scheme)
    ends = [span.end - 1 for span in spans]
    np.testing.assert_allclose(decoded["scores"][row, ends], [probabilities[span] for span in spans], rtol=1e-5, atol=1e-7)
    assert np.count_nonzero(decoded["scores"][row]) == len(spans)
    return len(spans)


@pytest.mark.parametrize("constrained", [True, False])
@pytest.mark.parametrize("tag_set", TAG_SETS, ids=lambda t: t.scheme)
@pytest.mark.parametrize("scale", [0.3, 3.0, 30.0])
def test_entities_and_probabilities_equal_enumeration(tag_set, constrained, scale):
    random, found = np.random.default_rng(11), 0
    for _ in range(3):
        chain, emissions = random_chain(random, len(tag_set)), random_emissions(random, len(tag_set), scale)
        decoder = ArrayDecoder(chain, tag_set, DecodingOptions(constrained))
        decoded = decoder.entities(emissions, LENGTHS)
        np.testing.assert_array_equal(decoder.tags(emissions, LENGTHS), decoded["tags"])
        for row, length in enumerate(LENGTHS):
            found += check(decoded, row, length, tag_set, brute_force(emissions[row, :length], chain, tag_set, constrained))
    assert found > 10


@pytest.mark.parametrize("constrained", [True, False])
@pytest.mark.parametrize("tag_set", TAG_SETS[:2], ids=lambda t: t.scheme)
@pytest.mark.parametrize("longest, scale", [(1, 3.0), (2, 3.0), (5, 3.0), (3, 1e4)])
def test_span_scores_equal_enumeration(tag_set, constrained, longest, scale):
    random, found = np.random.default_rng(longest), 0
    for _ in range(3):
        chain, emissions = random_chain(random, len(tag_set)), random_emissions(random, len(tag_set), 1.0)
        span_scores = (scale * random.normal(size=[3, 5, longest, len(tag_set.types)])).astype(np.float32)
        decoded = ArrayDecoder(chain, tag_set, DecodingOptions(constrained)).entities(emissions, LENGTHS, span_scores)
        for row, length in enumerate(LENGTHS):
            own = _Spans(span_scores[row], tag_set.types)
            found += check(decoded, row, length, tag_set, brute_force(emissions[row, :length], chain, tag_set, constrained, own))
    assert found > 10


class _Spans(dict):
    """Score of each span (start, end, label)."""

    def __init__(self, scores, types):
        super().__init__()
        self._scores, self._types = scores, types

    def __missing__(self, span):
        length = span[1] - span[0]
        return float(self._scores[span[1] - 1, length - 1, self._types.index(span[2])]) if length <= self._scores.shape[1] else 0.0

    def __bool__(self):
        return True


@pytest.mark.parametrize("tag_set", TAG_SETS, ids=lambda t: t.scheme)
@pytest.mark.parametrize("with_span_scores", [False, True])
@pytest.mark.parametrize("punctuation", [False, True])
def test_characters_at_no_edge_equal_enumeration(tag_set, with_span_scores, punctuation):
    random, found = np.random.default_rng(2), 0
    options = DecodingOptions(edge_punctuation="never" if punctuation else "allowed")
    for _ in range(4):
        chain, emissions = random_chain(random, len(tag_set)), random_emissions(random, len(tag_set), 2.0)
        edges = np.where(random.random([3, 5]) < 0.4, 3, 0)
        if punctuation:
            edges = random.choice([0, 1, 2, 3], [3, 5], p=[0.4, 0.2, 0.2, 0.2])
        edges *= np.arange(5) < LENGTHS[:, None]
        span_scores = random.normal(size=[3, 5, 2, len(tag_set.types)]).astype(np.float32) if with_span_scores else None
        decoded = ArrayDecoder(chain, tag_set, options).entities(emissions, LENGTHS, span_scores, edges)
        for row, length in enumerate(LENGTHS):
            own = _Spans(span_scores[row], tag_set.types) if with_span_scores else None
            expected = brute_force(emissions[row, :length], chain, tag_set, True, own, edges[row])
            found += check(decoded, row, length, tag_set, expected)
    assert found > 8


def test_long_rows_are_precise():
    """A row of thousands of characters gives the same as its part around an entity that nothing further off can change."""
    tag_set, random = TAG_SETS[0], np.random.default_rng(5)
    chain, emissions = random_chain(random, 5), random_emissions(random, 5, 3.0, 1, 4001)
    emissions[:, 1000::1000] += 60.0 * np.eye(5, dtype=np.float32)[0]  # outside for sure
    decoder = ArrayDecoder(chain, tag_set)
    whole = decoder.entities(emissions, np.array([4001]))
    part = decoder.entities(emissions[:, 1000:2001], np.array([1001]))
    np.testing.assert_array_equal(whole["tags"][:, 1001:2000], part["tags"][:, 1:1000])
    np.testing.assert_allclose(whole["scores"][:, 1001:2000], part["scores"][:, 1:1000], atol=1e-6)
    assert np.count_nonzero(part["scores"]) > 100


@pytest.mark.parametrize("constrained", [True, False])
def test_scores_far_apart_give_numbers(constrained):
    tag_set, random = TAG_SETS[0], np.random.default_rng(3)
    decoder = ArrayDecoder(random_chain(random, 5), tag_set, DecodingOptions(constrained))
    decoded = decoder.entities(random_emissions(random, 5, 1e4, 3, 13), np.array([13, 7, 1]))
    spans = [spans_from_tags(tag_set.decode(row), "BIO") for row in decoded["tags"]]
    assert sum(map(len, spans)) > 5
    for row, own in enumerate(spans):
        np.testing.assert_allclose(decoded["scores"][row, [span.end - 1 for span in own]], 1.0, atol=1e-5)


def test_a_constraint_holds():
    tag_set, random = TAG_SETS[0], np.random.default_rng(7)
    chain, emissions = random_chain(random, 5), random_emissions(random, 5, 3.0, 3, 13)

    def only_locations(tags):
        allowed = np.array([not tag.endswith("PER") for tag in tags.tags])
        return Masks(allowed[:, None] & allowed, allowed, allowed)

    for constrained in (True, False):
        decoded = ArrayDecoder(chain, tag_set, DecodingOptions(constrained, (only_locations,))).tags(emissions, np.array([13, 11, 2]))
        rows = [tag_set.decode(row) for row in decoded]
        assert {tag[2:] for row in rows for tag in row} == {"", "LOC"}
        assert not constrained or all(illegal_positions(row, "BIO") == [] for row in rows)
