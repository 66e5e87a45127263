"""``run.json``: what decides a run's result, how each start of its command was made, and how it ended."""

from albert.files import read_json, write_json
from albert.training.same_run import ensure_same_run as ensure_same_run_in

RECORD = "run.json"
_WHAT = "the record of the training run in this directory"


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
    return ensure_same_run_in(directory.path, RECORD, identity, "training run", key="identity", create=create).get("result")


def record_session(directory, session):
    """Add to the run's record how one start of its command was made: a JSON-ready dict of flags, versions, hardware and so on."""
    record = read_json(directory.file(RECORD), _WHAT)
    write_json(directory.file(RECORD), {**record, "sessions": [*record.get("sessions", []), session]})


def record_result(directory, result):
    """Mark the run as finished; ``result`` is a JSON-ready dict."""
    record = read_json(directory.file(RECORD), _WHAT)
    write_json(directory.file(RECORD), {**record, "result": result})
