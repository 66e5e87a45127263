"""Baselines against counting by hand."""

import collections
import math

import numpy as np
import pytest

from albert.pretraining.baselines import NgramBaselines
from albert.pretraining.windows import Region

VOCAB, SPECIAL = 11, (0, 1, 2, 3, 4)


def _region(tokens, weight=1.0):
    tokens = np.array(tokens, np.uint16)
    return Region(tokens, None, 0, len(tokens), np.array([0]), np.array([], np.int64), weight)


def _batch(left, label, weight=1.0):
    return {
        "input_word_ids": np.array([[2, left, 4, 3]], np.int32),
        "masked_lm_positions": np.array([[2]], np.int32),
        "masked_lm_ids": np.array([[label]], np.int32),
        "masked_lm_weights": np.array([[weight]], np.float32),
    }


TOKENS = [5, 6, 5, 6, 5, 7, 8, 5, 6, 9]


@pytest.fixture(name="baselines")
def _baselines():
    return NgramBaselines([_region(TOKENS)], VOCAB, SPECIAL)


def _unigram(token):
    return (TOKENS.count(token) + 1) / (len(TOKENS) + VOCAB - len(SPECIAL))


def _bigram(left, label):
    followers = collections.Counter(b for a, b in zip(TOKENS, TOKENS[1:]) if a == left)
    total, kinds = sum(followers.values()), len(followers)
    return (max(followers[label] - 0.75, 0) + 0.75 * kinds * _unigram(label)) / total


@pytest.mark.parametrize(("left", "label", "right"), [(5, 6, True), (5, 7, False), (7, 8, True), (6, 10, False)])
def test_known_left_neighbour(baselines, left, label, right):
    totals = baselines.totals(_batch(left, label))
    assert totals["unigram"] == pytest.approx([-math.log(_unigram(label)), float(label == 5), 1])
    assert totals["bigram"] == pytest.approx([-math.log(_bigram(left, label)), float(right), 1])


@pytest.mark.parametrize("left", [4, 2, 9, 10])
def test_hidden_or_unseen_left_neighbour_is_the_unigram(baselines, left):
    # 9 is the last token and 10 does not occur: neither is followed by anything.
    totals = baselines.totals(_batch(left, 5))
    assert totals["bigram"] == pytest.approx(totals["unigram"])
    assert totals["unigram"] == pytest.approx([-math.log(_unigram(5)), 1, 1])


def test_distributions_sum_to_one(baselines):
    for left in range(VOCAB):
        losses = [baselines.totals(_batch(left, label)) for label in range(5, VOCAB)]
        for name in ("unigram", "bigram"):
            assert sum(math.exp(-loss[name][0]) for loss in losses) == pytest.approx(1.0)


def test_places_without_weight_do_not_count(baselines):
    assert baselines.totals(_batch(5, 6, weight=0.0))["bigram"].tolist() == [0, 0, 0]


def test_weights_multiply_counts():
    twice = NgramBaselines([_region(TOKENS, 2.0)], VOCAB, SPECIAL)
    joined = NgramBaselines([_region(TOKENS), _region(TOKENS)], VOCAB, SPECIAL)
    for left in (5, 6, 7):
        assert twice.totals(_batch(left, 6))["unigram"] == pytest.approx(joined.totals(_batch(left, 6))["unigram"])
        assert np.isfinite(twice.totals(_batch(left, 6))["bigram"]).all()
