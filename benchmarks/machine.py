"""Machine that the measurements ran on, and its speed at matrix products."""

import os
import platform
import statistics
import time

from albert.arithmetic.processor import cpu_flags

# Matrix instructions and wide vectors, as /proc/cpuinfo names them.
_FEATURES = ("avx2", "avx512f", "avx512_vnni", "avx512_bf16", "avx512_fp16", "amx_bf16", "amx_tile")


def describe():
    """dict with ``cpu`` (its name), ``cores``, ``features`` (what makes matrix products fast), ``memory`` in bytes, ``system``."""
    fields = {}
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as f:
            for line in f:
                name, _, value = line.partition(":")
                fields.setdefault(name.strip(), value.strip())
    except OSError:
        pass
    return {
        "cpu": fields.get("model name", platform.processor() or platform.machine()),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "features": [feature for feature in _FEATURES if feature in cpu_flags()],
        "memory": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        "system": f"{platform.system()} {platform.release()}, Python {platform.python_version()}",
    }


def gemm_flops(precision, rounds=15):
    """Best rate of TensorFlow's matrix product over the shapes a base encoder multiplies: floating-point operations per second.

    The best, not the median: what the processor can do is a property of the machine, what keeps it from doing it is not.
    """
    import tensorflow as tf  # noqa: PLC0415 - only the process that measures needs it

    best = 0.0
    for rows, inner, columns in ((2048, 768, 3072), (2048, 3072, 768), (2048, 2048, 2048), (4096, 4096, 4096)):
        a, b = (tf.cast(tf.random.normal(shape), precision) for shape in ((rows, inner), (inner, columns)))
        product = tf.function(tf.matmul)
        product(a, b)
        for _ in range(rounds):
            started = time.perf_counter()
            product(a, b)
            best = max(best, 2.0 * rows * inner * columns / (time.perf_counter() - started))
    return best


def resident_memory():
    """Resident memory of this process in bytes; from /proc, so on Linux only."""
    with open("/proc/self/statm", encoding="ascii") as f:
        return int(f.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def median(values):
    """``statistics.median``, None for no values."""
    return statistics.median(values) if values else None
