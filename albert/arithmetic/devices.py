"""Devices that TensorFlow computes on."""

import tensorflow as tf


def on_accelerator():
    """True if TensorFlow has a GPU or a TPU: there one large operation costs less than many small ones, and loops cost most."""
    return bool(tf.config.list_logical_devices("GPU") or tf.config.list_logical_devices("TPU"))
