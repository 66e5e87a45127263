"""Every recurrent layer exported: the graph finds what the training output finds, words of a lexicon included."""

import dataclasses

import pytest
from absl.testing import flagsaver

import run_ner
from albert.errors import UserError
from ner import Tagger
from ner.config import CharEncoderConfig, LatticeConfig
from ner.lattice.lexicon import WordLexicon
from tests.ner.exporting import CONFIG, EDGE_TEXTS, random_texts, save_tagger

LEXICON = WordLexicon(["上海", "大学", "京上海", "书记", "在京"], 3, 3)
SYSTEMS = {
    "gru": {"rnn": "gru"},
    "peephole": {"lstm_cell": "peephole"},
    "lattice": {
        "encoder": CharEncoderConfig(CONFIG.encoder.vocab_size, 7),
        "rnn": "lattice",
        "lattice": LatticeConfig(LEXICON.num_words, word_embedding_size=5, max_word_length=LEXICON.max_word_length),
    },
}


def _export(directory, base, **flags):
    if not run_ner.FLAGS.is_parsed():
        run_ner.FLAGS(["run_ner.py"])
    with flagsaver.flagsaver(do_export=True, model_dir=directory.path, export_dir=str(base), **flags):
        run_ner.main([])


@pytest.mark.parametrize("name", SYSTEMS)
def test_an_export_finds_what_the_training_output_finds(tmp_path, name):
    directory = save_tagger(tmp_path / "model", dataclasses.replace(CONFIG, **SYSTEMS[name]))
    if name == "lattice":
        directory.write_lexicon(LEXICON)
    _export(directory, tmp_path / "base")
    # Windows of 17 characters cut words, and those have to be seen as cut.
    texts = [*EDGE_TEXTS, "李明在上海大学张三去了京上海大学书记" * 3, *random_texts(41)]
    expected = Tagger.load(directory.path).tag_batch(texts)
    found = Tagger.load(tmp_path / "base").tag_batch(texts)
    assert sum(map(len, expected)) > 30
    assert [list(map(_fields, entities)) for entities in found] == [list(map(_fields, entities)) for entities in expected]
    scores = [[entity.score for entities in side for entity in entities] for side in (found, expected)]
    assert scores[0] == pytest.approx(scores[1], abs=1e-4)


def _fields(entity):
    return entity.start, entity.end, entity.label, entity.text


def test_tensorflow_lite_does_without_a_lattice(tmp_path):
    directory = save_tagger(tmp_path / "model", dataclasses.replace(CONFIG, **SYSTEMS["lattice"]))
    directory.write_lexicon(LEXICON)
    with pytest.raises(UserError, match="^--export_format: found tflite with a lattice LSTM"):
        _export(directory, tmp_path / "base", export_format="tflite")
    assert not (tmp_path / "base").exists()
