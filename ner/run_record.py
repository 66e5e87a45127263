"""``run.json``: what decides a run's result, how each start of its command was made, and how it ended.

It is also the guard against two different runs in one directory.
"""

import json
import os

from albert.errors import UserError
from ner.config import read_json, write_json

RECORD = "run.json"
_WHAT = "the record of the run in this directory"
_SHOWN_DIFFERENCES = 3


def claim(directory, identity, create=True):
    """Mark an output directory as this run's, or refuse it when it is another's.

    Args:
      directory: ``ModelDir``.
      identity: JSON-ready dict of everything that decides the run's result.
      create: whether to mark an empty directory; of several workers the chief does.

    Returns:
      The run's result if it is finished, as ``record_result`` was given it; else None.

    Raises:
      UserError: the directory holds a run that differs, and in what; or files of something else.
    """
    path = directory.file(RECORD)
    if os.path.exists(path) or not create:
        stored = read_json(path, _WHAT)
        _refuse_differences(directory, stored.get("identity", {}), json.loads(json.dumps(identity)))
        return stored.get("result")
    if os.path.isdir(directory.path) and os.listdir(directory.path):
        raise UserError(f"--output_dir: {directory.path} is not empty and holds no training run; choose another directory")
    try:
        os.makedirs(directory.path, exist_ok=True)
        write_json(path, {"identity": identity, "sessions": []})
    except OSError as e:
        raise UserError(f"--output_dir: cannot write to {directory.path}: {e.strerror}") from e
    return None


def record_session(directory, session):
    """Add to the run's record how one start of its command was made: a JSON-ready dict of flags, versions, hardware and so on."""
    record = read_json(directory.file(RECORD), _WHAT)
    write_json(directory.file(RECORD), {**record, "sessions": [*record.get("sessions", []), session]})


def record_result(directory, result):
    """Mark the run as finished; ``result`` is a JSON-ready dict."""
    record = read_json(directory.file(RECORD), _WHAT)
    write_json(directory.file(RECORD), {**record, "result": result})


def _refuse_differences(directory, stored, identity):
    there, here = _flatten(stored), _flatten(identity)
    differences = [
        f"{key}: {there.get(key, 'nothing')} there, {here.get(key, 'nothing')} here"
        for key in sorted({*there, *here})
        if there.get(key) != here.get(key)
    ]
    if differences:
        shown = "; ".join(differences[:_SHOWN_DIFFERENCES])
        more = f"; and {len(differences) - _SHOWN_DIFFERENCES} more" if len(differences) > _SHOWN_DIFFERENCES else ""
        raise UserError(f"--output_dir: {directory.path} holds another run, {shown}{more}; choose another directory")


def _flatten(values, prefix=""):
    """Nested dicts as one with dotted keys."""
    flat = {}
    for key, value in values.items():
        flat.update(_flatten(value, f"{prefix}{key}.") if isinstance(value, dict) else {prefix + key: value})
    return flat
