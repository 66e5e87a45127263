"""Means over seeds, the bootstrap, and the counts of section 4.5."""

import numpy as np
import pytest

from ner.data.examples import Example
from ner.reproduce.nested import count_outcomes, place_names
from ner.reproduce.statistics import mean_and_spread, paired_bootstrap
from ner.tags import spans_from_tags


def test_mean_and_spread():
    assert mean_and_spread([3.0]) == (3.0, None)
    mean, spread = mean_and_spread([1.0, 2.0, 6.0])
    assert (mean, spread) == (3.0, pytest.approx(7.0**0.5))


def test_equal_systems_differ_by_nothing():
    counts = np.random.default_rng(1).integers(0, 3, [53, 3])
    difference = paired_bootstrap(counts, counts, resamples=101)
    assert (difference.value, difference.low, difference.high, difference.p) == (0.0, 0.0, 0.0, 1.0)


def test_the_difference_is_that_of_f1_and_changes_sign_with_the_order():
    # F1 of the first: 2 * 3 / (4 + 4) = 75 %; of the second: 2 * 1 / (2 + 4) = 33.3 %.
    first, second = [[2, 2, 2], [1, 2, 2]], [[1, 1, 2], [0, 1, 2]]
    difference, reverse = paired_bootstrap(first, second), paired_bootstrap(second, first)
    assert difference.value == pytest.approx(75.0 - 100.0 / 3.0)
    assert reverse.value == pytest.approx(-difference.value)
    assert (reverse.low, reverse.high) == pytest.approx((-difference.high, -difference.low))
    # Whichever sentences are drawn, the first system is ahead.
    assert difference.p == reverse.p == 0.0
    assert 0.0 < difference.low < difference.value < difference.high


def test_a_small_difference_is_chance_and_a_large_one_is_not():
    random = np.random.default_rng(5)
    gold = np.full(997, 2)
    correct = [random.binomial(2, p, 997) for p in (0.800, 0.801, 0.95)]
    a, b, c = (np.stack([n, gold, gold], axis=1) for n in correct)
    assert paired_bootstrap(a, b, 2003).p > 0.05
    assert paired_bootstrap(c, a, 2003).p < 0.001
    assert paired_bootstrap(a, b, 2003) == paired_bootstrap(a, b, 2003)


def _example(text, tags):
    return Example(text, tags.split())


def test_organisations_that_begin_with_a_place():
    train = [_example("江西省和沪", "B-LOC I-LOC I-LOC O B-LOC")]
    places = place_names(train, "BIO")
    assert places == {"江西省"}
    organisation = " ".join(["B-ORG"] + ["I-ORG"] * 5)
    nested = [_example("江西省委员会", organisation)] * 4
    plain = [_example("人民委员会们", organisation)]
    predictions = [
        organisation,
        "B-LOC I-LOC I-LOC O O O",
        "B-PER I-PER O O O O",
        "O O O O O O",
        "O O B-ORG I-ORG I-ORG O",
    ]
    spans = [spans_from_tags(tags.split()) for tags in predictions]
    counts = count_outcomes([*nested, *plain], spans, places, "BIO")
    assert counts == {
        "nested": {"found": 1, "place only": 1, "other entity": 1, "missed": 1},
        "plain": {"found": 0, "place only": 0, "other entity": 1, "missed": 0},
    }
