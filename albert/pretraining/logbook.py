"""The record of a run: CSV files to keep, TensorBoard to watch."""

import os

import tensorflow as tf

from albert.training.csv_log import CsvLog

_KINDS = ("train", "eval")


class Logbook:
    """Rows of numbers by step, each kind in ``<kind>.csv`` and under ``<kind>/`` in TensorBoard.

    Args:
      directory: where the CSV files are; TensorBoard's are in ``logs`` below it.
    """

    def __init__(self, directory):
        self._tables = {kind: CsvLog(os.path.join(directory, f"{kind}.csv")) for kind in _KINDS}
        self._writer = tf.summary.create_file_writer(os.path.join(directory, "logs"))

    def write(self, kind, row):
        """Add a row: dict with ``step`` and numbers; ``kind`` is ``train`` or ``eval``."""
        self._tables[kind].write(row)
        with self._writer.as_default():
            for name, value in row.items():
                if name != "step":
                    tf.summary.scalar(f"{kind}/{name}", value, step=row["step"])
        self._writer.flush()

    def cut(self, step):
        """Drop the rows after a step: a run that was killed had written more than it had saved."""
        for table in self._tables.values():
            table.cut(step)
