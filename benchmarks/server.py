"""Load of ``albert-ner serve`` beside the bare tagger: ``python -m benchmarks.server --texts=FILE``.

Clients send texts of log-normal lengths, cut from a file, each over a connection of its own that stays open. The same texts go to a bare
tagger, in batches, in a process of its own; the two take turns. Printed are processor time per character of both, the time to an answer,
the server's memory, and how many answers were lost or wrong, each compared with the bare tagger's.
"""

import argparse
import http.client
import json
import random
import re
import subprocess
import sys
import time
from concurrent import futures

from benchmarks import machine, run

_LONGEST = 2000
# Scores of different batches differ by rounding.
_TOLERANCE = 2e-5


def cut(path, count, median, sigma, seed=0):
    """``count`` texts of 1 to 2,000 characters whose lengths are log-normal."""
    with open(path, encoding="utf-8") as f:
        source = "".join(f.read().split())
    if len(source) < _LONGEST:
        source *= -(-_LONGEST // len(source))
    numbers = random.Random(seed)
    texts = []
    for _ in range(count):
        length = min(max(round(median * numbers.lognormvariate(0, sigma)), 1), _LONGEST)
        start = numbers.randrange(len(source) - length + 1)
        texts.append(source[start : start + length])
    return texts


def bare(model_dir):
    """Tag the texts of each line of standard input, a JSON list; print processor seconds and entities."""
    from ner import Tagger  # noqa: PLC0415 - TensorFlow in the parent would be there beside the processes that measure

    tagger = Tagger.load(model_dir or None)
    print("ready", flush=True)
    for line in sys.stdin:
        texts = json.loads(line)
        started = time.process_time()
        entities = tagger.tag_batch(texts)
        seconds = time.process_time() - started
        print(json.dumps([seconds, [[[e.start, e.end, e.label, e.score] for e in row] for row in entities]]), flush=True)


class _Bare:
    """The bare tagger's process."""

    def __init__(self, model_dir):
        command = [sys.executable, "-m", "benchmarks.server", "--worker", f"--model_dir={model_dir or ''}"]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self._process.stdout.readline()

    def tag(self, texts):
        """(processor seconds, entities of each text)."""
        self._process.stdin.write(json.dumps(texts) + "\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())

    def close(self):
        """End it."""
        self._process.communicate()


class _Server:
    """The server's process."""

    def __init__(self, model_dir, flags):
        command = [
            sys.executable,
            "-m",
            "ner.cli",
            "serve",
            "--port=0",
            "--noaccess_log",
            *([f"--model_dir={model_dir}"] * bool(model_dir)),
            *flags,
        ]
        self.process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        for line in self.process.stderr:
            found = re.search(r"at http://[^:]+:(\d+)", line)
            if found:
                self.port = int(found[1])
                return
        sys.exit("the server did not start")

    def metric(self, name):
        """Value of one of its metrics."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port)
        connection.request("GET", "/metrics")
        page = connection.getresponse().read().decode()
        connection.close()
        return float(re.search(rf"^{name} (.+)$", page, re.MULTILINE)[1])

    def tag(self, texts, clients):
        """(seconds to each answer, entities of each text or None where there was no answer) with so many clients at a time."""
        seconds, entities = [0.0] * len(texts), [None] * len(texts)

        def work(first):
            connection = http.client.HTTPConnection("127.0.0.1", self.port)
            for i in range(first, len(texts), clients):
                body = json.dumps({"text": texts[i]}).encode()
                started = time.perf_counter()
                connection.request("POST", "/tag", body)
                response = connection.getresponse()
                answer = response.read()
                seconds[i] = time.perf_counter() - started
                if response.status == http.client.OK:
                    (result,) = json.loads(answer)["results"]
                    entities[i] = [[e["start"], e["end"], e["label"], e["score"]] for e in result["entities"]]
            connection.close()

        with futures.ThreadPoolExecutor(clients) as pool:
            list(pool.map(work, range(clients)))
        return seconds, entities


def _is_same(found, expected):
    return (
        found is not None
        and [e[:3] for e in found] == [e[:3] for e in expected]
        and all(abs(a[3] - b[3]) < _TOLERANCE for a, b in zip(found, expected))
    )


def main(argv=None):
    """Print the figures of each round."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.server", description=__doc__.splitlines()[0])
    parser.add_argument("--texts", default="examples/sentences.txt", help="a text file")
    parser.add_argument("--model_dir", help="a training output or an export; the shipped tagger by default")
    parser.add_argument("--requests", type=int, default=5000, help="of each round")
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--clients", type=int, default=64)
    parser.add_argument("--median", type=float, default=50, help="characters of a text")
    parser.add_argument("--sigma", type=float, default=1.0, help="standard deviation of the lengths' logarithm")
    parser.add_argument("--flags", nargs="*", default=[], help="further flags of the server, without their hyphens")
    parser.add_argument("--worker", action="store_true", help=argparse.SUPPRESS)
    args = parser.parse_args(argv)
    if args.worker:
        bare(args.model_dir)
        return 0
    about = machine.describe()
    print(f"{about['cpu']}, {about['cores']} cores; {about['system']}; {args.clients} clients\n")
    tagger, server = _Bare(args.model_dir), _Server(args.model_dir, [f"--{flag}" for flag in args.flags])
    total = [0.0, 0.0]
    for number in range(args.rounds + 1):
        # Round 0 warms both up.
        texts = cut(args.texts, args.requests if number else max(args.requests // 4, args.clients), args.median, args.sigma, number)
        characters = sum(map(len, texts))
        bare_seconds, expected = tagger.tag(texts)
        before, started = server.metric("process_cpu_seconds_total"), time.perf_counter()
        seconds, found = server.tag(texts, args.clients)
        wall, used = time.perf_counter() - started, server.metric("process_cpu_seconds_total") - before
        wrong = sum(not _is_same(*pair) for pair in zip(found, expected))
        seconds.sort()
        memory = server.metric("process_resident_memory_bytes") / 2**20
        print(
            f"round {number}: {len(texts):,} requests, {characters:,} characters; processor µs per character: bare "
            f"{1e6 * bare_seconds / characters:.1f}, server {1e6 * used / characters:.1f}, {used / bare_seconds:.3f} x; "
            f"{len(texts) / wall:.0f} requests/s, p50 {1e3 * seconds[len(seconds) // 2]:.0f} ms, "
            f"p99 {1e3 * seconds[int(0.99 * len(seconds))]:.0f} ms; lost or wrong {wrong}; {memory:.0f} MiB",
            flush=True,
        )
        if number:
            total[0] += bare_seconds
            total[1] += used
    print(f"all rounds: the server's processor time is {total[1] / total[0]:.3f} x the bare tagger's")
    server.process.terminate()
    tagger.close()
    return int(server.process.wait() != 0)


if __name__ == "__main__":
    run(main)
