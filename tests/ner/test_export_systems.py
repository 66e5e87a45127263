"""Which recurrent layers cannot be exported."""

import dataclasses

import pytest
from absl.testing import flagsaver

import run_ner
from albert.errors import UserError
from ner.config import CharEncoderConfig, LatticeConfig
from ner.lattice.lexicon import WordLexicon
from tests.ner.exporting import CONFIG, save_tagger

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
def test_what_cannot_be_exported_is_refused_in_one_line(tmp_path, name):
    directory = save_tagger(tmp_path / "model", dataclasses.replace(CONFIG, **SYSTEMS[name]))
    if name == "lattice":
        directory.write_lexicon(LEXICON)
    with pytest.raises(UserError, match="^--do_export: .* has rnn .*, expected the standard LSTM or none$"):
        _export(directory, tmp_path / "base")
    assert not (tmp_path / "base").exists()
