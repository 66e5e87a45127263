"""The first signal is noted, the second does what signals do."""

import os
import signal

import pytest

from albert.training.stopping import StopSignals


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_is_noted_and_handlers_are_put_back(number):
    before = signal.getsignal(number)
    with StopSignals() as signals:
        assert not signals.received
        os.kill(os.getpid(), number)
        assert signals.received
    assert signal.getsignal(number) is before


def test_a_second_interrupt_is_not_held_back():
    with StopSignals(), pytest.raises(KeyboardInterrupt):
        for _ in range(2):
            os.kill(os.getpid(), signal.SIGINT)
