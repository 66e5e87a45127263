"""Posteriors of given entities and of openings against enumeration of every tag sequence."""

import numpy as np
import pytest
import tensorflow as tf

from ner.decoding.constraints import DecodingOptions
from ner.decoding.posteriors import PosteriorDecoder
from ner.tags import TagSet, spans_from_tags
from tests.ner.decoding.test_decoder import LENGTHS, brute_force, random_chain, random_emissions


@pytest.mark.parametrize("constrained", [True, False])
@pytest.mark.parametrize("tag_set", [TagSet(("LOC", "PER")), TagSet(("LOC",), "BIOES")], ids=lambda t: t.scheme)
def test_posteriors_equal_enumeration(tag_set, constrained):
    random = np.random.default_rng(17)
    judged = 0
    for _ in range(2):
        chain = random_chain(random, len(tag_set))
        emissions = random_emissions(random, len(tag_set), 1.0)
        given = random.integers(0, len(tag_set), [4, 5]).astype(np.int32)
        decoder = PosteriorDecoder(chain, tag_set, DecodingOptions(constrained))
        found = {
            name: value.numpy()
            for name, value in decoder.posteriors(tf.constant(emissions), tf.constant(LENGTHS), tf.constant(given)).items()
        }
        plain = decoder.entities(tf.constant(emissions), tf.constant(LENGTHS))
        np.testing.assert_array_equal(found["tags"], plain["tags"])
        np.testing.assert_allclose(found["scores"], plain["scores"], atol=1e-6)
        assert not found["opens"][3].any()
        for row, length in enumerate(LENGTHS[:3]):
            _, probabilities = brute_force(emissions[row, :length], chain, tag_set, constrained)
            opens = np.zeros(5)
            for span, probability in probabilities.items():
                opens[span.start] += probability
            np.testing.assert_allclose(found["opens"][row], opens, atol=1e-5)
            expected = np.zeros(5)
            for span in spans_from_tags(tag_set.decode(given[row, :length]), tag_set.scheme):
                expected[span.end - 1] = probabilities.get(span, 0.0)
                judged += 1
            np.testing.assert_allclose(found["given"][row], expected, atol=1e-5)
    assert judged > 5
