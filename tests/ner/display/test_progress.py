"""Progress: a bar in a terminal, lines elsewhere, nothing where it is not wanted."""

import io
import sys

import pytest

from ner.display import progress
from ner.display.progress import duration, make_progress


@pytest.fixture(name="clock")
def _clock(monkeypatch):
    """A list whose number is the time."""
    now = [100.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    return now


def test_a_line_every_30_seconds(clock, monkeypatch):
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    with make_progress(1000, "epoch 1/2", "sentences", done=100) as bar:
        for seconds, count in ((29, 90), (29.5, 10), (31, 24), (59, 76), (61, 100)):
            clock[0] = 100.0 + seconds
            bar.update(count, loss=2.0)
    assert sys.stderr.getvalue().splitlines() == [
        "epoch 1/2: 224 of 1,000 sentences, 4 a second, 3 min left, loss 2.000",
        "epoch 1/2: 400 of 1,000 sentences, 5 a second, 2 min left, loss 2.000",
    ]


def test_without_a_total(clock, monkeypatch):
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    with make_progress(None, "tagging", "B") as bar:
        clock[0] += 40
        bar.update(8000)
    assert sys.stderr.getvalue() == "tagging: 8,000 B, 200 a second\n"


def test_a_bar_if_asked_for_and_nothing_if_not(monkeypatch):
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    with make_progress(10, "tagging", "texts", shown=False) as bar:
        bar.update(10)
        with bar.aside():
            pass
    assert sys.stderr.getvalue() == ""
    with make_progress(10, "tagging", "texts", shown=True) as bar:
        bar.update(10, loss=1.5)
    assert "tagging: 100%" in sys.stderr.getvalue()
    assert "loss 1.500" in sys.stderr.getvalue()


def test_durations():
    assert [duration(s) for s in (0.4, 89, 100, 3600, 5400, 12000)] == ["0 s", "89 s", "2 min", "60 min", "1 h 30 min", "3 h 20 min"]
