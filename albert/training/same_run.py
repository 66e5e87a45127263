"""The guard against two different runs in one directory: a JSON record of everything that decides a run's result."""

import contextlib
import errno
import json
import os

from albert.errors import FieldError, UserError
from albert.files import read_json, write_json
from albert.lock import LockedError, lock

_SHOWN_DIFFERENCES = 3
_LOCK = ".lock"
_READ_ONLY = (errno.EACCES, errno.EPERM, errno.EROFS)


def ensure_same_run(path, name, identity, what, key=None, create=True):
    """Mark an output directory as a run's, or refuse it when it is another's.

    Args:
      path: the directory, the setting ``output_dir``.
      name: name of the record in it.
      identity: JSON-ready dict of everything that decides the run's result.
      what: kind of run, for messages: ``training run``.
      key: where in the record the identity stands; None: it is the whole record.
      create: whether to mark a directory that is empty; of several workers the chief does.

    Returns:
      The record as it is now on the disk.

    Raises:
      UserError: the directory holds a run that differs, and in what; or files of something else; or cannot be written.
    """
    record_path = os.path.join(path, name)
    if os.path.lexists(record_path) or not create:
        record = read_json(record_path, f"the record of the {what} in this directory", allow_nan=True)
        stored = record.get(key, {}) if key else record
        if not isinstance(stored, dict):
            raise UserError(f"{record_path}: found {type(stored).__name__}, expected a JSON object; choose another directory")
        _refuse_differences(path, stored, json.loads(json.dumps(identity)))
        return record
    _refuse_other_files(path, what)
    record = {key: identity} if key else identity
    try:
        os.makedirs(path, exist_ok=True)
        write_json(record_path, record)
    except OSError as e:
        raise FieldError("{output_dir}: cannot write to {}: {}", path, e.strerror) from e
    return record


@contextlib.contextmanager
def sole_process(path, name=None, what=""):
    """Keep every other process out of an output directory while the block runs: two would delete each other's states.

    The directory is made, and removed again if nothing was put into it. See ``albert.lock`` for what is promised on which file systems.

    Args:
      path, name, what: as for :func:`ensure_same_run`; without a name, other files in the directory do not matter.

    Yields:
      A remark for the user, where there are no locks; else None.

    Raises:
      FieldError: another process is at work there; or the directory holds files of something else, or cannot be made.
    """
    path = os.fspath(path)
    if name and not os.path.lexists(os.path.join(path, name)):
        _refuse_other_files(path, what)
    with contextlib.ExitStack() as stack:
        try:
            if not os.path.isdir(path):
                os.makedirs(path, exist_ok=True)
                stack.callback(_remove_empty, path)
            held = stack.enter_context(lock(os.path.join(path, _LOCK), wait=False))
        except LockedError as e:
            message = "{output_dir}: {} is in use by {}; wait for it to end, or choose another directory"
            raise FieldError(message, path, e.holder) from None
        except OSError as e:
            # A finished run may be looked at where nothing can be written.
            if e.errno not in _READ_ONLY or not os.path.isdir(path):
                raise FieldError("{output_dir}: cannot write to {}: {}", path, e.strerror) from e
            held = True
        yield None if held else f"{path}: no locks on this file system: nothing keeps a second process out of the directory"


def _remove_empty(path):
    with contextlib.suppress(OSError):
        os.rmdir(path)


def _refuse_other_files(path, what):
    if os.path.isdir(path) and set(os.listdir(path)) - {_LOCK}:
        raise FieldError("{output_dir}: {} is not empty and holds no {}; choose another directory", path, what)


def _refuse_differences(path, stored, identity):
    there, here = _flatten(stored), _flatten(identity)
    differences = [
        f"{key}: {there.get(key, 'nothing')} there, {here.get(key, 'nothing')} here"
        for key in sorted({*there, *here})
        if there.get(key) != here.get(key)
    ]
    if differences:
        shown = "; ".join(differences[:_SHOWN_DIFFERENCES])
        more = f"; and {len(differences) - _SHOWN_DIFFERENCES} more" if len(differences) > _SHOWN_DIFFERENCES else ""
        raise FieldError("{output_dir}: {} holds another run, {}; choose another directory", path, shown + more)


def _flatten(values, prefix=""):
    """Nested dicts as one with dotted keys."""
    flat = {}
    for key, value in values.items():
        flat.update(_flatten(value, f"{prefix}{key}.") if isinstance(value, dict) else {prefix + key: value})
    return flat
