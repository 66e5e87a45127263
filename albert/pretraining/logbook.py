"""The record of a run: CSV files to keep, TensorBoard to watch."""

import csv
import os

import tensorflow as tf

from albert.files import atomic_write


class Logbook:
    """Rows of numbers by step, each kind in ``<kind>.csv`` and under ``<kind>/`` in TensorBoard.

    Args:
      directory: where the CSV files are; TensorBoard's are in ``logs`` below it.
    """

    def __init__(self, directory):
        self._directory = directory
        self._writer = tf.summary.create_file_writer(os.path.join(directory, "logs"))

    def write(self, kind, row):
        """Add a row: dict with ``step`` and numbers."""
        path = self._path(kind)
        new = not os.path.exists(path)
        with open(path, "a", encoding="utf-8", newline="") as f:
            writer = csv.DictWriter(f, fieldnames=list(row), lineterminator="\n")
            if new:
                writer.writeheader()
            writer.writerow({name: f"{value:.6g}" if isinstance(value, float) else value for name, value in row.items()})
        with self._writer.as_default():
            for name, value in row.items():
                if name != "step":
                    tf.summary.scalar(f"{kind}/{name}", value, step=row["step"])
        self._writer.flush()

    def cut(self, step):
        """Drop the rows after a step: a run that was killed had written more than it had saved."""
        for kind in ("train", "eval"):
            path = self._path(kind)
            if not os.path.exists(path):
                continue
            with open(path, encoding="utf-8", newline="") as f:
                header, *rows = f.read().splitlines()
            kept = [row for row in rows if row.split(",", 1)[0].isdigit() and int(row.split(",", 1)[0]) <= step]
            with atomic_write(path) as f:
                f.writelines(line + "\n" for line in (header, *kept))

    def _path(self, kind):
        return os.path.join(self._directory, f"{kind}.csv")
