"""Ours against PyTorch and a plain Keras implementation, interleaved in one run: ``python -m benchmarks.compare`` (``make bench``).

Every side of a case is a process of its own with the same number of threads. All are started and warmed up first; then each takes
its turn, round after round, while the others wait for input, so that whatever else the machine does falls on all alike. Medians over the
rounds are compared. Results are saved as ``benchmarks.json`` and ``benchmarks.md`` in the output directory after every case.
"""

import argparse
import contextlib
import dataclasses
import json
import os
import subprocess
import sys
import tempfile

import numpy as np

from albert.files import atomic_write
from benchmarks import machine, report, run
from benchmarks.worker import SIDES
from benchmarks.workloads import MAX_SEQ_LENGTH, SIZES, Case, fixed_lengths, forward_flops, write_inputs

TASKS = ("train", "infer", "msra", "msra-padded", "latency")
PRECISIONS = ("float32", "bfloat16")
# Runs per turn; a turn should take long enough for the clock, and short enough for neighbouring turns to see the same machine.
_REPEATS = {"latency": 10}


class Worker:
    """A side's process, warmed up and waiting.

    Args:
      side: key of ``SIDES``.
      python: the interpreter with its framework.
      case: ``Case``.
      threads: number of threads.

    Raises:
      RuntimeError: the interpreter is not there, or the process ended; with the last lines that it wrote.
    """

    def __init__(self, side, python, case, threads):
        self.side = side
        command = [python, "-m", "benchmarks.worker", side, str(threads), json.dumps(dataclasses.asdict(case))]
        self._log = tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace")  # noqa: SIM115 - closed by close()
        try:
            self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._log, text=True)
        except OSError as e:
            self._log.close()
            raise RuntimeError(f"{side}: cannot run {python}: {e.strerror}") from e
        self.seconds, self.processor_seconds = [], []
        self.ready = self._answer()
        self.peak_memory = None

    def run(self, repeats):
        """Take a turn of some runs. Raises RuntimeError when the process has ended."""
        with contextlib.suppress(BrokenPipeError):
            print(json.dumps({"repeats": repeats}), file=self._process.stdin, flush=True)
        answer = self._answer()
        self.seconds += answer["seconds"]
        self.processor_seconds += answer["processor_seconds"]
        self.peak_memory = answer["peak_memory"]

    def _answer(self):
        line = self._process.stdout.readline()
        if not line:
            self._process.wait()
            self._log.seek(0)
            end = self._log.read()[-3000:]
            self.close()
            raise RuntimeError(f"{self.side} ended with code {self._process.returncode}:\n{end}")
        return json.loads(line)

    def close(self):
        """End the process."""
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()
        self._log.close()


def measure(case, sides, pythons, threads, rounds):
    """One case, all sides interleaved.

    Args:
      case: ``Case``.
      sides: names of ``SIDES``.
      pythons: dict from side to interpreter.
      threads: threads of each process.
      rounds: turns of each side.

    Returns:
      dict from side to its result: ``median`` and ``fastest`` seconds of a run, ``seconds`` (all of them), ``processor_median`` (seconds of
      all threads together, which other programs on the machine change less), ``first`` (seconds of preparation, with compilation),
      ``peak_memory`` in bytes, ``check`` and ``version``; a side that failed has ``error`` instead.
    """
    results, workers = {}, []
    with contextlib.ExitStack() as stack:
        for side in sides:
            try:
                worker = Worker(side, pythons[side], case, threads)
            except RuntimeError as e:
                results[side] = _failed(side, e)
                continue
            stack.callback(worker.close)
            workers.append(worker)
        for turn in range(rounds):
            # Each round starts with another side: none is always the one that runs after the same neighbour.
            first = turn % max(len(workers), 1)
            for worker in workers[first:] + workers[:first]:
                try:
                    worker.run(_REPEATS.get(case.task, 1))
                except RuntimeError as e:
                    results[worker.side] = _failed(worker.side, e)
                    workers.remove(worker)
        for worker in workers:
            results[worker.side] = {
                "median": machine.median(worker.seconds),
                "fastest": min(worker.seconds),
                "seconds": worker.seconds,
                "processor_median": machine.median(worker.processor_seconds),
                "peak_memory": worker.peak_memory,
                **worker.ready,
            }
    return results


def _failed(side, error):
    print(f"  {side}: failed", file=sys.stderr)
    return {"error": str(error)}


def agreement(results):
    """Difference of each other side's ``check`` from ours: relative difference of losses, or share of equal tags or entity counts."""
    ours = results.get("ours", {}).get("check")
    if ours is None:
        return {}
    return {side: _compare(ours, r["check"]) for side, r in results.items() if side != "ours" and "check" in r}


def _compare(a, b):
    if isinstance(a, float):
        return {"relative_difference": abs(a - b) / abs(a)}
    if a and isinstance(a[0], str):
        a, b = list("".join(a)), list("".join(b))
    return {"equal": float(np.mean([x == y for x, y in zip(a, b)]))}


def main(argv=None):
    """Run the cases the arguments ask for."""
    args = _parser().parse_args(argv)
    os.makedirs(args.output_dir, exist_ok=True)
    pythons = {side: args.torch_python if side.startswith("torch") else sys.executable for side in SIDES}
    with tempfile.TemporaryDirectory() as directory:
        num_texts = args.num_texts if args.num_texts is not None else (128 if args.quick else 512)
        characters = write_inputs(directory, args.data_dir, num_texts, args.sizes)
        record = {
            "machine": machine.describe(),
            "threads": args.threads,
            "characters": characters,
            "num_texts": num_texts,
            "gemm_flops": {precision: _gemm(precision, args.threads) for precision in args.precisions},
            "cases": [],
        }
        for size in args.sizes:
            for precision in args.precisions:
                for task in args.tasks:
                    case = Case(task, size, precision, args.dropout, directory)
                    print(f"{task} {size} {precision}", file=sys.stderr, flush=True)
                    results = measure(case, args.sides, pythons, args.threads, args.rounds or (3 if args.quick else 9))
                    record["cases"].append(
                        {
                            "task": task,
                            "size": size,
                            "precision": precision,
                            "dropout": args.dropout,
                            "flops": _flops(task, size),
                            "agreement": agreement(results),
                            "results": {side: {k: v for k, v in r.items() if k != "check"} for side, r in results.items()},
                        }
                    )
                    _save(record, args.output_dir)
                    print(report.line(record["cases"][-1]), file=sys.stderr, flush=True)
    print(report.markdown(record))
    return 0


def _flops(task, size):
    if task not in ("train", "infer"):
        return None
    # Each row has [CLS] and [SEP] besides its characters.
    flops = forward_flops(SIZES[size], int(np.sum(fixed_lengths() + 2)), MAX_SEQ_LENGTH)
    return 3 * flops if task == "train" else flops


def _gemm(precision, threads):
    """``machine.gemm_flops`` in a process with the benchmark's number of threads."""
    code = f"from benchmarks import machine; print(machine.gemm_flops({precision!r}))"
    environment = {**os.environ, "TF_NUM_INTRAOP_THREADS": str(threads), "TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "-1"}
    output = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True).stdout
    return float(output)


def _save(record, directory):
    with atomic_write(os.path.join(directory, "benchmarks.json")) as f:
        json.dump(record, f, indent=1)
    with atomic_write(os.path.join(directory, "benchmarks.md")) as f:
        f.write(report.markdown(record))


def _parser():
    parser = argparse.ArgumentParser(prog="python -m benchmarks.compare", description=__doc__.splitlines()[0])
    parser.add_argument("--data_dir", default="data/msra", help="directory with MSRA's train.txt and test.txt")
    parser.add_argument("--output_dir", default="output/benchmarks", help="where benchmarks.json and benchmarks.md go")
    parser.add_argument(
        "--torch_python", default=".venv-bench/bin/python", help="interpreter with the packages of benchmarks/requirements.txt"
    )
    parser.add_argument("--threads", type=int, default=machine.describe()["cores"], help="threads of every process")
    parser.add_argument("--rounds", type=int, default=None, help="turns of each side (default: 9, with --quick 3)")
    parser.add_argument("--num_texts", type=int, default=None, help="test sentences to tag, 0 for all (default: 512, with --quick 128)")
    parser.add_argument("--dropout", type=float, default=0.0, help="dropout rate inside the encoder")
    parser.add_argument("--quick", action="store_true", help="few rounds and sentences")
    for name, choices in (("sizes", SIZES), ("precisions", PRECISIONS), ("tasks", TASKS), ("sides", SIDES)):
        parser.add_argument(f"--{name}", nargs="+", choices=list(choices), default=list(choices))
    return parser


if __name__ == "__main__":
    run(main)
