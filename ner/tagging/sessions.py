"""Networks in ONNX Runtime."""

import importlib.util
import os
from collections.abc import Mapping
from typing import Optional, Union

import numpy as np

from albert.errors import UserError


def available() -> bool:
    """True if ONNX Runtime is installed; it is not imported."""
    return importlib.util.find_spec("onnxruntime") is not None


def has_tensorflow() -> bool:
    """True if TensorFlow is installed; it is not imported."""
    return importlib.util.find_spec("tensorflow") is not None


class Session:
    """A network ready to run.

    Args:
      model: its graph as bytes, or the path of a file, whose weights lie beside it.
      weights: dict from name to array of the weights that a graph in bytes is given.
      threads: threads for one run; several runs may go on at the same time. None: as many as there are cores.

    Raises:
      UserError: ONNX Runtime is not installed, or does not take the model.
    """

    def __init__(self, model: Union[bytes, str], weights: Optional[Mapping[str, np.ndarray]] = None, threads: Optional[int] = None):
        # Official builds (seen in 1.32 on Linux) report to their maker what is run, and keep a number for the machine below ~/.cache.
        # Read when the library is loaded.
        os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
        try:
            import onnxruntime  # noqa: PLC0415 - an extra
        except ImportError as e:
            raise UserError("ONNX Runtime: not installed, expected the extra albert-ner[light], or albert-ner-light") from e
        options = onnxruntime.SessionOptions()
        if threads is not None:
            options.intra_op_num_threads = threads
        # Threads that spin while they wait take the cores from others.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        if weights:
            options.add_external_initializers(list(weights), [onnxruntime.OrtValue.ortvalue_from_numpy(v) for v in weights.values()])
        try:
            self._session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        except Exception as e:
            name = "graph" if isinstance(model, bytes) else model
            raise UserError(f"{name}: cannot load the model: {str(e).splitlines()[0]}") from e

    def run(self, inputs: Mapping[str, np.ndarray]) -> np.ndarray:
        """The network's first output."""
        return self._session.run(None, dict(inputs))[0]
