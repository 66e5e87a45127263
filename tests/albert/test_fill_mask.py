"""examples/fill_mask.py on a small checkpoint."""

import importlib.util
import os
import pathlib
import subprocess
import sys

import numpy as np
import pytest

from albert import CharTokenizer, checkpoints
from albert.errors import UserError

ROOT = pathlib.Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "examples" / "fill_mask.py"
CHECKPOINT = pathlib.Path(__file__).parent / "data" / "google_albert"


@pytest.fixture(name="fill", scope="module")
def _fill():
    spec = importlib.util.spec_from_file_location("fill_mask", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    found = checkpoints.find(str(CHECKPOINT))
    model, tokenizer = checkpoints.load_pretraining_model(found), CharTokenizer(found.vocab_file)
    return lambda text, **given: module.fill(model, tokenizer, text, **given)


def test_characters_are_those_of_the_heads_highest_logits(fill):
    ((first, characters), (second, _)) = fill("中[MASK]人□", top_k=3)
    assert (first, second) == (1, 3)
    found = checkpoints.find(str(CHECKPOINT))
    tokenizer = CharTokenizer(found.vocab_file)
    ids = [tokenizer.cls_id, *tokenizer.encode("中"), tokenizer.mask_id, *tokenizer.encode("人"), tokenizer.mask_id, tokenizer.sep_id]
    inputs = {"input_word_ids": np.array([ids], np.int32), "masked_lm_positions": np.array([[2]], np.int32)}
    logits = checkpoints.load_pretraining_model(found)(inputs)["masked_lm_logits"][0, 0].numpy()
    expected = np.exp(logits) / np.exp(logits).sum()
    assert [character for character, _ in characters] == [list(tokenizer.vocab)[i] for i in np.argsort(-logits)[:3]]
    assert [probability for _, probability in characters] == pytest.approx(np.sort(expected)[::-1][:3], rel=1e-4)


def test_mistakes(fill):
    with pytest.raises(UserError, match=r"'中国': no blank, expected \[MASK\], 〇 or □"):
        fill("中国")
    with pytest.raises(UserError, match="characters, expected at most"):
        fill("□" * 600)


def test_command_reads_standard_input():
    command = [sys.executable, str(SCRIPT), f"--checkpoint={CHECKPOINT}", "--top_k=2"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8"}
    result = subprocess.run(command, input="中〇人\n\n□\n", capture_output=True, encoding="utf-8", env=environment, check=False)
    assert (result.returncode, result.stderr) == (0, "")
    lines = result.stdout.splitlines()
    assert [lines[0], lines[2]] == ["中〇人", "□"]
    assert lines[1].startswith("   1  ")
    assert lines[1].count("%") == 2
