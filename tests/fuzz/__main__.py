"""``python -m tests.fuzz``: read mutants of every format, each format in a process of its own, and print what became of them."""

import argparse
import concurrent.futures
import dataclasses
import json
import os
import subprocess
import sys
import threading
import time

from tests.fuzz.harness import MOST_SECONDS, Outcome, all_formats, interrupt_after, keep, run, summary


def main():
    """Returns 1 if anything failed."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--mutants", type=int, default=20_000, help="of each format")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--formats", help="names, separated by commas; all by default")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--keep", action="store_true", help="put what fails into tests/fuzz/kept")
    parser.add_argument("--child", help=argparse.SUPPRESS)
    parser.add_argument("--first", type=int, default=0, help=argparse.SUPPRESS)
    args = parser.parse_args()
    formats = all_formats()
    if args.child:
        return _child(formats[args.child], args)
    names = args.formats.split(",") if args.formats else list(formats)
    started = time.time()
    with concurrent.futures.ThreadPoolExecutor(args.jobs) as pool:
        outcomes = dict(zip(names, pool.map(lambda name: _parent(name, args), names)))
    print("\n".join(summary(outcomes)))
    for name, outcome in outcomes.items():
        for number, problem in outcome.failures:
            where = f" ({keep(formats[name], args.seed, number)})" if args.keep else ""
            print(f"{name}, seed {args.seed}, mutant {number}: {problem}{where}")
    print(f"{time.time() - started:.0f} s")
    return int(any(outcome.failures for outcome in outcomes.values()))


def _child(fmt, args):
    def progress(number):
        print(number, flush=True)
        interrupt_after(MOST_SECONDS + 1)

    outcome = run(fmt, args.mutants - args.first, args.seed, args.first, progress)
    interrupt_after(0)
    print(json.dumps(dataclasses.asdict(outcome)), flush=True)
    return 0


def _parent(name, args):
    """Start a process, and another after each one that ends or hangs before all is read."""
    total, first = Outcome(), 0
    while first < args.mutants and len(total.failures) < 10:
        command = [sys.executable, "-m", "tests.fuzz", "--child", name, "--seed", str(args.seed)]
        command += ["--mutants", str(args.mutants), "--first", str(first)]
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
        )
        number, result, ended = first, None, None
        for line in _lines(process):
            if line is None:
                process.kill()
                ended = "hangs"
                break
            if line.startswith("{"):
                result = Outcome(**json.loads(line))
            else:
                number = int(line)
        process.wait()
        if result is None:
            total.failures.append((number, ended or f"the process ended with code {process.returncode}"))
            total.refused += max(number - first, 0)
            first = number + 1
            continue
        total.refused += result.refused
        total.read += result.read
        total.failures += [tuple(failure) for failure in result.failures]
        total.slowest, total.growth = max(total.slowest, result.slowest), max(total.growth, result.growth)
        break
    return total


def _lines(process):
    """The process' lines as they come; None when there was none for too long."""
    last = [time.time()]
    timer = threading.Event()

    def watch():
        while not timer.wait(1):
            # The first mutant waits for imports.
            if time.time() - last[0] > 6 * MOST_SECONDS:
                process.kill()

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        for line in process.stdout:
            last[0] = time.time()
            yield line
    finally:
        timer.set()


if __name__ == "__main__":
    sys.exit(main())
