"""The guard against two different runs in one directory: a JSON record of everything that decides a run's result."""

import json
import os

from albert.errors import FieldError, UserError
from albert.files import read_json, write_json

_SHOWN_DIFFERENCES = 3


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
    if os.path.exists(record_path) or not create:
        record = read_json(record_path, f"the record of the {what} in this directory")
        stored = record.get(key, {}) if key else record
        if not isinstance(stored, dict):
            raise UserError(f"{record_path}: found {type(stored).__name__}, expected a JSON object; choose another directory")
        _refuse_differences(path, stored, json.loads(json.dumps(identity)))
        return record
    if os.path.isdir(path) and os.listdir(path):
        raise FieldError("{output_dir}: {} is not empty and holds no {}; choose another directory", path, what)
    record = {key: identity} if key else identity
    try:
        os.makedirs(path, exist_ok=True)
        write_json(record_path, record)
    except OSError as e:
        raise FieldError("{output_dir}: cannot write to {}: {}", path, e.strerror) from e
    return record


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
