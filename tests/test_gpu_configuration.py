"""The whole configuration that a GPU chooses, on the CPU: float16 with loss scaling, the CRF as a scan, Keras' LSTM, padding kept, weights
not frozen, XLA clusters. Training, evaluation, tagging and export, beside the configuration that a CPU chooses."""

import csv
import json
import os
import pathlib
import subprocess
import sys

import pytest

from tests.ner.training.toy import sentences, write_columns

ROOT = pathlib.Path(__file__).parent.parent
ENCODER = ROOT / "albert" / "pretrained" / "albert_mini_zh"

# Everything that depends on the device asks this function; nothing has imported it before.
AS_GPU = "from albert.arithmetic import devices; devices.on_accelerator = lambda: True\n"
RUN = "import sys, run_ner; from albert import command; sys.exit(command.run(run_ner.main))"
USED = """
from ner.model.crf.layer import CRF
from ner.model.recurrent.bilstm import BiLSTM
import albert.arithmetic.xla as xla
assert CRF(3).chain.parallel_scan and devices.on_accelerator() and xla.available()
"""


def run(folder, data, as_gpu):
    """Train, evaluate, tag and export; returns (losses by epoch, F1 on the dev set, entities of each text, those of the export)."""
    options = ["--do_train", "--do_eval", "--do_predict", "--do_export", f"--data_dir={data}", f"--output_dir={folder}"]
    options += [f"--init_checkpoint={ENCODER}", f"--export_dir={folder}-export", f"--input_file={data / 'texts.txt'}", "--seed=3"]
    options += [f"--output_file={folder}.jsonl", "--num_train_epochs=4", "--train_batch_size=8", "--learning_rate=3e-4"]
    options += ["--mixed_precision=float16" if as_gpu else "--mixed_precision=off"]
    code = AS_GPU + USED + RUN if as_gpu else RUN
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", code, *options], check=False, env=environment, cwd=folder.parent, capture_output=True)
    assert (done.returncode, done.stderr.decode()) == (0, "")
    with open(folder / "history.csv", encoding="utf-8") as f:
        rows = list(csv.DictReader(f))
    tag = [sys.executable, "-m", "ner.cli", "tag", f"--model_dir={folder}-export", str(data / "texts.txt")]
    exported = subprocess.run(tag, check=True, env=environment, cwd=folder.parent, capture_output=True).stdout.decode()
    tagged = pathlib.Path(f"{folder}.jsonl").read_text(encoding="utf-8")
    entities = [
        [[(e["start"], e["end"], e["label"]) for e in json.loads(line)["entities"]] for line in lines.splitlines()]
        for lines in (tagged, exported)
    ]
    return [float(row["loss"]) for row in rows], float(rows[-1]["dev_f1"]), *entities


@pytest.mark.slow
def test_the_configuration_of_a_gpu_does_what_that_of_a_cpu_does(tmp_path):
    data = tmp_path / "data"
    data.mkdir()
    for split, count, seed in (("train", 160, 1), ("dev", 40, 2), ("test", 40, 3)):
        write_columns(data / f"{split}.txt", sentences(count, seed))
    texts = [example.text for example in sentences(30, 5)]
    (data / "texts.txt").write_text("\n".join(texts) + "\n", encoding="utf-8")
    results = {name: run(tmp_path / name, data, as_gpu=name == "gpu") for name in ("gpu", "cpu")}
    for losses, f1, tagged, exported in results.values():
        assert losses[-1] < losses[0] / 2
        assert f1 > 90
        assert tagged == exported and len(tagged) == len(texts)
    assert abs(results["gpu"][1] - results["cpu"][1]) < 5
    same = sum(a == b for a, b in zip(results["gpu"][2], results["cpu"][2]))
    assert same >= 0.9 * len(texts)
