"""The model card: what it says, and that it is never written over somebody's words."""

import json

import pytest

from albert.files import sha256
from ner.model.card import write_card
from ner.model.config import CharEncoderConfig, TaggerConfig
from ner.model.directory import ModelDir
from ner.tags import TagSet

SCORE = {"precision": 0.5, "recall": 0.25, "f1": 1 / 3, "correct": 1, "predicted": 2, "support": 4}


@pytest.fixture(name="directory")
def _directory(tmp_path):
    directory = ModelDir(tmp_path / "mine")
    (tmp_path / "mine").mkdir()
    directory.write_config(TaggerConfig(encoder=CharEncoderConfig(29, 7), tag_set=TagSet(("人名", "地名")), lstm_units=3))
    chosen = {"epoch": 2, "dev_precision": 0.75, "dev_recall": 0.5, "dev_f1": 0.6, "dev_f1/人名": 0.625}
    result = {"steps": 1234, "epochs": 3, "seconds": 56.7, "stopped_early": False, "chosen_by": "the best F1 on dev.txt", "chosen": chosen}
    sessions = [{"flags": {"seed": 7, "init_checkpoint": "albert_mini_zh"}}]
    identity = {"data": {"train.txt": "ab12"}, "init_checkpoint": "albert_mini_zh", "mixed_precision": "off"}
    (tmp_path / "mine" / "run.json").write_text(json.dumps({"identity": identity, "sessions": sessions, "result": result}))
    return directory


def card(directory):
    write_card(directory)
    with open(directory.file("README.md"), encoding="utf-8") as f:
        return f.read()


def test_contents(directory):
    text = card(directory)
    digest = sha256(directory.file("labels.txt"))
    for expected in (
        "# mine\n",
        "types 人名, 地名,",
        f'ner.Tagger.load("{directory.path}")',
        "character vectors of 7 numbers, from albert_mini_zh",
        "| train.txt | `ab12` |",
        "1,234 steps in 57 s. Weights: epoch 2, the best F1 on dev.txt.",
        "--seed=7\n",
        "| dev | 人名 |  |  | 62.50 |  |",
        "| dev | **all** | 75.00 | 50.00 | 60.00 |  |",
        f"`{digest}`",
    ):
        assert expected in text, expected


def test_scores_of_an_evaluation_are_added(directory):
    assert "`test.txt`" not in card(directory)
    metrics = {"data": "data/test.txt", "conlleval": {"overall": SCORE, "per_type": {"地名": SCORE}}}
    with open(directory.file("metrics.json"), "w", encoding="utf-8") as f:
        json.dump(metrics, f)
    assert "| `test.txt` | 地名 | 50.00 | 25.00 | 33.33 | 4 |" in card(directory)


def test_a_card_that_somebody_changed_stays(directory):
    first, rest = card(directory).split("\n", 1)
    assert first.startswith("<!-- ")
    with open(directory.file("README.md"), "w", encoding="utf-8") as f:
        f.write(rest)
    assert card(directory) == rest
