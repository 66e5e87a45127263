"""Calibration against the definition."""

import numpy as np
import pytest

from albert.errors import UserError
from ner.evaluation.calibration import calibrate, plot_reliability


def test_a_small_case_by_hand():
    result = calibrate([0.95, 0.85, 0.9, 0.12, 1.0, 0.0], [True, False, True, False, True, False], num_bins=10)
    assert [b.count for b in result.bins] == [1, 1, 0, 0, 0, 0, 0, 0, 2, 2]
    assert result.bins[8].confidence == pytest.approx(0.875)
    assert result.bins[8].precision == 0.5
    assert result.expected_error == pytest.approx((0.0 + 0.12 + 2 * 0.375 + 2 * 0.025) / 6)
    assert result.maximum_error == pytest.approx(0.375)
    assert result.brier_score == pytest.approx((0.05**2 + 0.85**2 + 0.1**2 + 0.12**2) / 6)


@pytest.mark.parametrize("num_bins", [1, 7, 10])
def test_equals_the_definition(num_bins):
    random = np.random.default_rng(1)
    scores = random.uniform(size=997)
    correct = random.uniform(size=997) < scores**2
    expected = 0.0
    for i in range(num_bins):
        inside = (scores > i / num_bins) & (scores <= (i + 1) / num_bins)
        if inside.any():
            expected += inside.mean() * abs(correct[inside].mean() - scores[inside].mean())
    result = calibrate(scores, correct, num_bins)
    assert result.expected_error == pytest.approx(expected, abs=1e-12)
    assert result.count == sum(b.count for b in result.bins) == 997


@pytest.mark.parametrize("num_bins", [1, 3, 7, 10, 20, 25, 49, 100])
def test_edges_belong_to_the_bin_below(num_bins):
    """However an edge was computed, and with the numbers just beside it on their sides."""
    for edges in (np.linspace(0.0, 1.0, num_bins + 1), np.arange(num_bins + 1) / num_bins):
        for i, edge in enumerate(edges):
            (place,) = np.flatnonzero([b.count for b in calibrate([edge], [True], num_bins).bins])
            assert place == max(i - 1, 0)
    bins = calibrate([0.5], [True], num_bins).bins
    assert (bins[0].low, bins[-1].high) == (0.0, 1.0)
    for i, b in enumerate(bins):
        for score, expected in ((np.nextafter(b.high, 0.0), i), (b.high, i), (np.nextafter(b.low, 1.0), i), (b.low, max(i - 1, 0))):
            assert [x.count for x in calibrate([score], [True], num_bins).bins].index(1) == expected


def test_true_probabilities_are_calibrated():
    random = np.random.default_rng(2)
    scores = random.uniform(size=100_000)
    assert calibrate(scores, random.uniform(size=100_000) < scores).expected_error < 0.01
    assert calibrate([], []).expected_error == calibrate([], []).brier_score == 0.0


def test_plot(tmp_path):
    pytest.importorskip("matplotlib")
    plot_reliability(calibrate([0.9, 0.3], [True, False]), tmp_path / "plot.png")
    assert (tmp_path / "plot.png").read_bytes().startswith(b"\x89PNG")
    with pytest.raises(UserError, match="^reliability_plot: cannot write .*No such file"):
        plot_reliability(calibrate([0.9], [True]), tmp_path / "none" / "plot.png")
