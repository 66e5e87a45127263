"""Scalars for TensorBoard."""

import tensorflow as tf


class ScalarWriter:
    """Writes scalars to a directory that ``tensorboard --logdir`` shows.

    Args:
      directory: path, or None to write nothing.
    """

    def __init__(self, directory):
        self._writer = tf.summary.create_file_writer(directory) if directory else tf.summary.create_noop_writer()

    def write(self, scalars, step):
        """Write a dict from name to number at a step; they are on disk when this returns."""
        with self._writer.as_default(step):
            for name, value in scalars.items():
                tf.summary.scalar(name, value)
        self._writer.flush()
