"""The number format of the encoder's arithmetic: float32, or a 16-bit one where the device is faster with it.

Weights, optimizer state, BiLSTM, CRF, losses and the statistics of softmax and layer norm are float32 in every case.
"""

import contextlib
import dataclasses

import tensorflow as tf

from albert.arithmetic.processor import CPU_BFLOAT16, cpu_flags
from albert.errors import FieldError
from albert.keras import keras

# Compute capabilities of NVIDIA GPUs: Volta brought tensor cores for float16, Ampere those for bfloat16.
_VOLTA, _AMPERE = (7, 0), (8, 0)


@dataclasses.dataclass(frozen=True)
class Precision:
    """A choice and what led to it.

    Attributes:
      name: ``off``, ``float16`` or ``bfloat16``.
      reason: for the log.
    """

    name: str
    reason: str

    @property
    def policy(self):
        """Name of the Keras dtype policy."""
        return "float32" if self.name == "off" else f"mixed_{self.name}"

    def describe(self):
        """The choice in words, for the log."""
        return f"{'float32' if self.name == 'off' else self.name} ({self.reason})"

    @contextlib.contextmanager
    def scope(self):
        """Layers made inside compute in this precision."""
        previous = keras.mixed_precision.global_policy()
        keras.mixed_precision.set_global_policy(self.policy)
        try:
            yield
        finally:
            keras.mixed_precision.set_global_policy(previous)

    def wrap(self, optimizer):
        """The optimizer with dynamic loss scaling in float16, whose smallest number is 6e-8; as it is otherwise."""
        return keras.mixed_precision.LossScaleOptimizer(optimizer) if self.name == "float16" else optimizer


@dataclasses.dataclass(frozen=True)
class Device:
    """Properties of the device that precision depends on.

    Attributes:
      kind: ``cpu``, ``gpu`` or ``tpu``.
      name: for the log.
      compute_capability: (major, minor) of the least capable NVIDIA GPU, else None.
      cpu_flags: set of the CPU's features as Linux names them; empty where unknown.
    """

    kind: str
    name: str
    compute_capability: tuple = None
    cpu_flags: frozenset = frozenset()


def find_device(tpu=False):
    """The ``Device`` of this machine."""
    if tpu:
        return Device("tpu", "TPU")
    details = [tf.config.experimental.get_device_details(gpu) for gpu in tf.config.list_physical_devices("GPU")]
    if details:
        least = min(details, key=lambda d: d.get("compute_capability", (0, 0)))
        return Device("gpu", least.get("device_name", "GPU"), least.get("compute_capability"))
    return Device("cpu", "CPU", cpu_flags=cpu_flags())


def choose(requested, device):
    """Decide on the precision.

    Args:
      requested: one of ``albert.training.settings.PRECISIONS``.
      device: a ``Device``.

    Raises:
      UserError: float16 on a TPU, which has no such arithmetic.
    """
    if requested != "auto":
        if requested == "float16" and device.kind == "tpu":
            raise FieldError("{mixed_precision}: found float16 with a TPU, expected bfloat16, off or auto")
        slow = ", which a CPU only emulates: slow" if requested == "float16" and device.kind == "cpu" else ""
        return Precision(requested, f"as asked for{slow}")
    if device.kind == "tpu":
        return Precision("bfloat16", "TPU")
    if device.kind == "cpu":
        native = [flag for flag in CPU_BFLOAT16 if flag in device.cpu_flags]
        if native:
            return Precision("bfloat16", f"CPU with {native[0]}")
        return Precision("off", f"CPU without {' or '.join(CPU_BFLOAT16)}")
    if device.compute_capability is None:
        return Precision("off", f"{device.name} of unknown compute capability")
    what = f"{device.name}, compute capability {'.'.join(map(str, device.compute_capability))}"
    if tuple(device.compute_capability) >= _AMPERE:
        return Precision("bfloat16", what)
    if tuple(device.compute_capability) >= _VOLTA:
        return Precision("float16", what)
    return Precision("off", f"{what}: no tensor cores")
