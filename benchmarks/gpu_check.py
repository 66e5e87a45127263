"""Check this project on a GPU, within ten minutes: ``make gpu-check`` (``make install-gpu`` before). Without a GPU it checks the CPU.

Ends with a report of one page, printed and in ``output/gpu_check.md``, to paste into an issue. The exit code is 1 if a check failed.
"""

import hashlib
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

import numpy as np
import tensorflow as tf

import albert
from albert.arithmetic.devices import on_accelerator
from albert.files import atomic_write
from albert.keras import keras
from albert.training import precision
from ner.model import environment
from ner.model.config import TaggerConfig
from ner.model.network import TaggerModel
from ner.tags import TagSet

ROOT = pathlib.Path(__file__).resolve().parent.parent
GOLDEN = ROOT / "tests" / "albert" / "data"
ENCODER = ROOT / "albert" / "pretrained" / "albert_mini_zh"
MSRA = ROOT / "data" / "msra"
# A product in TF32 has 10 bits behind the point, as in float16; one in bfloat16 has 7.
UNITS = {"off": 2.0**-22, "tf32": 2.0**-11, "float16": 2.0**-11, "bfloat16": 2.0**-8}
# Sentences of MSRA to train on where there is no GPU, which would take half an hour for all.
FEW = 1500


def check_golden():
    """Encoder outputs against those of the published code, in float32 without TF32."""
    errors = {}
    tf.config.experimental.enable_tensor_float_32_execution(False)
    for name in ("google_albert", "brightmart_postln", "bert", "hf_albert_pretraining"):
        golden = np.load(GOLDEN / name / "golden.npz")
        names = {"input_word_ids": "input_ids", "input_mask": "input_mask", "input_type_ids": "token_type_ids"}
        outputs = albert.load_encoder(GOLDEN / name)({ours: tf.constant(golden[theirs]) for ours, theirs in names.items()})
        real = golden["input_mask"] == 1
        errors[name] = float(np.abs(outputs["sequence_output"].numpy() - golden["sequence_output"])[real].max())
    return max(errors.values()) < 1e-4, ", ".join(f"{name} {error:.1e}" for name, error in errors.items())


def _tagger(name):
    """A tagger on the shipped encoder in a precision, and a batch [B = 13, T = 61] for it."""
    keras.utils.set_random_seed(5)
    with precision.Precision(name, "").scope():
        encoder = albert.load_encoder(ENCODER)
        model = TaggerModel(TaggerConfig(encoder.config, TagSet(("LOC", "ORG", "PER")), 128, lstm_units=64))
    model.encoder.set_weights(encoder.get_weights())
    model.encoder.clusters = True
    random = np.random.default_rng(3)
    batch = {
        "input_word_ids": random.integers(700, 8000, (13, 63)),
        "lengths": random.integers(1, 62, 13),
        "tag_ids": random.integers(0, 7, (13, 61)),
    }
    return model, {key: tf.constant(value, tf.int32) for key, value in batch.items()}


def _gradient(name):
    """Gradient of one step by all weights, as a float64 vector; without dropout."""
    tf.config.experimental.enable_tensor_float_32_execution(name == "tf32")
    model, batch = _tagger("off" if name == "tf32" else name)
    scale = 2.0**10 if name == "float16" else 1.0

    @tf.function(autograph=False)
    def compute(batch):
        with tf.GradientTape() as tape:
            loss = scale * tf.reduce_mean(model.loss(model(batch, training=False), batch["tag_ids"], batch["lengths"]))
        return tape.gradient(loss, model.trainable_variables, unconnected_gradients="zero")

    gradients = [tf.convert_to_tensor(gradient).numpy().ravel() for gradient in compute(batch)]
    return np.concatenate(gradients).astype(np.float64) / scale


def check_step():
    """A training step's gradient in each precision against float32: relative error of the whole vector."""
    exact = _gradient("off")
    errors = {name: float(np.linalg.norm(_gradient(name) - exact) / np.linalg.norm(exact)) for name in ("tf32", "float16", "bfloat16")}
    text = ", ".join(f"{name} {error:.1e}" for name, error in errors.items())
    return all(error < 16 * UNITS[name] for name, error in errors.items()), text


def _train(folder, data, *options):
    """``run_ner.py --do_train`` on the shipped encoder; returns its last lines and its seconds."""
    flags = ["--do_train", f"--data_dir={data}", f"--output_dir={folder}", f"--init_checkpoint={ENCODER}", "--dev_fraction=0.02", *options]
    start = time.monotonic()
    result = subprocess.run([sys.executable, ROOT / "run_ner.py", *flags], capture_output=True, text=True, cwd=ROOT, check=False)
    if result.returncode:
        raise RuntimeError(result.stderr.strip().splitlines()[-1])
    return result.stdout.strip().splitlines(), time.monotonic() - start


def _part(folder, count):
    """A data directory with the first sentences of MSRA."""
    blocks = (MSRA / "train.txt").read_text(encoding="utf-8").split("\n\n")[:count]
    folder.mkdir()
    (folder / "train.txt").write_text("\n\n".join(blocks) + "\n", encoding="utf-8")
    return folder


def check_deterministic(work):
    """Two runs of the same command end in the same weights, bit for bit."""
    data, digests = _part(work / "few", 300), []
    for name in ("first", "second"):
        _train(work / name, data, "--num_train_epochs=1", "--deterministic")
        digests.append(hashlib.sha256((work / name / "best.safetensors").read_bytes()).hexdigest())
    return digests[0] == digests[1], " ".join(digest[:12] for digest in digests)


def check_memory():
    """Peak memory of a training step in the precision chosen here."""
    _gradient(precision.choose("auto", precision.find_device()).name)
    if not tf.config.list_physical_devices("GPU"):
        return True, "no GPU"
    return True, f"{tf.config.experimental.get_memory_info('GPU:0')['peak'] / 2**20:,.0f} MiB"


def check_epoch(work):
    """One epoch of MSRA from the shipped encoder; where there is no GPU, of its first sentences."""
    data = MSRA if on_accelerator() else _part(work / "part", FEW)
    lines, seconds = _train(work / "epoch", data, "--num_train_epochs=1")
    with open(work / "epoch" / "history.csv", encoding="utf-8") as f:
        names, values = (line.strip().split(",") for line in f)
    f1 = float(dict(zip(names, values))["dev_f1"])
    return f1 > (80 if on_accelerator() else 20), f"dev F1 {f1:.2f} in {seconds:.0f} s; {lines[-1]}"


def check_speed(work):
    """``make bench``'s quick comparison with PyTorch, where its environment is there."""
    python = ROOT / ".venv-bench" / "bin" / "python"
    if not python.exists():
        return True, "no .venv-bench (make bench makes it): not measured"
    command = [sys.executable, "-m", "benchmarks.compare", "--quick", f"--torch_python={python}", f"--output_dir={work / 'bench'}"]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    return True, "\n\n" + (work / "bench" / "benchmarks.md").read_text(encoding="utf-8")


def _outcome(check, *arguments):
    start = time.monotonic()
    try:
        passed, text = check(*arguments)
    except Exception as e:  # the other checks are wanted all the same
        passed, text = False, f"{type(e).__name__}: {e}"
    finally:
        tf.config.experimental.enable_tensor_float_32_execution(True)
    return passed, f"{text} ({time.monotonic() - start:.0f} s)"


def main():
    """Run the checks and print the report."""
    described = environment.describe()
    packages = {name: version for name, version in described["packages"].items() if version}
    lines = ["# albert-ner: GPU check", "", f"- devices: {json.dumps(described['hardware']['gpus']) if on_accelerator() else 'no GPU'}"]
    lines += [f"- {described['hardware']['platform']}, {described['hardware']['cpu']}, Python {described['python']}"]
    lines += [f"- {', '.join(f'{name} {version}' for name, version in packages.items())}", f"- revision {described['revision']}"]
    lines += [f"- precision: {precision.choose('auto', precision.find_device()).describe()}", "", "| check | | |", "|---|---|---|"]
    failed = 0
    with tempfile.TemporaryDirectory() as folder:
        work = pathlib.Path(folder)
        needs_data = [("the same twice", check_deterministic, work), ("an epoch of MSRA", check_epoch, work)] if MSRA.is_dir() else []
        checks = [("golden outputs", check_golden), ("a step's gradient", check_step), ("memory", check_memory), *needs_data]
        for name, check, *arguments in [*checks, ("beside PyTorch", check_speed, work)]:
            passed, text = _outcome(check, *arguments)
            failed += not passed
            lines.append(f"| {name} | {'passed' if passed else 'FAILED'} | {text} |")
            print(lines[-1], flush=True)
    os.makedirs(ROOT / "output", exist_ok=True)
    with atomic_write(ROOT / "output" / "gpu_check.md") as f:
        f.write("\n".join(lines) + "\n")
    print("\n".join(["", *lines]))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
