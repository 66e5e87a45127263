"""The directory of an exported model's versions, ``BASE/1``, ``BASE/2``, …, as TensorFlow Serving watches it."""

import contextlib
import os
import secrets
import shutil

from albert.errors import UserError

SAVED_MODEL = "saved_model.pb"
TFLITE_MODEL = "tagger.tflite"
_MODEL_FILES = {"savedmodel": SAVED_MODEL, "tflite": TFLITE_MODEL}


def versions(base):
    """Numbers of the version directories in ``base``, ascending; what TensorFlow Serving would count as one."""
    if not os.path.isdir(base):
        return []
    return sorted(int(name) for name in os.listdir(base) if name.isascii() and name.isdigit() and os.path.isdir(os.path.join(base, name)))


def is_export(path):
    """Whether a path is an exported model: a version directory, or the directory of its versions."""
    return _find(path) is not None


def version_directory(path):
    """``path`` if it is a version directory, else its newest one. Raises UserError when there is none."""
    found = _find(path)
    if found is None:
        raise UserError(f"{path}: found no exported model, expected version directories (1, 2, …) with a {SAVED_MODEL} or {TFLITE_MODEL}")
    return found


def _find(path):
    candidates = [path, *(os.path.join(path, str(version)) for version in reversed(versions(path)))]
    return next((candidate for candidate in candidates if format_of(candidate)), None)


def format_of(path):
    """``savedmodel`` or ``tflite``, whichever a version directory holds, or None."""
    return next((name for name, file in _MODEL_FILES.items() if os.path.isfile(os.path.join(path, file))), None)


def choose_version(base, version=0, export_format="savedmodel"):
    """The number of a new version.

    Args:
      base: directory of the versions.
      version: the number wanted; 0 for one more than the largest there is.
      export_format: ``savedmodel`` or ``tflite``.

    Raises:
      UserError: it is negative, or exists; or there are versions of the other format, which a server that watches ``base`` cannot load.
    """
    for present in versions(base):
        found = format_of(os.path.join(base, str(present)))
        if found not in (None, export_format):
            raise UserError(f"--export_dir: {base} holds versions of the format {found}, expected another directory for {export_format}")
    if not version:
        return max(versions(base), default=0) + 1
    if version < 0:
        raise UserError(f"--export_version: found {version}, expected a positive number")
    if version in versions(base):
        raise _exists(os.path.join(base, str(version)))
    return version


def _exists(path):
    return UserError(f"--export_version: {path} exists and is not overwritten; choose another number")


@contextlib.contextmanager
def new_version(base, version):
    """A directory to write a version to, renamed to ``BASE/<version>`` when the block ends without an exception, else removed.

    Its name until then is no number, so that a server that watches ``base`` does not take it for a version.

    Raises:
      UserError: ``base`` cannot be written to, or the version came into being meanwhile.
    """
    target = os.path.join(base, str(version))
    temporary = os.path.join(base, f".{version}.{secrets.token_hex(4)}.tmp")
    try:
        os.makedirs(temporary)
    except OSError as e:
        raise UserError(f"--export_dir: cannot write to {base}: {e.strerror}") from e
    try:
        yield temporary
        if os.path.exists(target):
            raise _exists(target)
        os.rename(temporary, target)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
