"""The process a command runs in: standard streams that are closed, and signals that end it."""

import contextlib
import os
import signal
import sys
import threading


class Terminated(BaseException):
    """A signal asked the process to end. Not an ``Exception``: nothing but what must be cleaned up stops it on its way out.

    Attributes:
      signal: its number.
    """

    def __init__(self, number):
        super().__init__(number)
        self.signal = number


def reopen_closed_streams():
    """Give descriptors 0 to 2 that are closed to the null device.

    Otherwise the next file that is opened gets the number, and what libraries print goes into it.
    """
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # gets the lowest free number, which is this one
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115 - as long as the process


@contextlib.contextmanager
def ending_signals():
    """Inside, SIGTERM and SIGHUP raise :class:`Terminated` where the program is, so that files it had begun are removed.

    Sent once more, a signal ends the process at once. What is ignored (``nohup``) or has a handler stays as it is.
    """
    numbers = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]
    if threading.current_thread() is not threading.main_thread():
        numbers = []
    numbers = [number for number in numbers if signal.getsignal(number) is signal.SIG_DFL]

    def end(number, _):
        signal.signal(number, signal.SIG_DFL)
        raise Terminated(number)

    for number in numbers:
        signal.signal(number, end)
    try:
        yield
    finally:
        for number in numbers:
            signal.signal(number, signal.SIG_DFL)
