"""The model that is served, and newer versions of it that come into being while it is."""

import dataclasses
import gc
import os
import threading
from typing import Callable, Optional

from albert.errors import UserError
from ner.export.versions import format_of, is_export, version_directory, versions
from ner.tagging.protocol import TextPredictor

# Texts of some lengths, so that the first request finds everything made that is made at first use.
_WARM_UP = ["李明在上海。" * n for n in (1, 1, 2, 3, 5, 8, 13, 21, 34)]


@dataclasses.dataclass(frozen=True, eq=False)
class Version:
    """A loaded model.

    Attributes:
      number: of the version; that of a training output directory is 1.
      path: its directory.
      predictor: computes with it.
    """

    number: int
    path: str
    predictor: TextPredictor


class Models:
    """The newest version of a model.

    A directory of an exported model's versions is watched: a version that is newer than the one that is served is loaded beside it and
    takes its place when it is ready; one that cannot be loaded is reported and tried again when its files have changed. If the served
    version's directory is removed, the newest that is left takes its place. Whoever holds a :class:`Version` can go on computing with it.

    Args:
      path: a training output directory, an exported model's version, or the directory of its versions.
      load: function from a directory to its ``TextPredictor``; raises UserError.
      poll_seconds: seconds between two looks at the directory of the versions.
      report: function that is called with a line about each change, and the keyword ``error`` for one that failed.

    Raises:
      UserError: there is no model, or it cannot be loaded.
    """

    def __init__(self, path: str, load: Callable[[str], TextPredictor], poll_seconds: float, report: Callable[..., object]):
        self.path, self._load, self._seconds, self._report = path, load, poll_seconds, report
        self._failed: dict[int, tuple] = {}  # number → (its files then, message)
        self._loading: Optional[int] = None
        self._stop = threading.Event()
        self._thread = None
        if is_export(path) and format_of(path) is None:
            directory = version_directory(path)
            self.current = self._loaded(int(os.path.basename(directory)), directory)
            self._thread = threading.Thread(target=self._watch, name="versions", daemon=True)
            self._thread.start()
        else:
            name = os.path.basename(os.path.abspath(path))
            self.current = self._loaded(int(name) if name.isascii() and name.isdigit() else 1, path)

    @property
    def watched(self) -> bool:
        """True if there may be other versions later."""
        return self._thread is not None

    def states(self) -> list[tuple[int, str, str]]:
        """(number, TensorFlow Serving's word for its state, message of an error) of each version, the newest first."""
        found = {number: ("END", message) for number, (_, message) in list(self._failed.items())}
        if self._loading is not None:
            found[self._loading] = ("LOADING", "")
        found[self.current.number] = ("AVAILABLE", "")
        return [(number, *found[number]) for number in sorted(found, reverse=True)]

    def close(self) -> None:
        """Watch no longer."""
        self._stop.set()
        if self._thread:
            self._thread.join()

    def _loaded(self, number, path):
        predictor = self._load(path)
        list(predictor.entities(_WARM_UP))
        return Version(number, path, predictor)

    def _watch(self):
        while not self._stop.wait(self._seconds):
            try:
                self._look()
            except OSError as e:
                self._report(f"{self.path}: cannot look for versions: {e.strerror}", error=True)

    def _look(self):
        """Load the newest version, unless it is served or has failed as it is now."""
        present = versions(self.path)
        self._failed = {number: failure for number, failure in self._failed.items() if number in present}
        for number in reversed(present):
            directory = os.path.join(self.path, str(number))
            if number == self.current.number:
                return
            # Where the served version is still there, only newer ones are of interest, and those come first.
            if format_of(directory) is None:
                continue
            files = _files(directory)
            if number in self._failed and self._failed[number][0] == files:
                continue
            self._loading = number
            try:
                before, self.current = self.current, self._loaded(number, directory)
            except Exception as e:
                # Whatever is wrong with a new version, the old one answers.
                message = str(e) if isinstance(e, UserError) else f"{directory}: cannot be loaded: {type(e).__name__}: {e}"
                self._failed[number] = files, " ".join(message.split())[:300]
                self._report(f"version {number} is not served: {message}", error=True)
                continue
            finally:
                self._loading = None
            self._failed.pop(number, None)
            self._report(f"version {number} is served in the place of version {before.number}")
            del before
            # A model is full of cycles.
            gc.collect()
            return


def _files(directory):
    """Names, sizes and times of all files of a directory."""
    found = []
    for folder, _, names in os.walk(directory):
        for name in names:
            path = os.path.join(folder, name)
            state = os.stat(path)
            found.append((path, state.st_size, state.st_mtime_ns))
    return sorted(found)
