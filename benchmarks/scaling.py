"""Cost of tagging per character for growing numbers of texts: ``python -m benchmarks.scaling``.

Tags 1,000, 10,000 and 100,000 sentences of MSRA, its test set over and over, with a tiny encoder of random weights, and prints for each
the seconds and processor seconds per character, the growth of memory while it ran, and how many graphs were traced so far.
"""

import argparse
import itertools
import tempfile
import time

import tensorflow as tf

from albert.tokenization import CharTokenizer
from benchmarks import machine, run
from benchmarks.workloads import LSTM_UNITS, MAX_SEQ_LENGTH, SCHEME, Case, write_inputs
from ner.model.config import TaggerConfig
from ner.model.network import TaggerModel
from ner.tagging.predictor import Predictor
from ner.tags import TagSet


def measure(predictor, texts, count):
    """(seconds, processor seconds, characters, growth of the resident memory in bytes) of tagging ``count`` texts, taken in turn."""
    characters = sum(len(text) for text in itertools.islice(itertools.cycle(texts), count))
    memory, started, busy = machine.resident_memory(), time.perf_counter(), time.process_time()
    tagged = sum(1 for _ in predictor.predict(itertools.islice(itertools.cycle(texts), count)))
    if tagged != count:
        raise RuntimeError(f"{count} texts gave {tagged} predictions")
    return time.perf_counter() - started, time.process_time() - busy, characters, machine.resident_memory() - memory


def main(argv=None):
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scaling", description=__doc__.splitlines()[0])
    parser.add_argument("--data_dir", default="data/msra", help="directory with MSRA's train.txt and test.txt")
    parser.add_argument("--counts", type=int, nargs="+", default=[1_000, 10_000, 100_000], help="numbers of sentences")
    args = parser.parse_args(argv)
    with tempfile.TemporaryDirectory() as directory:
        write_inputs(directory, args.data_dir, 0, ["tiny"])
        case = Case("msra", "tiny", "float32", 0.0, directory)
        corpus, weights = case.corpus(), case.weights()
        model = TaggerModel(TaggerConfig(case.config, TagSet(corpus["types"], SCHEME), MAX_SEQ_LENGTH, lstm_units=LSTM_UNITS))
        for name, variable in model.weight_map().items():
            variable.assign(weights[name])
        predictor = Predictor(model, CharTokenizer(case.path("vocab.txt")), frozen=True)
        measure(predictor, corpus["texts"], 1000)
        print("| sentences | µs per character | processor µs per character | memory growth | traces |\n|---|---|---|---|---|")
        for count in args.counts:
            seconds, busy, characters, growth = measure(predictor, corpus["texts"], count)
            traces = sum(
                f.experimental_get_tracing_count()
                for f in (*vars(predictor).values(), *vars(vars(predictor)["_emissions"]).values())
                if isinstance(f, tf.types.experimental.GenericFunction)
            )
            print(
                f"| {count:,} | {seconds / characters * 1e6:.1f} | {busy / characters * 1e6:.1f} | {growth / 2**20:.0f} MiB | {traces} |",
                flush=True,
            )
    return 0


if __name__ == "__main__":
    run(main)
