"""One row of numbers per finished epoch, and the choice of the best one."""

import csv
import json
import os

from albert.errors import UserError
from albert.files import atomic_write, read_json

_JSON, _CSV = "history.json", "history.csv"


class History:
    """The finished epochs of a run.

    ``history.json`` is what a rerun reads; ``history.csv`` is the same as a table.

    Args:
      directory: ``ModelDir``.

    Attributes:
      rows: list of dicts, one per epoch: ``epoch`` (from 1), ``step``, ``loss`` and so on; with a dev set ``dev_f1`` and ``dev_found``,
        the number of entities found in it, too.
      as_0_1_0: whether, as in version 0.1.0, the earlier of two equal epochs is better and patience counts epochs that found nothing.
      confusion: dict with ``types`` (list) and ``counts`` (list of lists) of the best epoch; None before any.
    """

    def __init__(self, directory):
        self._directory = directory
        self.rows = []
        self.confusion = None
        self.as_0_1_0 = False

    def read(self, last_step):
        """Take up the rows an earlier run left, up to the step its training state has reached."""
        path = self._directory.file(_JSON)
        if not os.path.exists(path):
            return
        try:
            stored = read_json(path, "the history of a run", allow_nan=True)
            self.rows = [row for row in stored["rows"] if row["step"] <= last_step]
            if len(self.rows) == len(stored["rows"]):
                self.confusion = stored["confusion"]
        except (UserError, ValueError, KeyError, TypeError) as e:
            raise UserError(f"{path}: not the history of a run; remove it to go on without") from e

    def add(self, row, confusion=None):
        """Add an epoch and write both files. ``confusion`` is that of the epoch, when it is the best so far."""
        self.rows.append(row)
        self.confusion = confusion or self.confusion
        with atomic_write(self._directory.file(_CSV)) as f:
            names = dict.fromkeys(name for row in self.rows for name in row)
            writer = csv.DictWriter(f, fieldnames=list(names), lineterminator="\n")
            writer.writeheader()
            writer.writerows(self.rows)
        # Last: with it the epoch counts as finished.
        with atomic_write(self._directory.file(_JSON)) as f:
            json.dump({"rows": self.rows, "confusion": self.confusion}, f, indent=1, ensure_ascii=False)

    @property
    def last_step(self):
        """The step at which the last finished epoch ended; 0 before any."""
        return self.rows[-1]["step"] if self.rows else 0

    @property
    def best(self):
        """The row with the best dev F1; None without a dev set. Of equal ones it is the later unless its loss is higher."""
        best = None
        for row in self.rows:
            if "dev_f1" in row and (best is None or self._is_better(row, best)):
                best = row
        return best

    def would_be_best(self, row):
        """True if ``best`` will be a row that is about to be added."""
        return self.best is None or self._is_better(row, self.best)

    def epochs_since_best(self):
        """Epochs since the best dev F1 was first reached, but for those in which nothing was found; 0 without a dev set."""
        if self.best is None:
            return 0
        first = next(i for i, row in enumerate(self.rows) if row.get("dev_f1") == self.best["dev_f1"])
        return sum(self.as_0_1_0 or row.get("dev_found", 1) > 0 for row in self.rows[first + 1 :])

    def _is_better(self, row, best):
        if row["dev_f1"] == best["dev_f1"]:
            return not self.as_0_1_0 and row["loss"] <= best["loss"]
        return row["dev_f1"] > best["dev_f1"]
