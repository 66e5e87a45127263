"""Folds: no tagger judges what it was trained on."""

import pytest

from albert.errors import UserError
from ner.data.examples import Example
from ner.data.readers import read_examples
from ner.data.settings import DataSettings
from ner.training import folds
from ner.training.folds import judge_by_folds
from ner.training.settings import TrainingRun


def example(text):
    return Example(text, ("B-LOC",) * len(text))


def test_every_sentence_is_judged_once_by_a_tagger_that_has_not_seen_it(tmp_path, monkeypatch):
    def judge(run, examples):
        trained = {e.text for e in read_examples(f"{run.data.data_dir}/train.txt")}
        assert not trained & {e.text for e in examples}
        assert len(trained) + len({e.text for e in examples}) == 23
        return [run.output_dir] * len(examples)

    monkeypatch.setattr(folds, "_judge", judge)
    run = TrainingRun(output_dir=str(tmp_path / "out"), data=DataSettings(str(tmp_path)))
    # The last two are the first two again.
    examples = [example(f"{number:02}") for number in (*range(23), 0, 1)]
    parts = list(judge_by_folds(run, examples, 5))
    assert sorted(e.text for part, _ in parts for e in part) == sorted(e.text for e in examples)
    assert [directory for _, judged in parts for directory in sorted(set(judged))] == [
        str(tmp_path / "out" / f"fold-{number}-of-5" / "tagger") for number in range(1, 6)
    ]


def test_too_few_sentences(tmp_path):
    run = TrainingRun(output_dir=str(tmp_path / "out"), data=DataSettings(str(tmp_path)))
    with pytest.raises(UserError, match="too few different sentences for 5 folds"):
        list(judge_by_folds(run, [example("a")] * 9, 5))
