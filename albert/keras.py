"""Keras 2, as the installed TensorFlow has it: ``from albert.keras import keras``. All use of Keras goes through here.

Up to TensorFlow 2.15 it is the package ``keras`` that TensorFlow comes with. From 2.16 on that package is Keras 3, and Keras 2 is the
package ``tf_keras`` of TensorFlow's version. ``tf.keras`` is not asked: it depends on ``TF_USE_LEGACY_KERAS`` too.
"""

import contextlib
import importlib
import importlib.metadata
import os
import sys

import tensorflow as tf

from albert.errors import UserError

# The last release whose own Keras is Keras 2.
_LAST_WITH_KERAS_2 = (2, 15)


def _keras_2(tensorflow_version):
    """The module of Keras 2 for a TensorFlow.

    Raises:
      UserError: the package is missing or of another version than TensorFlow.
    """
    major, minor = tensorflow_version.split(".")[:2]
    package = "keras" if (int(major), int(minor)) <= _LAST_WITH_KERAS_2 else "tf_keras"
    try:
        found = importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        found = None
    # Before the import: one that does not match may well fail in the middle, and say something else.
    if found is None or found.split(".")[:2] != [major, minor]:
        name = package.replace("_", "-")
        raise UserError(
            f"Keras 2 of TensorFlow {tensorflow_version}: found {f'{name} {found}' if found else f'no {name}'}, "
            f'expected {name} {major}.{minor}: pip install "{name}=={major}.{minor}.*"'
        )
    return importlib.import_module(package)


keras = _keras_2(tf.__version__)


@contextlib.contextmanager
def as_tensorflows():
    """``tf.keras`` is ``keras`` meanwhile, however imported: for the import of a package made for TensorFlow 2.15 that uses it."""
    theirs, path = tf.keras, tf.__path__
    modules = _modules_of_tf_keras()
    tf.keras = keras
    tf.__path__ = [os.path.join(os.path.dirname(keras.__file__), "api", "_v2"), *path]
    try:
        yield
    finally:
        for name in _modules_of_tf_keras() - modules:
            del sys.modules[name]
        tf.keras, tf.__path__ = theirs, path


def _modules_of_tf_keras():
    return {name for name in sys.modules if name.startswith("tensorflow.keras")}
