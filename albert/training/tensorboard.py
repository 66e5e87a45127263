"""Scalars for TensorBoard."""

import tensorflow as tf
from tensorflow.core.framework import summary_pb2

# The part of TensorBoard that shows it. ``tf.summary.scalar`` is TensorBoard's own, which later TensorFlows come without.
_METADATA = summary_pb2.SummaryMetadata(
    plugin_data=summary_pb2.SummaryMetadata.PluginData(plugin_name="scalars"), data_class=summary_pb2.DATA_CLASS_SCALAR
)


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
                tf.summary.write(name, tf.constant(value, tf.float32), metadata=_METADATA)
        self._writer.flush()
