"""A table of numbers by step that a run adds to while it goes on."""

import csv
import os

from albert.files import atomic_write


class CsvLog:
    """Rows of numbers in a CSV file, each with its ``step``, in ascending order.

    Args:
      path: the file; it is made with the first row.
    """

    def __init__(self, path):
        self.path = os.fspath(path)

    def write(self, row):
        """Add a row: dict with ``step`` first, then numbers; the same names each time."""
        new = not os.path.exists(self.path)
        with open(self.path, "a", encoding="utf-8", newline="") as f:
            writer = csv.DictWriter(f, fieldnames=list(row), lineterminator="\n")
            if new:
                writer.writeheader()
            writer.writerow({name: f"{value:.6g}" if isinstance(value, float) else value for name, value in row.items()})

    def cut(self, step):
        """Drop the rows after a step: a run that was killed had written more than it had saved."""
        if not os.path.exists(self.path):
            return
        with open(self.path, encoding="utf-8", newline="") as f:
            header, *rows = f.read().splitlines() or [""]
        whole = [row for row in rows if row.count(",") == header.count(",")]  # the last one may be torn
        kept = [row for row in whole if int(row.split(",", 1)[0]) <= step]
        if not kept:
            os.unlink(self.path)
            return
        with atomic_write(self.path) as f:
            f.writelines(line + "\n" for line in (header, *kept))

    def read(self):
        """list of dicts of floats; empty without a file."""
        if not os.path.exists(self.path):
            return []
        with open(self.path, encoding="utf-8", newline="") as f:
            return [{name: float(value) for name, value in row.items()} for row in csv.DictReader(f)]
