"""Each system of the comparison, from its own flagfile: trained, killed, trained on, scored, exported, and tagged with both ways."""

import json
import pathlib

import pytest
from absl.testing import flagsaver

import run_ner
from ner import Tagger
from ner.reproduce.experiments import EXPERIMENTS
from tests.ner.training.toy import Killed, killed_after, sentences, write_columns

ROOT = pathlib.Path(__file__).resolve().parents[3]
OVERRIDES = json.loads((ROOT / "flags/reproduce_smoke/overrides.json").read_text())
SMALL = [
    "--lstm_units=11",
    "--train_batch_size=7",
    "--num_train_epochs=12",
    "--max_seq_length=37",
    "--save_steps=2",
    "--log_steps=1",
    "--head_learning_rate=1e-2",
]
WORDS = ("天地", "日月", "玄黄", "宇宙", "洪荒", "天日")


@pytest.fixture(name="work")
def _work(tmp_path):
    (tmp_path / "data").mkdir()
    write_columns(tmp_path / "data" / "train.txt", sentences(107))
    write_columns(tmp_path / "data" / "test.txt", sentences(11, seed=2))
    (tmp_path / "words.txt").write_text("\n".join(WORDS), encoding="utf-8")
    return tmp_path


def _run(experiment, work, *flags):
    """``python run_ner.py`` with the flagfile of a system, in this process."""
    command = [
        "run_ner.py",
        f"--flagfile={ROOT / 'flags' / experiment.flagfile}",
        *OVERRIDES["*"],
        *OVERRIDES[experiment.name],
        *SMALL,
        *([f"--word_lexicon={work / 'words.txt'}"] if experiment.name == "lattice_lstm_crf" else []),
        "--nodo_train",
        "--nodo_eval",
        f"--data_dir={work / 'data'}",
        *flags,
    ]
    with flagsaver.flagsaver():
        run_ner.FLAGS(command)
        return run_ner.main([])


@pytest.mark.slow
@pytest.mark.parametrize("experiment", EXPERIMENTS, ids=[e.name for e in EXPERIMENTS])
def test_every_system_has_the_same_life(experiment, work, monkeypatch, capsys):
    monkeypatch.chdir(ROOT)
    whole, broken = work / "whole", work / "broken"
    assert _run(experiment, work, "--do_train", f"--output_dir={whole}") == 0

    with monkeypatch.context() as patch:
        killed_after(patch, 4)
        with pytest.raises(Killed):
            _run(experiment, work, "--do_train", f"--output_dir={broken}")
    assert not (broken / "last.safetensors").exists()
    capsys.readouterr()
    assert _run(experiment, work, "--do_train", f"--output_dir={broken}") == 0
    assert "resumed at step 4 of 192" in capsys.readouterr().out
    assert (broken / "last.safetensors").read_bytes() == (whole / "last.safetensors").read_bytes()

    texts = [example.text for example in sentences(17, seed=3)]
    (work / "texts.txt").write_text("\n".join(texts), encoding="utf-8")
    tagged = [f"--input_file={work / 'texts.txt'}", f"--output_file={work / 'tagged.jsonl'}", "--output_format=jsonl"]
    assert _run(experiment, work, "--do_eval", "--do_predict", f"--model_dir={broken}", *tagged) == 0
    assert json.loads((broken / "metrics.json").read_text())["conlleval"]["overall"]["f1"] > 0.5
    found = _places(Tagger.load(broken, constrained_decoding=False).tag_batch(texts))
    assert sum(map(len, found)) > 5
    lines = [json.loads(line) for line in (work / "tagged.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [[(e["start"], e["end"], e["label"]) for e in line["entities"]] for line in lines] == found

    assert _run(experiment, work, "--do_export", f"--model_dir={broken}", f"--export_dir={work / 'exported'}") == 0
    exported = Tagger.load(work / "exported" / "1", constrained_decoding=False)
    assert _places(exported.tag_batch(texts)) == found


def _places(entities):
    return [[(e.start, e.end, e.label) for e in row] for row in entities]
