"""``run.json``: what decides a run's result, how each start of its command was made, and how it ended."""

import contextlib
import dataclasses
import os
from typing import Optional

from albert.errors import ConfigError, FieldError
from albert.fields import check_fields, check_keys, setting, shown
from albert.files import read_json, write_json
from albert.training import same_run

RECORD = "run.json"
_KIND = "training run"
_WHAT = f"the record of the {_KIND} in this directory"


@dataclasses.dataclass(frozen=True)
class _Record:
    """Keys of the record: see :func:`read`."""

    identity: dict
    sessions: tuple = ()
    result: Optional[dict] = None

    def __post_init__(self):
        check_fields(self)
        for session in self.sessions:
            if not isinstance(session, dict) or not isinstance(session.get("flags", {}), dict):
                raise FieldError("{sessions}: found {}, expected an object with flags", shown(session))
        if self.result is not None:
            check_keys(_Result, {key: value for key, value in self.result.items() if key in _Result.__dataclass_fields__}, "result")
            _Result(**{key: self.result[key] for key in _Result.__dataclass_fields__})


@dataclasses.dataclass(frozen=True)
class _Result:
    """Fields that the record of a finished run has; it may have more."""

    steps: int = setting(at_least=0)
    epochs: int = setting(at_least=0)
    seconds: float = setting(at_least=0)
    stopped_early: bool = setting()
    chosen_by: str = setting()
    chosen: dict = setting()

    def __post_init__(self):
        check_fields(self)
        numbers = {"epoch": None, **self.chosen}
        for key, value in numbers.items():
            if isinstance(value, bool) or not isinstance(value, (int, float)):
                raise FieldError("{chosen}: {}: found {}, expected a number", key, shown(value))


def read(directory):
    """The record of a run.

    Args:
      directory: ``ModelDir``.

    Returns:
      dict with ``identity`` (an object), and where it has them ``sessions`` (a list of objects, each with an object ``flags``) and
      ``result``.

    Raises:
      UserError: there is none, or it is damaged.
    """
    # Python writes the infinite among the settings in a way that is not JSON.
    return _checked(read_json(directory.file(RECORD), _WHAT, allow_nan=True), directory)


def _checked(values, directory):
    try:
        check_keys(_Record, values)
        _Record(**values)
    except ConfigError as e:
        raise ConfigError(f"{directory.file(RECORD)}: {e}") from e
    return values


@contextlib.contextmanager
def sole_process(directory):
    """``albert.training.same_run.sole_process`` for a training output directory."""
    with same_run.sole_process(directory.path, RECORD, _KIND) as remark:
        yield remark


def ensure_same_run(directory, identity, create=True):
    """``albert.training.same_run.ensure_same_run`` for a training output directory.

    Args:
      directory: ``ModelDir``.
      identity: JSON-ready dict of everything that decides the run's result.
      create: whether to mark an empty directory; of several workers the chief does.

    Returns:
      The run's result if it is finished, as ``record_result`` was given it; else None.

    Raises:
      UserError: the directory holds a run that differs, and in what; or files of something else.
    """
    record = same_run.ensure_same_run(directory.path, RECORD, identity, _KIND, key="identity", create=create)
    return _checked(record, directory).get("result")


def record_session(directory, session):
    """Add to the run's record how one start of its command was made: a JSON-ready dict of flags, versions, hardware and so on."""
    record = read(directory)
    write_json(directory.file(RECORD), {**record, "sessions": [*record.get("sessions", []), session]})


def record_result(directory, result):
    """Mark the run as finished.

    Args:
      directory: ``ModelDir``.
      result: JSON-ready dict with ``steps``, ``epochs``, ``seconds``, ``stopped_early``, ``chosen_by`` (words) and ``chosen``, the numbers
        of the epoch whose weights are the result.
    """
    record = read(directory)
    write_json(directory.file(RECORD), {**record, "result": result})


def is_there(directory):
    """True if a directory has a record. A dangling link counts as one; reading it fails."""
    return os.path.lexists(directory.file(RECORD))
