"""Versions and devices, as ``albert-ner --version`` prints them: without importing TensorFlow, which takes seconds."""

import glob
import importlib.metadata
import os
import platform

import albert

# Distributions of what computes, in the order of the lines; of several, the first that is installed. From TensorFlow 2.16 on, the Keras
# in use is tf-keras.
_PACKAGES = (
    ("TensorFlow", ("tensorflow",)),
    ("Keras", ("tf-keras", "keras")),
    ("CRF", ("tensorflow-addons",)),
    ("ONNX runtime", ("onnxruntime",)),
)
# Said where none of them is installed; None for no line.
_MISSING = {"CRF": "of this package", "ONNX runtime": None}


def describe() -> str:
    """Lines with the versions of the package, of Python and of what computes, and the devices."""
    rows = [("albert-ner", albert.__version__), ("Python", f"{platform.python_version()}, {platform.system()} {platform.machine()}")]
    rows += [(title, _version(names) or _MISSING.get(title, "not installed")) for title, names in _PACKAGES]
    rows.append(("devices", ", ".join([f"CPU ({os.cpu_count()} cores)", *_gpus()])))
    return "\n".join(f"{title:<12}  {value}" for title, value in rows if value)


def _version(names):
    for name in names:
        try:
            version = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
        return version if name in ("tensorflow", "keras", "onnxruntime") else f"{name} {version}"
    return None


def _gpus():
    """Names of the GPUs whose driver is loaded."""
    for path in sorted(glob.glob("/proc/driver/nvidia/gpus/*/information")):
        with open(path, encoding="utf-8", errors="replace") as f:
            yield next((line.split(":", 1)[1].strip() for line in f if line.startswith("Model:")), "GPU")
