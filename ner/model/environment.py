"""Environment of a run: versions, hardware, source revision."""

import importlib.metadata
import os
import platform
import subprocess
import sys

_PACKAGES = ("tensorflow", "onnxruntime", "tensorflow-addons", "keras", "tf-keras", "numpy", "safetensors", "sentencepiece", "albert-ner")


def describe():
    """JSON-ready dict with ``python``, ``packages``, ``crf``, ``revision`` of the source (None outside a git repository), ``hardware``."""
    return {
        "python": platform.python_version(),
        "packages": _versions(),
        "crf": crf(),
        "revision": _revision(),
        "hardware": _hardware(),
    }


def crf():
    """Whose CRF a CPU trains with: ``tensorflow-addons`` or, where that is not installed, ``albert-ner``; None where none is loaded."""
    addons = sys.modules.get("ner.model.crf.addons")
    if addons is None:
        return None
    return "albert-ner" if addons.functions is None else "tensorflow-addons"


def _versions():
    versions = {}
    for name in _PACKAGES:
        try:
            versions[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            versions[name] = None
    return versions


def _revision():
    """The commit of the source, with ``+changes`` when tracked files differ from it."""
    root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    # An installed copy may lie inside someone else's repository, whose commit would say nothing.
    if not os.path.exists(os.path.join(root, ".git")):
        return None
    try:
        commit = _git(root, "rev-parse", "HEAD")
        changes = _git(root, "status", "--porcelain", "--untracked-files=no")
    except (OSError, subprocess.SubprocessError):
        return None
    return commit + ("+changes" if changes else "")


def _git(root, *arguments):
    command = ["git", "-C", root, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=20).stdout.strip()


def _hardware():
    # Where TensorFlow has no part in a run, its devices have none either.
    tf = sys.modules.get("tensorflow")
    gpus = [] if tf is None else [tf.config.experimental.get_device_details(gpu) for gpu in tf.config.list_physical_devices("GPU")]
    return {
        "platform": platform.platform(),
        "cpu": _cpu_name(),
        "cpu_count": os.cpu_count(),
        "memory_bytes": _memory(),
        # Sums are taken in another order by another number of threads. None: as many as TensorFlow sees fit.
        "intra_op_threads": (tf and tf.config.threading.get_intra_op_parallelism_threads()) or os.environ.get("TF_NUM_INTRAOP_THREADS"),
        "byte_order": sys.byteorder,
        "gpus": [{key: str(value) for key, value in details.items()} for details in gpus],
    }


def _memory():
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (ValueError, OSError, AttributeError):
        return None


def _cpu_name(path="/proc/cpuinfo"):
    try:
        with open(path, encoding="utf-8", errors="replace") as f:
            return next((line.split(":", 1)[1].strip() for line in f if line.startswith("model name")), platform.processor())
    except OSError:
        return platform.processor()
