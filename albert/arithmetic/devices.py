"""What TensorFlow computes on."""

import tensorflow as tf


def on_accelerator():
    """Whether TensorFlow has a GPU or a TPU, where one large operation costs less than many small ones, and loops cost most."""
    return bool(tf.config.list_logical_devices("GPU") or tf.config.list_logical_devices("TPU"))
