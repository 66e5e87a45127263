"""Entities and their probabilities against enumeration of every tag sequence."""

import collections

import numpy as np
import pytest
import tensorflow as tf

from ner.decoding.constraints import DecodingOptions
from ner.decoding.decoder import Decoder
from ner.model.crf.layer import LinearChain
from ner.tags import TagSet, illegal_positions, spans_from_tags
from tests.ner.decoding.enumeration import brute_force

LENGTHS = np.array([5, 3, 1, 0], np.int32)


def random_chain(random, size):
    return LinearChain(*(random.normal(size=shape).astype(np.float32) for shape in ([size, size], [size], [size])))


def random_emissions(random, size, scale, columns=5):
    emissions = (scale * random.normal(size=[4, columns, size])).astype(np.float32)
    emissions[:, :, 0] -= scale
    return emissions


def read_entities(decoded, row, tag_set):
    """{(start, end, label): score} from the decoder's borders."""
    opens, closes = (np.nonzero(decoded[name][row])[0] for name in ("opens", "closes"))
    tags = tag_set.decode(decoded["tags"][row].numpy())
    return {(s, e + 1, tags[s][2:]): float(decoded["scores"][row, e]) for s, e in zip(opens, closes)}


@pytest.mark.parametrize("constrained", [True, False])
@pytest.mark.parametrize("tag_set", [TagSet(("LOC", "PER")), TagSet(("LOC",), "BIOES"), TagSet(("LOC",), "BILOU")], ids=lambda t: t.scheme)
@pytest.mark.parametrize("scale", [0.3, 3.0])
def test_entities_and_probabilities_equal_enumeration(tag_set, constrained, scale):
    random = np.random.default_rng(11)
    found = 0
    for _ in range(3):
        chain = random_chain(random, len(tag_set))
        emissions = random_emissions(random, len(tag_set), scale)
        decoded = Decoder(chain, tag_set, DecodingOptions(constrained)).entities(tf.constant(emissions), tf.constant(LENGTHS))
        assert read_entities(decoded, 3, tag_set) == {}
        for row, length in enumerate(LENGTHS[:3]):
            best, probabilities = brute_force(emissions[row, :length], chain, tag_set, constrained)
            assert tag_set.decode(decoded["tags"][row, :length].numpy()) == best
            entities = read_entities(decoded, row, tag_set)
            assert list(entities) == spans_from_tags(best, tag_set.scheme)
            for span, score in entities.items():
                assert score == pytest.approx(probabilities[span], abs=1e-5)
                found += 1
    assert found > 6


@pytest.mark.parametrize("constrained", [True, False])
@pytest.mark.parametrize("tag_set", [TagSet(("LOC", "PER")), TagSet(("LOC",), "BIOES")], ids=lambda t: t.scheme)
@pytest.mark.parametrize("longest", [1, 2, 5])
def test_span_scores_equal_enumeration(tag_set, constrained, longest):
    random = np.random.default_rng(13)
    labels = tag_set.types
    changed = 0
    for _ in range(3):
        chain = random_chain(random, len(tag_set))
        emissions = random_emissions(random, len(tag_set), 1.0)
        span_scores = (3 * random.normal(size=[4, 5, longest, len(labels)])).astype(np.float32)
        decoder = Decoder(chain, tag_set, DecodingOptions(constrained))
        decoded = decoder.entities(tf.constant(emissions), tf.constant(LENGTHS), tf.constant(span_scores))
        plain = decoder.tags(tf.constant(emissions), tf.constant(LENGTHS)).numpy()
        assert read_entities(decoded, 3, tag_set) == {}
        for row, length in enumerate(LENGTHS[:3]):
            by_span = collections.Counter(
                {
                    (end + 1 - age - 1, end + 1, label): span_scores[row, end, age, index]
                    for end in range(length)
                    for age in range(min(longest, end + 1))
                    for index, label in enumerate(labels)
                }
            )
            best, probabilities = brute_force(emissions[row, :length], chain, tag_set, constrained, by_span)
            tags = tag_set.decode(decoded["tags"][row, :length].numpy())
            assert tags == best
            changed += tags != tag_set.decode(plain[row, :length])
            entities = read_entities(decoded, row, tag_set)
            assert list(entities) == spans_from_tags(best, tag_set.scheme)
            for span, score in entities.items():
                assert score == pytest.approx(probabilities[span], abs=1e-5)
    assert changed >= 3


def best_in_float64(unary, chain, tag_set, span_scores):
    """Best tags of one sentence, tuple of ids, by dynamic programming over states (tag, characters its entity has).

    Args:
      unary: float64 [T, K].
      chain: unconstrained ``LinearChain``.
      span_scores: float64 [T, A, L].
    """
    transitions, start, end = (np.float64(scores) for scores in (chain.transitions, chain.start, chain.end))
    labels = [None if tag == "O" else tag_set.types.index(tag[2:]) for tag in tag_set.tags]
    longest = span_scores.shape[1]

    def closed(states, t):
        """The states with the score of the entity that ends at t, if one does."""
        for (i, age), (score, tags) in states.items():
            scored = labels[i] is not None and age <= longest
            yield i, age, score + (span_scores[t, age - 1, labels[i]] if scored else 0.0), tags

    states = {(k, 1): (start[k] + unary[0, k], (k,)) for k in range(len(labels))}
    for t in range(1, len(unary)):
        further = {}
        for k in range(len(labels)):
            ways = [
                ((k, 1), score + transitions[i, k] + unary[t, k], tags)
                for i, _, score, tags in closed(states, t - 1)
                if not tag_set.continues[i, k]
            ]
            ways += [
                ((k, min(age, longest) + 1), score + transitions[i, k] + unary[t, k], tags)
                for (i, age), (score, tags) in states.items()
                if tag_set.continues[i, k]
            ]
            for state, score, tags in ways:
                further[state] = max(further.get(state, (-np.inf,)), (score, (*tags, k)))
        states = further
    return max((score + end[i], tags) for i, _, score, tags in closed(states, len(unary) - 1))[1]


@pytest.mark.parametrize("weight", [1.0, 1e4, 1e6])
@pytest.mark.parametrize("tag_set", [TagSet(("LOC", "PER")), TagSet(("LOC",), "BIOES")], ids=lambda t: t.scheme)
def test_emissions_count_beside_scores_of_any_size(tag_set, weight):
    """Overlapping terms that must, and terms that must never be entities, all over sentences of 61 characters; against float64.

    Whatever the weights leave open, the emissions decide: in float32 they are rounded to 1/16 beside 1,000,000.
    """
    random = np.random.default_rng(17)
    size, columns = len(tag_set), 61
    zero = LinearChain(*(np.zeros(shape, np.float32) for shape in ([size, size], [size], [size])))
    chain = random_chain(random, size)
    emissions = random.normal(size=[7, columns, size]).astype(np.float32)
    terms = random.random([7, columns, 5, len(tag_set.types)])
    span_scores = (weight * np.select([terms < 0.08, terms > 0.92], [1.0, -1.0], 0.0)).astype(np.float32)
    for scored in (zero, chain):
        decoded = Decoder(scored, tag_set, DecodingOptions(constrained_decoding=False)).entities(
            emissions, np.full(7, columns, np.int32), span_scores
        )
        for row in range(7):
            best = best_in_float64(emissions[row].astype(np.float64), scored, tag_set, span_scores[row].astype(np.float64))
            np.testing.assert_array_equal(decoded["tags"][row], best)


@pytest.mark.parametrize("constrained", [True, False])
@pytest.mark.parametrize("weight", [1e4, 1e6])
def test_probabilities_beside_scores_of_any_size(weight, constrained):
    """Two terms overlap, with weights that differ by 1.5: either may be the entity. Against enumeration."""
    tag_set = TagSet(("LOC", "PER"))
    random = np.random.default_rng(19)
    chain = random_chain(random, 5)
    emissions = random_emissions(random, 5, 1.0)
    span_scores = np.zeros([4, 5, 3, 2], np.float32)
    span_scores[:, 2, 1, 0], span_scores[:, 3, 2, 1] = weight, weight + 1.5
    by_span = collections.Counter({(1, 3, "LOC"): float(weight), (1, 4, "PER"): weight + 1.5})
    decoded = Decoder(chain, tag_set, DecodingOptions(constrained_decoding=constrained)).entities(
        emissions, np.full(4, 5, np.int32), span_scores
    )
    for row in range(4):
        best, probabilities = brute_force(emissions[row].astype(np.float64), chain, tag_set, constrained, by_span)
        assert tag_set.decode(decoded["tags"][row].numpy()) == best
        for span, score in read_entities(decoded, row, tag_set).items():
            assert score == pytest.approx(probabilities[span], abs=1e-5)


@pytest.mark.parametrize("tag_set", [TagSet(("LOC", "PER")), TagSet(("LOC",), "BIOES"), TagSet(("LOC",), "BILOU")], ids=lambda t: t.scheme)
@pytest.mark.parametrize("with_span_scores", [False, True])
@pytest.mark.parametrize("punctuation", [False, True])
def test_characters_at_no_edge_equal_enumeration(tag_set, with_span_scores, punctuation):
    random = np.random.default_rng(19)
    found, inside = 0, 0
    for _ in range(5):
        chain = random_chain(random, len(tag_set))
        emissions = random_emissions(random, len(tag_set), 1.0)
        emissions[:, :, 0] -= 1.0
        # Without punctuation there are characters for either edge and for none.
        hidden = np.where(random.random([4, 5]) < 0.4, 3, 0).astype(np.int32)
        hidden[0] = [0, 3, 3, 0, 3]
        if punctuation:
            hidden = random.choice([0, 1, 2, 3], [4, 5], p=[0.4, 0.2, 0.2, 0.2]).astype(np.int32)
        span_scores = (2 * random.normal(size=[4, 5, 2, len(tag_set.types)])).astype(np.float32)
        decoder = Decoder(chain, tag_set, DecodingOptions(edge_punctuation="never" if punctuation else "allowed"))
        given = tf.constant(span_scores) if with_span_scores else None
        decoded = decoder.entities(tf.constant(emissions), tf.constant(LENGTHS), given, tf.constant(hidden))
        tags_alone = decoder.tags(tf.constant(emissions), tf.constant(LENGTHS), tf.constant(hidden)).numpy()
        for row, length in enumerate(LENGTHS[:3]):
            by_span = collections.Counter(
                {
                    (end - age, end + 1, label): span_scores[row, end, age, index]
                    for end in range(length)
                    for age in range(min(2, end + 1))
                    for index, label in enumerate(tag_set.types)
                }
            )
            places = np.nonzero(hidden[row])[0]
            scores = by_span if with_span_scores else None
            best, probabilities = brute_force(emissions[row, :length], chain, tag_set, True, scores, hidden[row])
            assert tag_set.decode(decoded["tags"][row, :length].numpy()) == best
            if not with_span_scores:
                assert tag_set.decode(tags_alone[row, :length]) == best
            entities = read_entities(decoded, row, tag_set)
            assert list(entities) == spans_from_tags(best, tag_set.scheme)
            for span, score in entities.items():
                assert score == pytest.approx(probabilities[span], abs=1e-5)
                found += 1
                inside += any(span[0] < place < span[1] for place in places)
    assert found > 10 < inside + 10


def test_invisible_characters_count_only_where_decoding_is_constrained():
    random = np.random.default_rng(23)
    tag_set = TagSet(("LOC",))
    chain = random_chain(random, 3)
    emissions, lengths = tf.constant(random_emissions(random, 3, 2.0)), tf.constant(LENGTHS)
    hidden = tf.constant(np.full([4, 5], 3, np.int32))
    for options in (DecodingOptions(False), DecodingOptions(visible_edges=False)):
        decoder = Decoder(chain, tag_set, options)
        for name, value in decoder.entities(emissions, lengths).items():
            np.testing.assert_array_equal(value, decoder.entities(emissions, lengths, edges=hidden)[name])
    assert not Decoder(chain, tag_set).entities(emissions, lengths, edges=hidden)["opens"].numpy().any()


@pytest.mark.parametrize("columns", [1, 17])
def test_span_scores_of_zero_change_nothing(columns):
    tag_set = TagSet(("LOC", "ORG", "PER"))
    random = np.random.default_rng(3)
    decoder = Decoder(random_chain(random, 7), tag_set)
    emissions = tf.constant(random_emissions(random, 7, 2.0, columns))
    lengths = tf.constant([columns, columns // 2, 1, 0])
    plain = decoder.entities(emissions, lengths)
    scored = decoder.entities(emissions, lengths, tf.zeros([4, columns, 3, 3]))
    for name in ("tags", "opens", "closes"):
        np.testing.assert_array_equal(plain[name], scored[name])
    assert plain["closes"].numpy().any()
    np.testing.assert_allclose(plain["scores"], scored["scores"], atol=1e-5)


def test_a_large_span_score_makes_the_entity_practically_certain():
    tag_set = TagSet(("LOC", "PER"))
    random = np.random.default_rng(5)
    decoder = Decoder(random_chain(random, 5), tag_set)
    emissions = tf.constant(random_emissions(random, 5, 9.0, 23))
    span_scores = np.zeros([4, 23, 5, 2], np.float32)
    span_scores[:, 12, 4, 1] = 1000.0
    decoded = decoder.entities(emissions, tf.constant([23] * 4), tf.constant(span_scores))
    for row in range(4):
        assert read_entities(decoded, row, tag_set)[8, 13, "PER"] == pytest.approx(1.0, abs=1e-5)


def test_a_graph_with_unknown_shapes_gives_the_same():
    tag_set = TagSet(("LOC", "PER"))
    random = np.random.default_rng(7)
    decoder = Decoder(random_chain(random, 5), tag_set)
    signature = [tf.TensorSpec([None, None, 5]), tf.TensorSpec([None], tf.int32), tf.TensorSpec([None, None, None, 2])]
    graph = tf.function(decoder.entities, input_signature=signature)
    emissions, lengths = tf.constant(random_emissions(random, 5, 2.0)), tf.constant(LENGTHS)
    span_scores = tf.constant(random.normal(size=[4, 5, 3, 2]).astype(np.float32))
    for eager, traced in zip(decoder.entities(emissions, lengths, span_scores).values(), graph(emissions, lengths, span_scores).values()):
        np.testing.assert_allclose(np.float32(eager), np.float32(traced), atol=1e-6)


def test_constrained_decoding_gives_no_illegal_sequence():
    tag_set = TagSet(("LOC", "ORG", "PER"))
    chain = LinearChain(np.zeros([7, 7], np.float32), np.zeros(7, np.float32), np.zeros(7, np.float32))
    emissions = (30 * np.random.default_rng(2).normal(size=[53, 17, 7])).astype(np.float32)
    lengths = np.full(53, 17, np.int32)
    free = Decoder(chain, tag_set, DecodingOptions(constrained_decoding=False)).tags(emissions, lengths).numpy()
    legal = Decoder(chain, tag_set).tags(emissions, lengths).numpy()
    assert any(illegal_positions(tag_set.decode(row)) for row in free)
    assert not any(illegal_positions(tag_set.decode(row)) for row in legal)
