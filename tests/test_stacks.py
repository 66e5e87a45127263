"""Two TensorFlows read each other's work: a tagger trained, a SavedModel exported and a checkpoint converted by each.

Skipped unless ``.venv-later`` is there (``make test-numbers VENV=.venv-later PYTHON=python3.13`` makes it) or ``OTHER_PYTHON`` names an
interpreter with the other stack.
"""

import itertools
import json
import os
import pathlib
import subprocess
import sys

import numpy as np
import pytest

from ner.data.readers import read_split

ROOT = pathlib.Path(__file__).parent.parent
MSRA = ROOT / "data" / "msra"
OTHER = pathlib.Path(os.environ.get("OTHER_PYTHON", ROOT / ".venv-later" / "bin" / "python"))
PYTHONS = {"this": sys.executable, "other": OTHER}
NUM_TEXTS = 500

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not OTHER.exists(), reason="needs an environment with the other TensorFlow"),
    pytest.mark.skipif(not MSRA.is_dir(), reason="no data/msra: python -m ner.data.msra --output_dir=data/msra"),
]


def run_side(python, *arguments):
    """Run the script in an environment; it says nothing on standard error."""
    command = [python, "-m", "tests.stacks_side", *map(str, arguments)]
    result = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)
    assert (result.returncode, result.stderr) == (0, ""), result.stdout


@pytest.fixture(name="found", scope="module")
def _found(tmp_path_factory):
    """dict from (who made it, who read it) to what ``stacks_side.read`` gives."""
    work = tmp_path_factory.mktemp("stacks")
    data = work / "data"
    data.mkdir()
    for split, count in (("train", 800), ("test", NUM_TEXTS)):
        blocks = (MSRA / f"{split}.txt").read_text(encoding="utf-8").split("\n\n")
        (data / f"{split}.txt").write_text("\n\n".join(blocks[:count]) + "\n", encoding="utf-8")
    texts = work / "texts.txt"
    texts.write_text("".join(f"{example.text}\n" for example in itertools.islice(read_split(data, "test"), NUM_TEXTS)), encoding="utf-8")
    found = {}
    for name, python in PYTHONS.items():
        (work / name).mkdir()
        run_side(python, "make", work / name, data)
    for maker, reader in itertools.product(PYTHONS, PYTHONS):
        out = work / f"{maker}-{reader}.json"
        run_side(PYTHONS[reader], "read", work / maker, texts, out)
        found[maker, reader] = json.loads(out.read_text(encoding="utf-8"))
    return found


def test_they_are_two(found):
    assert {found["this", "this"]["keras"], found["this", "other"]["keras"]} == {"keras", "tf_keras"}


@pytest.mark.parametrize("maker", PYTHONS)
@pytest.mark.parametrize("kind", ["tagger", "export"])
def test_entities_and_scores_are_the_same(found, maker, kind):
    this, other = found[maker, "this"][kind], found[maker, "other"][kind]
    assert len(this) == NUM_TEXTS and sum(map(len, this)) > NUM_TEXTS // 10
    assert [[entity[:3] for entity in text] for text in this] == [[entity[:3] for entity in text] for text in other]
    scores = [[entity[3] for text in texts for entity in text] for texts in (this, other)]
    np.testing.assert_allclose(*scores, rtol=0, atol=1e-4)


@pytest.mark.parametrize("maker", PYTHONS)
def test_hidden_states_are_the_same(found, maker):
    np.testing.assert_allclose(found[maker, "this"]["converted"], found[maker, "other"]["converted"], rtol=0, atol=1e-4)
