"""Without what TensorFlow says while it exports: it is about temporary directories and its own compiler."""

import contextlib
import os
import sys

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


@contextlib.contextmanager
def quiet_compiler():
    """Without what its C++ writes to standard error, past Python; errors are raised as exceptions nevertheless."""
    sys.stderr.flush()
    kept = os.dup(2)
    try:
        with open(os.devnull, "wb") as nothing:
            os.dup2(nothing.fileno(), 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
