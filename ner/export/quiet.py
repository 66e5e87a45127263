"""Without what TensorFlow says while it exports: it is about temporary directories and its own compiler."""

import contextlib

from absl import logging


@contextlib.contextmanager
def quiet_log():
    """Without the lines its Python logs as information."""
    verbosity = logging.get_verbosity()
    logging.set_verbosity(logging.WARNING)
    try:
        yield
    finally:
        logging.set_verbosity(verbosity)
