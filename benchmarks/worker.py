"""One side's process: does what the parent asks, one JSON object per line.

Run by ``benchmarks.compare`` as ``python -m benchmarks.worker SIDE THREADS CASE``. Reads ``{"repeats": n}`` from stdin, until that
ends; answers on what was stdout when it started, while everything libraries print goes to stderr.
"""

import importlib
import json
import os
import sys
import time

from benchmarks.workloads import Case

# side → module; the names are the columns of the table.
SIDES = {"ours": "this_project", "keras": "keras_baseline", "torch-eager": "pytorch", "torch-compile": "pytorch"}


def main(side, threads, case):
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    for variable in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "TF_NUM_INTRAOP_THREADS"):
        os.environ[variable] = threads
    os.environ["TF_NUM_INTEROP_THREADS"] = "2"
    os.environ["CUDA_VISIBLE_DEVICES"] = "-1"
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

    def answer(value):
        answers.write(json.dumps(value) + "\n")
        answers.flush()

    module = importlib.import_module(f"benchmarks.implementations.{SIDES[side]}")
    started = time.perf_counter()
    run, check = module.prepare(Case(**json.loads(case)), side, int(threads))
    run()
    answer({"check": check, "first": time.perf_counter() - started, "version": module.VERSION})
    for line in sys.stdin:
        request = json.loads(line)
        seconds, processor = [], []
        for _ in range(request["repeats"]):
            started, busy = time.perf_counter(), time.process_time()
            run()
            seconds.append(time.perf_counter() - started)
            processor.append(time.process_time() - busy)
        answer({"seconds": seconds, "processor_seconds": processor, "peak_memory": _peak_memory()})


def _peak_memory():
    """Largest resident memory of this process so far, in bytes, or None where /proc is not to be had."""
    try:
        with open("/proc/self/status", encoding="ascii") as f:
            return next(int(line.split()[1]) * 1024 for line in f if line.startswith("VmHWM"))
    except (OSError, StopIteration):
        return None


if __name__ == "__main__":
    main(*sys.argv[1:])
