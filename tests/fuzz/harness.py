"""Reading mutants and watching what happens."""

import collections
import dataclasses
import importlib
import os
import pathlib
import pkgutil
import random
import shutil
import signal
import sys
import tempfile
import time
import traceback
from typing import Callable

from albert.errors import UserError
from tests import fuzz
from tests.fuzz.mutate import mutate_bytes

KEPT = pathlib.Path(__file__).parent / "kept"
MOST_SECONDS = 10
MOST_GROWTH = 1 << 30


@dataclasses.dataclass(frozen=True)
class Format:
    """A kind of file.

    Attributes:
      name: its name.
      file: name under which a mutant is written.
      seeds: good files' bytes.
      read: function of the path of the directory: reads the file as a user's is read, all of it.
      mutate: function (``random.Random``, one of the seeds, all seeds) → bytes.
      files: dict from the names of the other files that must be there to their bytes.
    """

    name: str
    file: str
    seeds: tuple
    read: Callable
    mutate: Callable = mutate_bytes
    files: dict = dataclasses.field(default_factory=dict)


@dataclasses.dataclass
class Outcome:
    """Outcomes of a format's mutants.

    Attributes:
      refused, read: how many were answered with one line, and how many read.
      failures: list of (number, what happened).
      slowest: seconds.
      growth: bytes by which the process grew.
    """

    refused: int = 0
    read: int = 0
    failures: list = dataclasses.field(default_factory=list)
    slowest: float = 0.0
    growth: int = 0


def all_formats():
    """dict from name to ``Format``, of all modules."""
    found = {}
    for module in sorted(pkgutil.iter_modules(fuzz.__path__)):
        if module.name.startswith("formats_"):
            found.update({fmt.name: fmt for fmt in importlib.import_module(f"tests.fuzz.{module.name}").formats()})
    return found


def mutant(fmt, seed, number):
    """Mutant ``number`` of a format; number 0 and those after it begin with the seeds themselves."""
    if number < len(fmt.seeds):
        return fmt.seeds[number]
    numbers = random.Random(f"{fmt.name} {seed} {number}")
    return fmt.mutate(numbers, numbers.choice(fmt.seeds), fmt.seeds)


class Reader:
    """A directory with a format's files, in which one mutant after the other is read."""

    def __init__(self, fmt):
        self._format = fmt
        # In memory, where there is such a place.
        self._directory = tempfile.mkdtemp(dir="/dev/shm" if os.path.isdir("/dev/shm") else None)
        self.path = os.path.join(self._directory, fmt.file)
        for name, content in fmt.files.items():
            with open(os.path.join(self._directory, name), "wb") as f:
                f.write(content)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        shutil.rmtree(self._directory, ignore_errors=True)

    def read(self, content):
        """(whether it was read, what happened that must not; None for nothing, seconds)."""
        if os.path.lexists(self.path):
            os.unlink(self.path)  # a new file: what maps the old one keeps it
        with open(self.path, "wb") as f:
            f.write(content)
        started = time.perf_counter()
        try:
            self._format.read(self._directory)
            done, problem = True, None
        except UserError as e:
            done, problem = False, _check_message(str(e))
        except Exception as e:
            place = traceback.extract_tb(e.__traceback__)[-1]
            done, problem = False, f"{type(e).__name__}: {str(e)[:200]!r} at {os.path.basename(place.filename)}:{place.lineno}"
        seconds = time.perf_counter() - started
        if seconds > MOST_SECONDS:
            problem = problem or f"took {seconds:.0f} s"
        return done, problem, seconds


def _check_message(message):
    if not message.strip() or "\n" in message:
        return f"a message that is not one line: {message[:200]!r}"
    if len(message) > 2000:
        return f"a message of {len(message):,} characters: {message[:200]!r}"
    try:
        message.encode()
    except UnicodeEncodeError:
        return f"a message that cannot be printed: {message[:200]!r}"
    return None


def run(fmt, count, seed=0, first=0, progress=None):
    """Read mutants ``first`` to ``first + count``; stops after ten failures. ``progress`` is called with each number before it is read."""
    outcome = Outcome()
    with Reader(fmt) as reader:
        reader.read(fmt.seeds[0])  # what is imported then takes its time and memory once
        before = _peak()
        for number in range(first, first + count):
            content = mutant(fmt, seed, number)
            if progress:
                progress(number)
            done, problem, seconds = reader.read(content)
            outcome.slowest = max(outcome.slowest, seconds)
            outcome.growth = _peak() - before
            if number < len(fmt.seeds) and not done:
                problem = problem or "a good file, refused"
            if not problem and outcome.growth > MOST_GROWTH:
                problem = f"the process grew by {outcome.growth >> 20} MB"
            if problem:
                outcome.failures.append((number, problem))
                if len(outcome.failures) == 10 or outcome.growth > MOST_GROWTH:
                    break
            elif done:
                outcome.read += 1
            else:
                outcome.refused += 1
    return outcome


def _peak():
    try:
        import resource  # noqa: PLC0415 - POSIX
    except ImportError:
        return 0
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def kept(name):
    """Files of a format that have once been read wrongly: list of paths."""
    return sorted((KEPT / name).glob("*")) if (KEPT / name).is_dir() else []


def keep(fmt, seed, number):
    """Put a mutant into ``kept``; returns its path."""
    path = KEPT / fmt.name / f"{seed}-{number}"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(mutant(fmt, seed, number))
    return path


def interrupt_after(seconds):
    """Let a read that hangs in Python raise; one that hangs elsewhere is for the parent process to end."""
    if hasattr(signal, "SIGALRM"):
        signal.signal(signal.SIGALRM, _raise)
        signal.alarm(seconds)


def _raise(*_):
    raise TimeoutError(f"took more than {MOST_SECONDS} s")


def summary(outcomes):
    """A table of outcomes by format, as lines."""
    lines = [f"{'format':<22} {'mutants':>8} {'refused':>8} {'read':>8} {'slowest':>9} {'growth':>8} failures"]
    total = collections.Counter()
    for name, o in outcomes.items():
        count = o.refused + o.read + len(o.failures)
        total.update(mutants=count, failures=len(o.failures))
        lines.append(f"{name:<22} {count:>8,} {o.refused:>8,} {o.read:>8,} {o.slowest:>7.2f} s {o.growth >> 20:>5,} MB {len(o.failures)}")
    lines.append(f"{'all':<22} {total['mutants']:>8,} {'':>8} {'':>8} {'':>9} {'':>8} {total['failures']}")
    return lines
