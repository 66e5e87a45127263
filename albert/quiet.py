"""Without what TensorFlow's C++ says on standard error about nothing a user can act on.

``TF_CPP_MIN_LOG_LEVEL`` says how loud it is; later releases also write lines that pay no heed to it, when they are imported and when XLA
compiles for the first time.
"""

import contextlib
import importlib.abc
import importlib.util
import os
import sys


@contextlib.contextmanager
def quiet_stderr():
    """Without what is written to descriptor 2 past Python; what Python writes to ``sys.stderr``, and exceptions, come through."""
    try:
        kept = os.dup(2)
    except OSError:  # closed
        yield
        return
    stream, ours = sys.stderr, None
    try:
        if _descriptor(stream) == 2:
            stream.flush()
            ours = open(os.dup(kept), "w", buffering=1, encoding=stream.encoding, errors=stream.errors)  # noqa: SIM115 - closed below
            sys.stderr = ours
        with open(os.devnull, "wb") as nothing:
            os.dup2(nothing.fileno(), 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        if ours is not None:
            sys.stderr = stream
            ours.close()


def _descriptor(stream):
    """Number of the file a stream writes to, or None: notebooks' and tests' streams have none."""
    try:
        return stream.fileno()
    except (AttributeError, OSError, ValueError):
        return None


class _QuietImport(importlib.abc.MetaPathFinder):
    """Finds TensorFlow where it is, and has it imported quietly."""

    def __init__(self):
        self._asking = False

    def find_spec(self, fullname, path=None, target=None):
        if fullname != "tensorflow" or self._asking:
            return None
        self._asking = True  # the finders after this one
        try:
            spec = importlib.util.find_spec(fullname)
        finally:
            self._asking = False
        if spec is not None and spec.loader is not None:
            execute = spec.loader.exec_module

            def exec_module(module):
                with quiet_stderr():
                    execute(module)

            spec.loader.exec_module = exec_module
        return spec


def install():
    """Import TensorFlow quietly, whoever imports it first; nothing if it is there or the user wants to hear it."""
    if "tensorflow" not in sys.modules and os.environ.get("TF_CPP_MIN_LOG_LEVEL") == "3":
        sys.meta_path.insert(0, _QuietImport())
