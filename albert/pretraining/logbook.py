"""The record of a run: CSV files to keep, TensorBoard to watch."""

import os

from albert.training.csv_log import CsvLog
from albert.training.tensorboard import ScalarWriter

_KINDS = ("train", "eval")


class Logbook:
    """Rows of numbers by step, each kind in ``<kind>.csv`` and under ``<kind>/`` in TensorBoard.

    Args:
      directory: where the CSV files are; TensorBoard's are in ``logs`` below it.
    """

    def __init__(self, directory):
        self._tables = {kind: CsvLog(os.path.join(directory, f"{kind}.csv")) for kind in _KINDS}
        self._scalars = ScalarWriter(os.path.join(directory, "logs"))

    def write(self, kind, row):
        """Add a row: dict with ``step`` and numbers; ``kind`` is ``train`` or ``eval``."""
        self._tables[kind].write(row)
        self._scalars.write({f"{kind}/{name}": value for name, value in row.items() if name != "step"}, row["step"])

    def cut(self, step):
        """Drop the rows after a step: a run that was killed had written more than it had saved."""
        for table in self._tables.values():
            table.cut(step)
