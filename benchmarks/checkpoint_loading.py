"""Time and memory to load a checkpoint, against reading its file: ``python -m benchmarks.checkpoint_loading CHECKPOINT``.

Reads the weights file (from the operating system's cache into new memory, as every program has to that keeps it), makes a model of the
same layers that is one number wide, and loads the checkpoint, in turn, 25 times each, and prints the fastest of each, in elapsed and in
processor time (which other programs on the machine disturb less), and how far the first load of the process raised its resident memory.
TensorFlow is imported and has run one small model before anything is measured. Memory is read from /proc, so on Linux only.
"""

import argparse
import glob
import json
import mmap
import os
import sys
import threading
import time

import tensorflow as tf

import albert
from albert import checkpoints
from albert.checkpoints.loading import uninitialized
from benchmarks import run
from benchmarks.machine import resident_memory

_ROUNDS = 25
_PRIVATE = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS


def measure(path):
    """dict: ``bytes`` of the weights file; seconds ``read``, ``build`` (making the narrow model, which no size of file changes) and
    ``load``, of processor time ``read_cpu``, ``build_cpu`` and ``load_cpu``; ``memory``, the peak increase in bytes.
    """
    tf.zeros([1]) + 1
    config = albert.AlbertConfig(7, 3, 5, 2, 1, 2)
    albert.AlbertEncoder(config)({"input_word_ids": tf.zeros([1, 2], tf.int32)})
    found = checkpoints.find(path)
    weights = found.path
    narrow = found.config.replace(
        vocab_size=2, embedding_size=1, hidden_size=1, num_attention_heads=1, intermediate_size=1, type_vocab_size=1
    )
    files = [weights] if os.path.isfile(weights) else glob.glob(f"{glob.escape(weights)}.data-*")
    _read(files)
    with _PeakMemory() as peak:
        encoder = albert.load_encoder(path)
    del encoder
    work = {"read": (_read, files), "build": (_build, narrow), "load": (albert.load_encoder, path)}
    times = [{name: _seconds(*call) for name, call in work.items()} for _ in range(_ROUNDS)]
    result = {"bytes": sum(os.path.getsize(file) for file in files), "memory": peak.increase}
    for name in work:
        result[name], result[f"{name}_cpu"] = (min(figures) for figures in zip(*(turn[name] for turn in times)))
    return result


def _seconds(function, argument):
    """(elapsed seconds, seconds of processor time of all threads) of one call."""
    started, started_cpu = time.perf_counter(), time.process_time()
    function(argument)
    return time.perf_counter() - started, time.process_time() - started_cpu


def _read(files):
    # The allocator would hand out the memory that the load before gave back, whose pages are there already.
    for file in files:
        with open(file, "rb") as f, mmap.mmap(-1, os.path.getsize(file), _PRIVATE) as memory:
            f.readinto(memory)


def _build(config):
    with uninitialized():
        albert.AlbertEncoder(config)


class _PeakMemory:
    """Samples the resident memory while the block runs; ``increase`` is the peak above what there was before, in bytes."""

    def __enter__(self):
        self._before, self._peak, self._done = resident_memory(), 0, threading.Event()
        self._thread = threading.Thread(target=self._sample)
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._done.set()
        self._thread.join()
        self.increase = max(self._peak, resident_memory()) - self._before

    def _sample(self):
        while not self._done.wait(0.0005):
            self._peak = max(self._peak, resident_memory())


def main():
    """Print the figures as JSON, and on stderr in words."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.checkpoint_loading", description=__doc__.splitlines()[0])
    parser.add_argument("checkpoint", help="as --init_checkpoint takes it")
    result = measure(parser.parse_args().checkpoint)
    print(json.dumps(result))
    print(
        f"{result['bytes'] / 1e6:.0f} MB: read {result['read'] * 1e3:.0f} ms, make a narrow model {result['build'] * 1e3:.0f} ms, "
        f"load {result['load'] * 1e3:.0f} ms "
        f"({result['load'] / result['read']:.2f} x reading, {result['load_cpu'] / result['read_cpu']:.2f} x processor time), "
        f"peak memory {result['memory'] / result['bytes']:.2f} x the file",
        file=sys.stderr,
    )


if __name__ == "__main__":
    run(main)
