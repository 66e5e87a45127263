"""``ner.train``: data in every form, the result, and the same numbers as the command's."""

import json
import threading

import pytest

import ner
from albert.errors import UserError
from tests.commands import run_ner_here
from tests.ner.training import toy
from tests.ner.training.toy import sentences

SETTINGS = {
    "rnn": "none",
    "max_seq_length": 37,
    "train_batch_size": 7,
    "num_train_epochs": 2,
    "learning_rate": 1e-2,
    "mixed_precision": "off",
}


def given(examples):
    return [(example.text, [tuple(span) for span in example.spans()]) for example in examples]


@pytest.fixture(name="data_dir", scope="module")
def _data_dir(tmp_path_factory):
    path = tmp_path_factory.mktemp("data")
    toy.write_columns(path / "train.txt", sentences(97))
    toy.write_columns(path / "dev.txt", sentences(31, seed=2))
    toy.write_columns(path / "test.txt", sentences(29, seed=3))
    toy.write_encoder_config(path / "albert_config.json")
    return path


@pytest.fixture(name="result", scope="module")
def _result(data_dir, tmp_path_factory):
    """A run on a directory."""
    output = tmp_path_factory.mktemp("runs") / "directory"
    return ner.train(data_dir, output, albert_config_file=data_dir / "albert_config.json", **SETTINGS)


def test_result(result):
    assert [row["epoch"] for row in result.history] == [1, 2]
    assert result.chosen["dev_f1"] == max(row["dev_f1"] for row in result.history)
    assert result.scores.num_sentences == 29
    assert result.scores.conlleval.overall.f1 > 0.3
    assert f"dev F1 {100 * result.chosen['dev_f1']:.2f}" in repr(result)
    assert repr(result).endswith(repr(result.scores))
    assert result._repr_html_().count("<table>") == 2
    assert result.tagger.labels == ("LOC", "PER")


def test_same_numbers_as_the_command(result, data_dir, tmp_path):
    flags = {**SETTINGS, "data_dir": str(data_dir), "albert_config_file": str(data_dir / "albert_config.json")}
    assert run_ner_here(do_train=True, do_eval=True, output_dir=str(tmp_path / "out"), **flags) == 0
    measured = json.loads((tmp_path / "out" / "metrics.json").read_text())
    assert measured["conlleval"] == result.scores.to_dict()["conlleval"]
    run = json.loads((tmp_path / "out" / "run.json").read_text())
    assert run["result"]["chosen"] == result.chosen


def test_lists_are_as_good_as_files(result, data_dir, tmp_path):
    lists = {"dev": given(sentences(31, seed=2)), "test": given(sentences(29, seed=3))}
    again = ner.train(given(sentences(97)), tmp_path / "lists", albert_config_file=data_dir / "albert_config.json", **lists, **SETTINGS)
    assert again.scores == result.scores
    assert again.chosen == result.chosen
    # The same call does not train again; other data is another run.
    train = {"albert_config_file": data_dir / "albert_config.json", **SETTINGS}
    assert ner.train(given(sentences(97)), tmp_path / "lists", **lists, **train).scores == result.scores
    with pytest.raises(UserError, match="holds another run, data.<train>"):
        ner.train(given(sentences(89)), tmp_path / "lists", **lists, **train)
    assert again.tagger.evaluate(lists["test"]) == again.tagger.evaluate(data_dir) == result.scores
    assert again.tagger.evaluate(data_dir / "dev.txt").conlleval.overall.f1 == result.chosen["dev_f1"]


def test_a_thread_may_train(data_dir, tmp_path):
    results = []

    def train():
        one_step = {**SETTINGS, "max_train_steps": 1, "num_train_epochs": 1}
        results.append(ner.train(data_dir / "train.txt", tmp_path / "out", albert_config_file=data_dir / "albert_config.json", **one_step))

    thread = threading.Thread(target=train)
    thread.start()
    thread.join()
    assert results[0].scores is None
    assert results[0].chosen == {"epoch": 1}


@pytest.mark.parametrize(
    ("data", "settings", "message"),
    [
        ("nowhere", {}, "nowhere: cannot read labelled sentences: No such file or directory"),
        ([("天地", [(0, 3, "LOC")])], {}, r"<train>:1: found LOC at \[0, 3\), expected a non-empty span inside the text of 2 characters"),
        ([("天地", [(0, 2, "LOC")])], {"learning_rat": 1}, "learning_rat: no such setting; did you mean learning_rate?"),
        ([("天地", [(0, 2, "LOC")])], {"learning_rate": -1}, "learning_rate: found -1, expected a number of at least 0"),
        ([("天地", [(0, 2, "LOC")])], {"dev": [("天", [(0, 1, "PER")])]}, "<dev>:1: found label 'PER', expected one of LOC"),
    ],
)
def test_mistakes(data_dir, tmp_path, data, settings, message):
    with pytest.raises(UserError, match=message):
        ner.train(data, tmp_path / "out", albert_config_file=data_dir / "albert_config.json", **{**SETTINGS, **settings})
    assert not (tmp_path / "out").exists()
