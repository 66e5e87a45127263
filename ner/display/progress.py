"""Progress of long work on standard error: a bar in a terminal, else a line now and then."""

import contextlib
import sys
import time
from collections.abc import Iterator
from typing import Optional

from tqdm import tqdm

from ner.display.ansi import is_terminal

# Between two lines where there is no terminal: few enough for a log that somebody reads.
SECONDS_BETWEEN_LINES = 30.0


def make_progress(total: Optional[int], task: str, unit: str, shown: Optional[bool] = None, done: int = 0) -> "Progress":
    """A :class:`Progress`, to be used in a ``with`` statement.

    Args:
      total: units of work; None if nobody knows.
      task: name of the work, ``epoch 1/3``.
      unit: name of the units, ``sentences``; bytes are ``B``.
      shown: False to show nothing; True for a bar even where there is no terminal.
      done: units done before.
    """
    if shown is False:
        return Progress()
    if shown or is_terminal(sys.stderr):
        return _Bar(total, task, unit, done)
    return _Lines(total, task, unit, done)


class Progress:
    """Progress that is not shown, and base of the others."""

    def __enter__(self) -> "Progress":
        return self

    def __exit__(self, *_) -> None:
        self.close()

    def update(self, count: int, **numbers: float) -> None:
        """Take note of more units of work; ``numbers`` are shown beside, such as ``loss=3.2``."""

    def close(self) -> None:
        """End."""

    @contextlib.contextmanager
    def aside(self) -> Iterator[None]:
        """Inside, lines may be printed to standard output or standard error."""
        yield


class _Bar(Progress):
    def __init__(self, total, task, unit, done):
        unit = unit if unit == "B" else f" {unit}"
        self._bar = tqdm(
            total=total, desc=task, unit=unit, unit_scale=unit == "B", initial=done, file=sys.stderr, dynamic_ncols=True, disable=False
        )

    def update(self, count, **numbers):
        if numbers:
            self._bar.set_postfix_str(_describe(numbers), refresh=False)
        self._bar.update(count)

    def close(self):
        self._bar.close()

    @contextlib.contextmanager
    def aside(self):
        with tqdm.external_write_mode(file=sys.stdout):
            yield
            sys.stdout.flush()


class _Lines(Progress):
    def __init__(self, total, task, unit, done):
        self._total, self._task, self._unit = total, task, unit
        self._first = self._done = done
        self._started = self._shown = time.monotonic()

    def update(self, count, **numbers):
        self._done += count
        now = time.monotonic()
        if now - self._shown >= SECONDS_BETWEEN_LINES:
            self._shown = now
            print(self._line(now - self._started, numbers), file=sys.stderr, flush=True)

    def _line(self, seconds, numbers):
        of = f" of {self._total:,}" if self._total else ""
        parts = [f"{self._done:,}{of} {self._unit}"]
        rate = (self._done - self._first) / seconds
        if rate:
            parts.append(f"{rate:,.0f} a second")
            if self._total:
                parts.append(f"{duration((self._total - self._done) / rate)} left")
        return f"{self._task}: {', '.join([*parts, *([_describe(numbers)] if numbers else [])])}"


def _describe(numbers):
    return ", ".join(f"{name} {value:.3f}" for name, value in numbers.items())


def duration(seconds: float) -> str:
    """A time for people: ``40 s``, ``12 min``, ``3 h 20 min``."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60} min"
