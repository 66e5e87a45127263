"""What the machine's processor can do."""

import functools


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
