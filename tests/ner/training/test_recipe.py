"""Systems from flags: a lattice trained, resumed where it is finished and tagged with, and one clear line for flags that do not fit."""

import json

import numpy as np
import pytest
from safetensors.numpy import load_file

from albert.errors import UserError
from ner import Tagger
from ner.data.settings import DataSettings
from ner.training.starting_point import load_training_data
from tests.commands import run_ner_here

SENTENCES = [
    ("张三去了上海。", "B-PER I-PER O O B-LOC I-LOC O"),
    ("李四在上海工作", "B-PER I-PER O B-LOC I-LOC O O"),
    ("新华社工作", "B-ORG I-ORG I-ORG O O"),
]


@pytest.fixture(name="run")
def _run(tmp_path):
    """The command in this process, with data, a lexicon and vectors in ``run.directory``."""
    (tmp_path / "data").mkdir()
    rows = ["".join(f"{character}\t{tag}\n" for character, tag in zip(text, tags.split())) for text, tags in SENTENCES]
    (tmp_path / "data" / "train.txt").write_text("\n".join(rows), encoding="utf-8")
    (tmp_path / "words.txt").write_text("上海\n工作\n新华社\n北京\n南京\n", encoding="utf-8")
    (tmp_path / "words.vec").write_text("北京 0.5 0.25 0.125\n上海 1 2 3\n不在 4 4 4\n", encoding="utf-8")
    (tmp_path / "characters.vec").write_text("上 5 6 7 8\n京 1 1 2 3\n", encoding="utf-8")
    defaults = {
        "do_train": True,
        "data_dir": str(tmp_path / "data"),
        "output_dir": str(tmp_path / "out"),
        "encoder": "char",
        "char_embedding_size": 4,
        "word_embedding_size": 3,
        "max_seq_length": 29,
        "lstm_units": 5,
        "num_train_epochs": 1,
    }

    def run(**given):
        return run_ner_here(**{**defaults, **given})

    run.directory = tmp_path
    return run


def test_a_lattice_is_trained_and_tagged_with(run, capsys):
    files = {name: str(run.directory / file) for name, file in (("word_vectors", "words.vec"), ("char_vectors", "characters.vec"))}
    # Rates of 0: what is stored is what training started from.
    rates = {"learning_rate": 0.0, "head_learning_rate": 0.0, "crf_learning_rate": 0.0}
    flags = {"rnn": "lattice", "word_lexicon": str(run.directory / "words.txt"), **files, **rates}
    assert run(**flags) == 0
    printed = capsys.readouterr().out
    assert "lexicon: 5 words, 3 with vectors, 2 of them pretrained" in printed
    out = run.directory / "out"
    # By how often they are found in training; 北京 is not, but has a vector.
    assert (out / "lexicon.txt").read_text(encoding="utf-8").split() == ["上海", "工作", "北京", "南京", "新华社"]
    vocabulary = (out / "vocab.txt").read_text(encoding="utf-8").split("\n")
    # Characters seen twice, and those with vectors.
    assert set(vocabulary[5:-1]) == {"上", "海", "工", "作", "京"}
    weights = load_file(out / "last.safetensors")
    np.testing.assert_array_equal(weights["word_vectors"][[1, 3]], [[1, 2, 3], [0.5, 0.25, 0.125]])
    np.testing.assert_array_equal(weights["encoder/embeddings/word"][vocabulary.index("上")], [5, 6, 7, 8])
    assert json.loads((out / "model.json").read_text())["lattice"] == {"num_words": 3, "word_embedding_size": 3, "max_word_length": 4}

    text = "张三在上海和北京工作。"
    tagger = Tagger.load(out)
    entities = tagger.tag_batch([text, "", "上"])
    assert [entity.text for entity in entities[0]] == [text[entity.start : entity.end] for entity in entities[0]]
    assert entities[1] == []

    assert run(**flags) == 0
    assert "this run is finished" in capsys.readouterr().out
    (run.directory / "words.txt").write_text("上海\n工作\n", encoding="utf-8")
    with pytest.raises(UserError, match="holds another run, .*lexicon"):
        run(**flags)


def test_a_soft_lexicon_and_silver_sentences(run, capsys):
    silver = run.directory / "silver.jsonl"
    lines = [
        {"text": "北京,在工作", "entities": [{"start": 0, "end": 2, "label": "LOC"}]},
        {"text": "南京,上海", "entities": []},
        {"text": "臺北", "entities": []},
    ]
    silver.write_text("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines), encoding="utf-8")
    flags = {
        "softlexicon": True,
        "word_lexicon": str(run.directory / "words.txt"),
        "word_vectors": str(run.directory / "words.vec"),
        "silver_file": str(silver),
        "character_map": "simplified",
        "num_train_epochs": 3,
    }
    assert run(**flags) == 0
    assert f"silver: 3 sentences of {silver}, once in all epochs together" in capsys.readouterr().out
    out = run.directory / "out"
    config = json.loads((out / "model.json").read_text())
    assert (config["softlexicon"], config["silver"], config["character_map"]) == (True, True, "simplified")
    # Occurrences plus 1: of the words without a vector, then of 上海, 工作, 北京.
    np.testing.assert_array_equal(load_file(out / "last.safetensors")["word_frequencies"], [2, 4, 4, 2])
    assert set((out / "vocab.txt").read_text(encoding="utf-8")) >= set("京，")

    text = "张三在北京,上海工作"
    gold = Tagger.load(out)
    assert gold.predictor.tokenizer.cls_id == 2
    assert gold.tags([text]) == gold.tags([text.replace(",", "，")])
    (out / "model.json").write_text(json.dumps({**config, "guideline": "silver"}))
    assert Tagger.load(out).predictor.tokenizer.cls_id == 4
    silver.write_text(silver.read_text(encoding="utf-8").replace("臺", "台"), encoding="utf-8")
    with pytest.raises(UserError, match="holds another run, .*silver"):
        run(**flags)


def test_held_out_blocks(tmp_path):
    examples = "".join(f"{c}\tO\n\n" for c in "甲乙丙丁戊己庚辛壬癸子丑寅卯辰巳午")
    (tmp_path / "train.txt").write_text(examples + "天\tB-LOC\n", encoding="utf-8")
    data = load_training_data(DataSettings(data_dir=str(tmp_path)), 6 / 18, 3, dev_block=3)
    lines = sorted(example.line // 2 for example in data.dev)
    assert len(lines) == 6 and len(data.train) == 12
    assert all(line + 1 in lines or line - 1 in lines for line in lines)
    assert {line - line % 3 for line in lines} == {lines[0], lines[3]}


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        ({"rnn": "lattice"}, "--rnn=lattice requires --word_lexicon: jieba, train, or a file of words"),
        ({"word_lexicon": "jieba"}, "--word_lexicon requires --rnn=lattice or --softlexicon"),
        ({"word_vectors": "x"}, "--word_vectors requires --rnn=lattice or --softlexicon"),
        ({"encoder": "albert", "char_vectors": "x"}, "--char_vectors requires --encoder=char"),
        ({"init_checkpoint": "x"}, "--init_checkpoint requires --encoder=albert"),
        ({"rnn": "gru", "lstm_cell": "peephole"}, "--lstm_cell=peephole requires --rnn=lstm"),
        (
            {"max_word_length": 1},
            "--max_word_length: found 1, expected a whole number in [2, 100]",
        ),
        ({"rnn": "lattice", "word_lexicon": "train"}, "--word_lexicon: found no word of 2 to 4 characters, expected some"),
        (
            {"rnn": "lattice", "word_lexicon": "{here}/words.txt", "word_vectors": "{here}/characters.vec", "word_embedding_size": 4},
            "--word_vectors: {here}/characters.vec: found vectors of none of the lexicon's words, expected some",
        ),
        (
            {"char_vectors": "{here}/words.vec", "char_embedding_size": 3},
            "--char_vectors: {here}/words.vec: found vectors of none of single characters, expected some",
        ),
        (
            {"char_vectors": "{here}/characters.vec", "char_embedding_size": 7},
            "{here}/characters.vec:1: found 4 numbers after the word, expected 7",
        ),
        ({"char_embedding_size": 0}, "--char_embedding_size: found 0, expected a whole number of at least 1"),
    ],
)
def test_flags_that_do_not_fit(run, flags, message):
    here = str(run.directory)
    flags = {name: value.replace("{here}", here) if isinstance(value, str) else value for name, value in flags.items()}
    with pytest.raises(UserError) as caught:
        run(**flags)
    assert str(caught.value) == message.replace("{here}", here)
    assert not (run.directory / "out").exists()
