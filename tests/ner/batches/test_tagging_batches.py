"""Batches to tag: every sentence once, few shapes, and no cheaper way to cut them."""

import itertools

import numpy as np
import pytest

from ner.batches.tagging_batches import padded_rows, padded_width, tagging_batches


def _cost(lengths, batches):
    """Cost of batches, in tokens: their padded rows and four more, as wide as the longest sentence."""
    return sum((len(batch) + 4) * padded_width(int(lengths[batch].max()) + 2) for batch in batches)


@pytest.mark.parametrize("batch_size", [1, 3, 8, 20, 64])
def test_every_sentence_once_longest_first(batch_size):
    lengths = np.random.default_rng(5).integers(0, 127, 1003)
    batches = tagging_batches(lengths, batch_size)
    assert sorted(np.concatenate(batches)) == list(range(1003))
    assert max(map(len, batches)) <= batch_size
    in_order = lengths[np.concatenate(batches)]
    assert np.all(in_order[:-1] >= in_order[1:])


def test_nothing_to_tag():
    assert tagging_batches([], 64) == []


def test_no_other_cut_costs_less():
    lengths = np.random.default_rng(6).integers(1, 127, 64)
    found = _cost(lengths, tagging_batches(lengths, 32))
    order = np.argsort(-lengths, kind="stable")
    costs = []
    for number in range(8):
        for inner in itertools.combinations(range(8, 64, 8), number):
            cuts = [0, *inner, 64]
            if max(np.diff(cuts)) <= 32:
                costs.append(_cost(lengths, [order[a:b] for a, b in zip(cuts, cuts[1:])]))
    assert len(costs) > 100
    assert found == min(costs) < max(costs)


def test_like_lengths_fill_batches_and_unlike_lengths_do_not_share_one():
    assert sorted(len(batch) for batch in tagging_batches(np.full(192, 30), 64)) == [64, 64, 64]
    assert [len(batch) for batch in tagging_batches([126] * 8 + [6] * 24, 64)] == [8, 24]


def test_padding():
    assert [padded_rows(rows, 64) for rows in (1, 2, 8, 9, 64)] == [1, 8, 8, 16, 64]
    assert [padded_rows(rows, 6) for rows in (1, 2, 6)] == [1, 6, 6]
    assert [padded_width(tokens) for tokens in (2, 4, 5, 128)] == [4, 4, 8, 128]
