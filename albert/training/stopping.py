"""Stopping a run when a signal asks for it, at a moment of the run's choice."""

import signal
import threading


class Interrupted(Exception):
    """SIGTERM or SIGINT arrived; the state was saved and the same command goes on from it."""


class StopSignals:
    """Context manager: inside, the first SIGTERM or SIGINT is only noted. Sent once more, the signal does what it usually does.

    Signals belong to a process's main thread: in another one, nothing is noted.

    Attributes:
      received: whether one was sent.
    """

    def __init__(self):
        self.received = False
        self._previous = {}

    def __enter__(self):
        if threading.current_thread() is threading.main_thread():
            self._previous = {number: signal.signal(number, self._note) for number in (signal.SIGTERM, signal.SIGINT)}
        return self

    def __exit__(self, *_):
        for number, handler in self._previous.items():
            signal.signal(number, handler)

    def _note(self, number, _):
        self.received = True
        signal.signal(number, signal.SIG_DFL if number == signal.SIGTERM else signal.default_int_handler)
