"""Capabilities of the machine's processor."""

import functools

# Features of x86 CPUs, as Linux names them, with which oneDNN multiplies bfloat16 matrices without emulation.
CPU_BFLOAT16 = ("amx_bf16", "avx512_bf16")


@functools.cache
def cpu_flags(path="/proc/cpuinfo"):
    """The processor's features as Linux names them, a frozenset; empty where unknown."""
    try:
        with open(path, encoding="utf-8", errors="replace") as f:
            for line in f:
                if line.startswith("flags"):
                    return frozenset(line.split(":", 1)[1].split())
    except OSError:
        pass
    return frozenset()
