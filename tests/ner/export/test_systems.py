"""Every system exported: plain TensorFlow finds in the graph what the training output finds, words of a lexicon included."""

import dataclasses
import itertools
import json
import subprocess
import sys

import pytest

from albert.errors import UserError
from ner import Tagger
from ner.lattice.lexicon import WordLexicon
from ner.model.config import CharEncoderConfig, LatticeConfig
from tests.ner.export.exporting import CONFIG, EDGE_TEXTS, PLAIN_TENSORFLOW, check_answers, export, random_texts, save_tagger

LEXICON = WordLexicon(["上海", "大学", "京上海", "书记", "在京"], 3, 3)
CHARACTERS = CharEncoderConfig(CONFIG.encoder.vocab_size, 7)
# BERT: no factorised embedding, and a group of its own for every layer.
BERT = dataclasses.replace(CONFIG.encoder, embedding_size=CONFIG.encoder.hidden_size, num_hidden_groups=CONFIG.encoder.num_hidden_layers)
LATTICE = {"rnn": "lattice", "lattice": LatticeConfig(LEXICON.num_words, word_embedding_size=5, max_word_length=LEXICON.max_word_length)}
SOFT = {"softlexicon": True, "lattice": LATTICE["lattice"]}
ENCODERS = {"albert": {}, "bert": {"encoder": BERT}, "characters": {"encoder": CHARACTERS}}
RNNS = {"lstm": {}, "peephole": {"lstm_cell": "peephole"}, "gru": {"rnn": "gru"}, "lattice": LATTICE, "none": {"rnn": "none"}, "soft": SOFT}
CRFS = {"crf": {}, "no_crf": {"use_crf": False}}
SYSTEMS = ["bert-gru-no_crf", "characters-lattice-crf", "albert-soft-crf"]
ALL_SYSTEMS = ["-".join(parts) for parts in itertools.product(ENCODERS, RNNS, CRFS)]
# Windows of 17 characters cut words, and those have to be seen as cut.
TEXTS = [*EDGE_TEXTS, "李明在上海大学张三去了京上海大学书记" * 3, *random_texts(41)]


def _save(path, name):
    encoder, rnn, crf = name.split("-")
    directory = save_tagger(path, dataclasses.replace(CONFIG, **ENCODERS[encoder], **RNNS[rnn], **CRFS[crf]))
    if rnn in ("lattice", "soft"):
        directory.write_lexicon(LEXICON)
    return directory


@pytest.fixture(name="exports", scope="module")
def _exports(tmp_path_factory):
    """By name of the system: the training output, the export, and what plain TensorFlow says of it."""
    return _export_all(tmp_path_factory.mktemp("systems"), SYSTEMS)


def _export_all(work, names):
    directories = {name: (_save(work / name, name), work / f"{name}_base") for name in names}
    for directory, base in directories.values():
        export(directory.path, base)
    request = json.dumps({"texts": TEXTS, "versions": [str(base / "1") for _, base in directories.values()]})
    command = [sys.executable, "-c", PLAIN_TENSORFLOW]
    done = subprocess.run(command, check=False, input=request, capture_output=True, text=True, cwd="/", timeout=1200)
    assert done.returncode == 0, done.stderr
    answers = json.loads(done.stdout.splitlines()[-1])
    return {name: (*directories[name], answer) for name, answer in zip(names, answers)}


@pytest.mark.parametrize("name", SYSTEMS)
def test_an_export_finds_what_the_training_output_finds(exports, name):
    directory, _, answer = exports[name]
    _check(directory, answer)


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in ALL_SYSTEMS if name not in SYSTEMS])
def test_so_does_an_export_of_every_other_system(tmp_path, name):
    directory, _, answer = _export_all(tmp_path, [name])[name]
    _check(directory, answer)


def _check(directory, answer):
    expected = Tagger.load(directory.path).tag_batch(TEXTS)
    assert sum(map(len, expected)) > 30
    check_answers(answer, TEXTS, expected)
    assert answer["unknown"] == answer["compiled"] == answer["variables"] == []


def test_words_of_a_lattice_are_an_asset(exports):
    directory, base, _ = exports["characters-lattice-crf"]
    with open(directory.file("lexicon.txt"), "rb") as f:
        assert (base / "1" / "assets" / "lexicon.txt").read_bytes() == f.read()


def test_onnx_runtime_does_without_a_lattice(tmp_path):
    with pytest.raises(UserError, match="^--export_format: found onnx with a lattice layer with a lexicon, expected savedmodel$"):
        export(_save(tmp_path / "model", "albert-lattice-crf").path, tmp_path / "base", export_format="onnx")
    assert not (tmp_path / "base").exists()
