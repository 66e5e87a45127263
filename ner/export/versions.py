"""The directory of an exported model's versions, ``BASE/1``, ``BASE/2``, …, as TensorFlow Serving watches it."""

import contextlib
import os
import re
import secrets
import shutil

from albert.errors import FieldError, UserError
from albert.files import sync
from albert.lock import LockedError, lock

SAVED_MODEL = "saved_model.pb"
ONNX_MODEL = "model.onnx"
_MODEL_FILES = {"savedmodel": SAVED_MODEL, "onnx": ONNX_MODEL}
# What a version is called while it is being written.
_UNFINISHED = re.compile(r"\.[0-9]+\.[0-9a-f]{8}\.tmp")
# In the directory of the versions while one is begun or finished, and in each that is being written.
_LOCK = ".lock"


def versions(base):
    """Numbers of the version directories in ``base``, ascending; what TensorFlow Serving would count as one."""
    if not os.path.isdir(base):
        return []
    return sorted(int(name) for name in os.listdir(base) if name.isascii() and name.isdigit() and os.path.isdir(os.path.join(base, name)))


def is_export(path):
    """True if a path is an exported model: a version directory, or the directory of its versions."""
    return _find(path) is not None


def version_directory(path):
    """``path`` if it is a version directory, else its newest one. Raises UserError when there is none."""
    found = _find(path)
    if found is None:
        raise UserError(f"{path}: found no exported model, expected version directories (1, 2, …) with a {SAVED_MODEL} or {ONNX_MODEL}")
    return found


def _find(path):
    candidates = [path, *(os.path.join(path, str(version)) for version in reversed(versions(path)))]
    return next((candidate for candidate in candidates if format_of(candidate)), None)


def format_of(path):
    """``savedmodel`` or ``onnx``, whichever a version directory holds, or None."""
    return next((name for name, file in _MODEL_FILES.items() if os.path.isfile(os.path.join(path, file))), None)


def choose_version(base, version=0, export_format="savedmodel"):
    """The number of a new version.

    Args:
      base: directory of the versions.
      version: the number wanted; 0 for one more than the largest there is.
      export_format: ``savedmodel`` or ``onnx``.

    Raises:
      UserError: it is negative, or exists; or there are versions of the other format, which a server that watches ``base`` cannot load.
    """
    for present in versions(base):
        found = format_of(os.path.join(base, str(present)))
        if found not in (None, export_format):
            raise FieldError(
                "{export_dir}: {} holds versions of the format {}, expected another directory for {}", base, found, export_format
            )
    if version < 0:
        raise FieldError("{export_version}: found {}, expected a positive number", version)
    version = version or max(versions(base), default=0) + 1
    target = os.path.join(base, str(version))
    if os.path.lexists(target):
        raise _exists(target)
    return version


def _exists(path):
    return FieldError("{export_version}: {} exists and is not overwritten; choose another number", path)


@contextlib.contextmanager
def new_version(base, version):
    """A directory to write a version to, renamed to ``BASE/<version>`` when the block ends without an exception, else removed.

    Its name until then is no number, so that a server that watches ``base`` does not take it for a version. Such directories that a
    killed process left are removed first; one that a living process writes to is told by the lock that this process holds.

    Raises:
      UserError: ``base`` cannot be written to, or the version came into being meanwhile.
    """
    target = os.path.join(base, str(version))
    temporary = os.path.join(base, f".{version}.{secrets.token_hex(4)}.tmp")
    with contextlib.ExitStack() as stack:
        try:
            os.makedirs(base, exist_ok=True)
            # No other process looks for remains between the making of the directory and its lock.
            with lock(os.path.join(base, _LOCK)):
                _remove_unfinished(base)
                os.mkdir(temporary)
                stack.callback(shutil.rmtree, temporary, ignore_errors=True)
                held = stack.enter_context(contextlib.ExitStack())
                held.enter_context(lock(os.path.join(temporary, _LOCK)))
        except OSError as e:
            raise FieldError("{export_dir}: cannot write to {}: {}", base, e.strerror) from e
        yield temporary
        with lock(os.path.join(base, _LOCK)):
            if os.path.lexists(target):
                raise _exists(target)
            held.close()  # removes the lock's file
            _sync_all(temporary)
            os.rename(temporary, target)
        sync(base)


def _remove_unfinished(base):
    for name in os.listdir(base):
        path = os.path.join(base, name)
        if _UNFINISHED.fullmatch(name) and os.path.isdir(path):
            with contextlib.suppress(LockedError):
                with lock(os.path.join(path, _LOCK), wait=False) as held:
                    pass
                # Where there are no locks, nothing tells what a dead process left from what a living one writes.
                if held:
                    shutil.rmtree(path, ignore_errors=True)


def _sync_all(directory):
    """Wait until all of a directory is on the disk: a name in ``base`` must not get there before what it names."""
    for folder, _, files in os.walk(directory):
        for path in (*(os.path.join(folder, file) for file in files), folder):
            sync(path)
