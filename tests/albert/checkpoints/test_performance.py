"""Loading a checkpoint, beyond making the model's objects (the same for every file size), takes at most twice the time of
reading the file, and less than three times its size in memory.

Measured by benchmarks.checkpoint_loading in a process of its own. Elapsed time means something only on a machine that does
nothing else: those tests are marked slow; the others look at memory and processor time.
"""

import json
import pathlib
import subprocess
import sys

import numpy as np
import pytest

from albert.checkpoints.shapes import encoder_shapes
from albert.checkpoints.writing import write_checkpoint
from albert.config import AlbertConfig
from albert.formats import adapt

ROOT = pathlib.Path(__file__).parents[3]
# albert_base_zh, and chinese_L-12_H-768_A-12
ALBERT_BASE = AlbertConfig(21128, 128, 768, 12, 12, 3072)
BERT_BASE = AlbertConfig(21128, 768, 768, 12, 12, 3072, num_hidden_groups=12, embedding_projection="none")

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="resident memory is read from /proc")


def measure(config, target, directory):
    """The benchmark's result for a checkpoint of random values."""
    weights = {name: np.full(shape, 0.01, np.float32) for name, shape in encoder_shapes(config).items()}
    config, weights, layout = adapt(config, weights, target)
    directory.mkdir()
    write_checkpoint(str(directory), layout, config, weights)
    command = [sys.executable, "-m", "benchmarks.checkpoint_loading", str(directory)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=True, cwd=ROOT)
    return json.loads(done.stdout)


@pytest.mark.parametrize("target", ["google", "huggingface"])
def test_memory_and_processor_time(target, tmp_path):
    result = measure(ALBERT_BASE, target, tmp_path / "checkpoint")
    assert result["memory"] < 3 * result["bytes"], result
    # HuggingFace's matrices are transposed on two threads; 2.1 times was measured; drawing initial values first would add 6 and more.
    assert result["load_cpu"] - result["build_cpu"] < (2.5 if target == "google" else 4) * result["read_cpu"], result


@pytest.mark.slow
@pytest.mark.parametrize(
    ("config", "target"),
    [(ALBERT_BASE, "google"), (ALBERT_BASE, "huggingface"), (BERT_BASE, "bert"), (BERT_BASE, "huggingface")],
    ids=["albert google", "albert huggingface", "bert", "bert huggingface"],
)
def test_elapsed_time(config, target, tmp_path):
    result = measure(config, target, tmp_path / "checkpoint")
    assert result["memory"] < 3 * result["bytes"], result
    assert result["load"] - result["build"] <= 2 * result["read"], result
