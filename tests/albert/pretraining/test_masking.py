"""Masking against the formula and the numbers of the paper."""

import numpy as np
import pytest

from albert.pretraining.masking import _draw_lengths, choose_ngrams, mask, ngram_probabilities, predictions_per_sequence

MASK, SPECIAL = 4, 5
ROWS, LENGTH, VOCAB = 997, 128, 211


def _inputs(rows=ROWS, length=LENGTH):
    """Rows [CLS] … [SEP] … [SEP] of random characters."""
    rng = np.random.default_rng(3)
    ids = rng.integers(SPECIAL, VOCAB, size=(rows, length)).astype(np.int32)
    text = np.ones(ids.shape, bool)
    text[:, [0, 53, -1]] = False
    ids[~text] = 3
    return ids, text, rng


def _runs(chosen):
    """Lengths of the runs of True, over all rows."""
    padded = np.pad(chosen.astype(np.int8), ((0, 0), (1, 1)))
    change = np.diff(padded, axis=1)
    return np.nonzero(change == -1)[1] - np.nonzero(change == 1)[1]


def test_probabilities_are_the_papers():
    assert ngram_probabilities(3) == pytest.approx(np.array([6, 3, 2]) / 11)


def test_ngram_lengths_follow_the_formula():
    # In rows so long that two n-grams hardly ever touch, runs are n-grams. Each row shortens its last one, in some cases: 1 of 110.
    rng = np.random.default_rng(5)
    maskable = np.ones((61, 20_011), bool)
    runs = _runs(choose_ngrams(maskable, maskable, 200, 3, rng))
    found = np.bincount(np.minimum(runs, 4), minlength=5)[1:] / len(runs)
    expected = ngram_probabilities(3)
    # 6,700 n-grams: four standard deviations are 0.025; touching ones make up for less than 0.012.
    assert found[:3] == pytest.approx(expected, abs=0.025)
    assert found[3] < 0.012


@pytest.mark.parametrize(
    ("length", "most", "number", "expected"),
    [(128, 20, 19, (56.9, 26.8, 16.3)), (32, 5, 5, (62.7, 25.8, 11.4))],
)
def test_lengths_of_masked_ngrams(length, most, number, expected):
    """The shortened last n-gram of each row makes short ones more frequent than drawn: the shares that docs/pretraining.md gives."""
    assert predictions_per_sequence(length, 0.15, most) == number
    # Exactly: the probability that a row is filled up to a place with no n-gram across it.
    drawn, reached, counts = ngram_probabilities(3), np.zeros(number + 1), np.zeros(3)
    reached[0] = 1.0
    for place in range(number):
        for n, p in enumerate(drawn, start=1):
            shortened = min(n, number - place)
            counts[shortened - 1] += reached[place] * p
            reached[place + shortened] += reached[place] * p
    shares = 100 * counts / counts.sum()
    assert tuple(np.round(shares, 1)) == expected
    # And as drawn: 70,000 n-grams or more, four standard deviations are below 0.8 points.
    rows = _draw_lengths(np.full(10_007 if number > 7 else 30_011, number), number, 3, np.random.default_rng(17))
    found = np.bincount(rows[rows > 0], minlength=4)[1:]
    assert 100 * found / found.sum() == pytest.approx(shares, abs=0.8)


def test_places_are_uniform():
    rng = np.random.default_rng(7)
    maskable = np.ones((20_011, 31), bool)
    chosen = choose_ngrams(maskable, maskable, 5, 1, rng)
    # Each place is chosen in 5 of 31 rows; five standard deviations are 0.013.
    assert chosen.mean(axis=0) == pytest.approx(np.full(31, 5 / 31), abs=0.013)


def test_fifteen_percent_are_predicted_and_no_special_token():
    ids, text, rng = _inputs()
    number = predictions_per_sequence(LENGTH, 0.15, 20)
    assert number == 19
    masked = mask(ids, text, np.ones_like(text), number, 3, MASK, np.arange(SPECIAL, VOCAB), rng)
    assert masked.positions.shape == (ROWS, 19)
    assert masked.weights.min() == 1.0
    assert np.all(np.diff(masked.positions, axis=1) > 0)
    assert np.all(np.take_along_axis(text, masked.positions, axis=1))
    assert np.array_equal(masked.labels, np.take_along_axis(ids, masked.positions, axis=1))
    predicted = np.zeros_like(text)
    np.put_along_axis(predicted, masked.positions, True, axis=1)
    assert np.array_equal(masked.ids[~predicted], ids[~predicted])


def test_eighty_ten_ten():
    ids, text, rng = _inputs()
    masked = mask(ids, text, np.ones_like(text), 19, 3, MASK, np.arange(SPECIAL, VOCAB), rng)
    shown = np.take_along_axis(masked.ids, masked.positions, axis=1)
    # A random token is the right one once in 206.
    share = [np.mean(shown == MASK), np.mean(shown == masked.labels), np.mean((shown != MASK) & (shown != masked.labels))]
    # 18,943 predictions: four standard deviations are 0.012.
    assert share == pytest.approx([0.8, 0.1, 0.1], abs=0.012)
    assert shown[shown != MASK].min() >= SPECIAL


def test_rows_with_too_little_to_mask_have_weight_zero():
    ids, text, rng = _inputs(rows=7, length=64)
    text[2] = False
    text[3] = np.arange(64) == 11
    masked = mask(ids, text, np.ones_like(text), 13, 3, MASK, np.arange(SPECIAL, VOCAB), rng)
    assert masked.weights.sum(axis=1).tolist() == [13, 13, 0, 1, 13, 13, 13]
    assert masked.positions[3, 0] == 11
    assert np.array_equal(masked.ids[2], ids[2])
    assert not masked.labels[masked.weights == 0].any()


def test_words_are_masked_whole():
    rng = np.random.default_rng(11)
    starts = rng.random((503, LENGTH)) < 0.6
    maskable = np.ones((503, LENGTH), bool)
    maskable[:, [0, 47, -1]] = False
    chosen = choose_ngrams(maskable, starts, 19, 3, rng)
    inside = maskable[:, 1:] & maskable[:, :-1] & ~starts[:, 1:]
    assert np.array_equal(chosen[:, 1:][inside], chosen[:, :-1][inside])
    assert not chosen[~maskable].any()
    number = chosen.sum(axis=1)
    assert number.max() <= 19
    # As many whole words as fit: what is missing is less than the shortest that was drawn.
    assert number.mean() > 18
    assert number.min() > 10


@pytest.mark.parametrize(("length", "number"), [(16, 2), (16, 1), (32, 5), (23, 3)])
@pytest.mark.parametrize("share_of_starts", [0.3, 0.6, 0.9])
def test_rows_with_words_have_a_prediction(length, number, share_of_starts):
    """Short rows have room for few tokens, and words may be longer than that."""
    rng = np.random.default_rng(13)
    maskable = rng.random((2003, length)) < 0.8
    maskable[:, [0, -1]] = False
    starts = rng.random(maskable.shape) < share_of_starts
    chosen = choose_ngrams(maskable, starts, number, 3, rng)
    count = chosen.sum(axis=1)
    assert not chosen[~maskable].any()
    assert count.max() <= number
    assert np.array_equal(count > 0, maskable.any(axis=1))
    # Words are cut only in rows whose every word is too long.
    begins = maskable & (starts | ~np.pad(maskable, ((0, 0), (1, 0)))[:, :-1])
    cut = (maskable[:, 1:] & ~begins[:, 1:] & (chosen[:, 1:] != chosen[:, :-1])).any(axis=1)
    shortest = [min(np.diff([*np.flatnonzero(b[m]), m.sum()]), default=0) for b, m in zip(begins, maskable)]
    assert np.array_equal(cut, np.array(shortest) > number)


def test_one_long_word_is_masked_in_part():
    maskable = np.ones((5, 11), bool)
    maskable[:, [0, -1]] = False
    starts = np.zeros_like(maskable)
    chosen = choose_ngrams(maskable, starts, 4, 3, np.random.default_rng(1))
    assert np.array_equal(chosen, np.broadcast_to([False, *[True] * 4, *[False] * 6], (5, 11)))


def test_same_generator_same_mask():
    ids, text, _ = _inputs(rows=5)
    first, second, other = (
        mask(ids, text, np.ones_like(text), 19, 3, MASK, np.arange(SPECIAL, VOCAB), np.random.default_rng(seed)) for seed in (1, 1, 2)
    )
    assert np.array_equal(first.ids, second.ids)
    assert not np.array_equal(first.ids, other.ids)
