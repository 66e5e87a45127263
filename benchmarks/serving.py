"""Latency and throughput of exported models, per precision: ``python -m benchmarks.serving``.

Exports a trained model (``--model_dir``), and models of published sizes with random weights (``--sizes``), in every precision and format;
runs each on MSRA test sentences in a process of its own, one sentence at a time and in batches; and prints a table. The first row of each
model is its training output in Python.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile

import numpy as np

from benchmarks import machine, run
from benchmarks.workloads import LSTM_UNITS, MAX_SEQ_LENGTH, SCHEME, SIZES, Case, write_inputs

# As the flags --export_format and --export_precision name them.
EXPORTS = (("savedmodel", "float32"), ("savedmodel", "bfloat16"), ("savedmodel", "int8"), ("onnx", "float32"), ("onnx", "int8"))
_BATCH_SIZE = 64


def random_model(directory, size, data_dir):
    """Write a training output with random weights: ``directory/size``. Returns its path."""
    from ner.model.config import TaggerConfig  # noqa: PLC0415 - TensorFlow in the parent would be there beside the processes that measure
    from ner.model.directory import BEST_WEIGHTS, ModelDir  # noqa: PLC0415
    from ner.model.network import TaggerModel  # noqa: PLC0415
    from ner.tags import TagSet  # noqa: PLC0415

    write_inputs(directory, data_dir, 1, [size])
    case = Case("msra", size, "float32", 0.0, directory)
    model = TaggerModel(TaggerConfig(case.config, TagSet(case.corpus()["types"], SCHEME), MAX_SEQ_LENGTH, lstm_units=LSTM_UNITS))
    weights = case.weights()
    for name, variable in model.weight_map().items():
        variable.assign(weights[name])
    target = ModelDir(os.path.join(directory, size))
    os.mkdir(target.path)
    target.write_config(model.config)
    target.copy_vocabulary(vocab_file=case.path("vocab.txt"))
    target.write_weights(BEST_WEIGHTS, model)
    return target.path


def measure(path, data_dir, sentences):
    """The figures of ``ner.export.report.measure`` for a training output or an export, on test sentences evenly spread."""
    from ner import Tagger  # noqa: PLC0415
    from ner.data.readers import read_split  # noqa: PLC0415
    from ner.export import report  # noqa: PLC0415

    predictor = Tagger.load(path, _BATCH_SIZE).predictor
    examples = read_split(data_dir, "test").examples
    examples = [examples[i] for i in np.linspace(0, len(examples) - 1, min(sentences, len(examples))).astype(int)]
    return report.measure(predictor, examples, latency_texts=sentences)


def _in_a_process(*arguments):
    done = subprocess.run([sys.executable, *arguments], check=False, stdout=subprocess.PIPE, text=True)
    if done.returncode:
        sys.exit(f"{' '.join(arguments)}: failed")
    return done.stdout


def _worker(*arguments):
    return json.loads(_in_a_process("-m", "benchmarks.serving", "--worker", *map(str, arguments)).splitlines()[-1])


def _size(path):
    """Bytes of a file, or of all files in a directory."""
    if os.path.isfile(path):
        return os.path.getsize(path)
    return sum(os.path.getsize(os.path.join(folder, file)) for folder, _, files in os.walk(path) for file in files)


def _rows(model, trained, args, work):
    """The table's rows for one training output."""
    name = os.path.basename(os.path.normpath(model))
    rows = [("training output", None, _worker("measure", model, args.data_dir, args.sentences))]
    for export_format, precision in EXPORTS:
        base = os.path.join(work, f"{name}-{export_format}-{precision}")
        flags = [f"--model_dir={model}", f"--export_dir={base}", f"--export_format={export_format}", f"--export_precision={precision}"]
        _in_a_process("run_ner.py", "--do_export", *flags)
        figures = _worker("measure", base, args.data_dir, args.sentences)
        version = os.path.join(base, "1")
        # A SavedModel's weights are in the graph, an ONNX graph's beside it.
        size = sum(_size(os.path.join(version, file)) for file in os.listdir(version) if file.endswith((".pb", ".onnx", ".safetensors")))
        rows.append((f"{export_format}, {precision}", size, figures))
        shutil.rmtree(base)
    for what, size, figures in rows:
        f1 = f"{100 * figures['f1']:.2f}" if trained else ""
        megabytes = f"{size / 1e6:.1f}" if size else ""
        speed = f"{figures['latency_p50_ms']:.1f} | {figures['latency_p99_ms']:.1f} | {figures['sentences_per_second']:,.0f}"
        speed += f" | {figures['processor_ms']:.1f}"
        print(f"| {name} | {what} | {megabytes} | {speed} | {f1} |", flush=True)


def main(argv=None):
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.serving", description=__doc__.splitlines()[0])
    parser.add_argument("--data_dir", default="data/msra", help="directory with MSRA's train.txt and test.txt")
    parser.add_argument("--model_dir", help="a training output; left out, only models with random weights are measured")
    parser.add_argument("--sizes", nargs="*", default=["base"], choices=sorted(SIZES), help="sizes of models with random weights")
    parser.add_argument("--sentences", type=int, default=500, help="how many test sentences")
    parser.add_argument("--worker", nargs="+", help=argparse.SUPPRESS)
    args = parser.parse_args(argv)
    if args.worker:
        what, *arguments = args.worker
        if what == "measure":
            print(json.dumps(measure(arguments[0], arguments[1], int(arguments[2]))))
        else:
            print(json.dumps(random_model(*arguments)))
        return 0
    about = machine.describe()
    print(f"{about['cpu']}, {about['cores']} cores, {', '.join(about['features'])}; {about['system']}; {args.sentences} sentences\n")
    columns = ("model", "export", "MB", "one sentence, p50 ms", "p99 ms", "sentences/s", "processor ms each", "F1")
    print(f"| {' | '.join(columns)} |\n|{'---|' * len(columns)}", flush=True)
    with tempfile.TemporaryDirectory() as work:
        if args.model_dir:
            _rows(args.model_dir, True, args, work)
        for size in args.sizes:
            _rows(_worker("random", work, size, args.data_dir), False, args, work)
    return 0


if __name__ == "__main__":
    run(main)
