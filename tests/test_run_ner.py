"""run_ner.py as a user meets it: one run from data to entities, and one clear line for each mistake."""

import json
import os
import pathlib
import re
import subprocess
import sys

import numpy as np
import pytest

import ner
from albert import encoder
from albert.arithmetic.recompute import recomputed
from albert.errors import UserError
from albert.lock import lock
from tests.commands import run_ner_here

ROOT = pathlib.Path(__file__).resolve().parents[1]
SENTENCES = [
    ("张三去了上海。", "B-PER I-PER O O B-LOC I-LOC O"),
    ("李四在北京工作", "B-PER I-PER O B-LOC I-LOC O O"),
    ("新华社电", "B-ORG I-ORG I-ORG O"),
]
CONFIG = {
    "vocab_size": 31,
    "embedding_size": 7,
    "hidden_size": 22,
    "num_hidden_layers": 2,
    "num_hidden_groups": 1,
    "num_attention_heads": 2,
    "intermediate_size": 13,
    "hidden_act": "gelu",
    "hidden_dropout_prob": 0.1,
    "attention_probs_dropout_prob": 0.1,
    "max_position_embeddings": 41,
    "type_vocab_size": 2,
}
# Trained in no time, where the network does not matter.
PLAIN = {"encoder": "char", "albert_config_file": None, "char_embedding_size": 3, "rnn": "none", "use_crf": False}


def _write(path, sentences):
    rows = ["".join(f"{character}\t{tag}\n" for character, tag in zip(text, tags.split())) for text, tags in sentences]
    path.write_text("\n".join(rows), encoding="utf-8")


@pytest.fixture(name="work")
def _work(tmp_path):
    """A directory with data and a config, and a function that runs the command in this process."""
    data = tmp_path / "data"
    data.mkdir()
    _write(data / "train.txt", SENTENCES)
    _write(data / "test.txt", SENTENCES[:2])
    (tmp_path / "config.json").write_text(json.dumps(CONFIG))
    defaults = {
        "data_dir": str(data),
        "output_dir": str(tmp_path / "out"),
        "albert_config_file": str(tmp_path / "config.json"),
        "max_seq_length": 29,
        "lstm_units": 5,
        "num_train_epochs": 1,
    }

    def run(**given):
        return run_ner_here(**{**defaults, **given})

    run.directory = tmp_path
    return run


def test_train_evaluate_and_tag(work, capsys):
    out = work.directory / "out"
    assert work(do_train=True, do_eval=True) == 0
    printed = capsys.readouterr().out
    assert "epoch 1: loss" in printed
    assert "overall" in printed
    metrics = json.loads((out / "metrics.json").read_text())
    assert metrics["conlleval"]["overall"]["support"] == metrics["strict"]["overall"]["support"] == 4
    assert metrics["num_sentences"] == 2
    labels = (out / "labels.txt").read_text().split()
    assert labels == ["O", "B-LOC", "I-LOC", "B-ORG", "I-ORG", "B-PER", "I-PER"]
    assert (out / "vocab.txt").read_text(encoding="utf-8").startswith("[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\n")

    text = work.directory / "text.txt"
    text.write_bytes("张三在上海。\r\n\r\n😀 x\n".encode())
    assert (
        work(do_predict=True, model_dir=str(out), output_dir=None, input_file=[str(text)], output_file=str(work.directory / "tagged")) == 0
    )
    records = [json.loads(line) for line in (work.directory / "tagged").read_text(encoding="utf-8").splitlines()]
    assert [record["text"] for record in records] == ["张三在上海。", "", "😀 x"]
    for record in records:
        for entity in record["entities"]:
            assert record["text"][entity["start"] : entity["end"]] == entity["text"]
            assert 0.0 <= entity["score"] <= 1.0


@pytest.mark.parametrize(
    ("switches", "rnn", "use_crf"),
    [({"use_crf": False}, "lstm", False), ({"rnn": "none"}, "none", True), ({"use_bilstm": False, "use_crf": False}, "none", False)],
)
def test_parts_can_be_switched_off(work, switches, rnn, use_crf):
    assert work(do_train=True, do_eval=True, **switches) == 0
    model = json.loads((work.directory / "out" / "model.json").read_text())
    assert (model["rnn"], model["use_crf"]) == (rnn, use_crf)


def test_layers_computed_again_train_the_same(work, monkeypatch):
    """Dropout masks included: the encoder's rates are 0.1."""
    calls = []
    monkeypatch.setattr(encoder, "recomputed", lambda *args: calls.append(args) or recomputed(*args))
    # In bfloat16 another order of sums would show.
    options = {"learning_rate": 1e-3, "mixed_precision": "off"}
    models = []
    for name, recompute_grad in (("kept", False), ("again", True)):
        calls.clear()
        out = str(work.directory / name)
        assert work(do_train=True, output_dir=out, num_train_epochs=4, recompute_grad=recompute_grad, **options) == 0
        assert len(calls) == (CONFIG["num_hidden_layers"] if recompute_grad else 0)
        models.append(ner.Tagger.load(out, runtime="tensorflow").predictor.model.weight_map())
    for name, weight in models[0].items():
        # The key's bias has no gradient but rounding, which Adam takes for one.
        if not name.endswith("attention/key/bias"):
            np.testing.assert_allclose(models[1][name], weight, rtol=0, atol=1e-5, err_msg=name)


def test_a_table_of_vectors_has_no_layers_to_compute_again(work):
    message = _message(work, do_train=True, encoder="char", albert_config_file=None, recompute_grad=True)
    assert message == "--recompute_grad requires --encoder=albert"


def _message(work, **given):
    with pytest.raises(UserError) as caught:
        work(**given)
    message = str(caught.value)
    assert "\n" not in message
    return message.replace(str(work.directory), "DIR")


def test_missing_data_directory(work):
    message = _message(work, do_train=True, data_dir=str(work.directory / "nowhere"))
    assert message == "DIR/nowhere: cannot read the data directory: No such file or directory"
    assert not (work.directory / "out").exists()


def test_empty_training_file(work):
    (work.directory / "data" / "train.txt").write_text("")
    assert _message(work, do_train=True) == "DIR/data/train.txt: found an empty file, expected labelled sentences"


def test_line_without_tag(work):
    (work.directory / "data" / "train.txt").write_text("张\tB-PER\n三\n\n", encoding="utf-8")
    message = _message(work, do_train=True)
    assert message.startswith("DIR/data/train.txt:2: ")
    assert "tag" in message


def test_sentences_left_out_are_counted(work, capsys):
    for name, bad in (("train.txt", "\n张\n\n三\n"), ("test.txt", "\n张\tB-GPE\n")):
        path = work.directory / "data" / name
        path.write_text(path.read_text(encoding="utf-8") + bad, encoding="utf-8")
    assert work(do_train=True, do_eval=True, on_bad_line="skip", rnn="none", use_crf=False, fgm_epsilon=0.01) == 0
    printed = capsys.readouterr().out
    # 31 x 7 values with a standard deviation of 0.02: a norm of about 0.02 times the root of 7.
    norm = re.search(r"\nFGM: epsilon 0.01; the word vectors' median norm is ([0-9.]+)\n", printed)[1]
    assert float(norm) == pytest.approx(0.05, rel=0.2)
    assert "\ntrain: 3 sentences (columns, BIO); dev: none; " in printed
    assert "\ntrain: 2 sentences left out: missing tag 2\n" in printed
    assert "\nnot scored: 1 sentences left out: unknown label 1\n" in printed
    out = work.directory / "out"
    assert json.loads((out / "run.json").read_text())["sessions"][0]["skipped"] == {"train": {"missing tag": 2}}
    assert json.loads((out / "metrics.json").read_text())["skipped"] == {"unknown label": 1}


@pytest.mark.parametrize("held_out", [True, False])
def test_a_dev_set_without_entities_is_told_and_the_last_epoch_is_kept(work, capsys, held_out):
    plain = [("今天天气很好", "O O O O O O"), ("他们回家了", "O O O O O")]
    train = [*plain, *SENTENCES[:1]]
    _write(work.directory / "data" / "train.txt", train if held_out else SENTENCES)
    if not held_out:
        _write(work.directory / "data" / "dev.txt", plain)
    # Seed 1 holds one of the first two sentences out.
    options = {"dev_fraction": 0.34, "seed": 1} if held_out else {}
    options.update(num_train_epochs=3, head_learning_rate=1e-4, early_stopping_patience=1, rnn="none", use_crf=False)
    assert work(do_train=True, **options) == 0
    printed = capsys.readouterr().out
    where = "held-out" if held_out else "dev"
    assert f"data error: {where}: no entity at all, every F1 on it is 0 and no epoch can be chosen by it\n" in printed
    rows = json.loads((work.directory / "out" / "history.json").read_text())["rows"]
    assert json.loads((work.directory / "out" / "run.json").read_text())["result"]["chosen"]["epoch"] == rows[-1]["epoch"]


def test_held_out_sentences_that_are_in_train_too_are_told(work, capsys):
    _write(work.directory / "data" / "train.txt", [*SENTENCES, *SENTENCES])
    assert work(do_train=True, dev_fraction=0.5, **PLAIN) == 0
    found = re.search(r"data error: train, held-out: ([123]) of 3 held-out sentences are in train too\n", capsys.readouterr().out)
    assert found is not None


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({"test.json": b'{"id": 0, "text": "\xe4\xba\xac"}\n'}, "data warning: test: texts without labels, which cannot be scored; "),
        ({"test.txt": b""}, "test.txt: found an empty file"),
        ({"test.txt": "张三\tO\n".encode("gbk")}, "test.txt: found no sentence to use, expected at least one; left out: invalid UTF-8 1"),
        ({"test.txt": "张三去过北京\n".encode()}, "missing tag 1 (line 1: found '张三去过北京' without a tag"),
        ({"test.txt": "张\tO\n".encode(), "test.json": b"{}"}, "data error: test: "),
    ],
)
def test_a_test_file_that_is_not_needed_stops_nothing(work, capsys, files, words):
    (work.directory / "data" / "test.txt").unlink()
    for name, content in files.items():
        (work.directory / "data" / name).write_bytes(content)
    assert work(do_train=True, **PLAIN) == 0
    assert words in capsys.readouterr().out


@pytest.mark.parametrize(
    "broken",
    [
        {"dev.txt": b""},
        {"train.txt": "张三去过北京\n".encode()},
        {"vocab.txt": b"[PAD]\n[UNK]\n"},
        {"vectors.txt": "张 0.5 0.5 much\n".encode()},
        {"words.txt": b"a b c d e\n"},
    ],
)
def test_what_is_needed_and_broken_claims_no_directory(work, broken):
    for name, content in broken.items():
        (work.directory / "data" / name).write_bytes(content)
    name = next(iter(broken))
    path = str(work.directory / "data" / name)
    char = {"encoder": "char", "albert_config_file": None, "char_embedding_size": 3}
    options = {
        "vocab.txt": {"vocab_file": path},
        "vectors.txt": {**char, "char_vectors": path},
        "words.txt": {**char, "rnn": "lattice", "word_lexicon": path},
    }
    with pytest.raises(UserError) as e:
        work(do_train=True, **options.get(name, {}))
    assert name in str(e.value)
    assert not (work.directory / "out").exists()


CASES = ROOT.parent / "shared" / "cases"


@pytest.mark.skipif(not CASES.is_dir(), reason="the cases are not here")
def test_the_case_of_an_unlabelled_test_file(work, capsys):
    data_dir = str(CASES / "05-cluener-unlabelled-test")
    assert work(do_train=True, data_dir=data_dir, output_dir=str(work.directory / "case"), **PLAIN) == 0
    assert "data warning: test: texts without labels" in capsys.readouterr().out


def test_unknown_tag_in_test_file(work):
    assert work(do_train=True, **PLAIN) == 0
    _write(work.directory / "data" / "test.txt", [("张三", "B-GPE I-GPE")])
    message = _message(work, do_eval=True)
    assert message.startswith("DIR/data/test.txt:1: ")
    assert "'GPE'" in message
    assert "LOC, ORG, PER" in message
    assert not (work.directory / "out" / "metrics.json").exists()


def test_max_seq_length_above_positions(work):
    message = _message(work, do_train=True, max_seq_length=42)
    assert message == "--max_seq_length: found 42, expected at most the encoder's 41 positions"


def test_vocabulary_shorter_than_config(work):
    vocab = work.directory / "vocab.txt"
    vocab.write_text("[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\n张\n", encoding="utf-8")
    message = _message(work, do_train=True, vocab_file=str(vocab))
    assert message.startswith("DIR/vocab.txt: ")
    assert "31" in message
    assert "6" in message


def test_two_runs_in_one_directory(work):
    assert work(do_train=True, **PLAIN) == 0
    before = {path.name: path.read_bytes() for path in (work.directory / "out").iterdir() if path.is_file()}
    message = _message(work, do_train=True, learning_rate=3e-5, **PLAIN)
    assert message == "--output_dir: DIR/out holds another run, learning_rate: 2e-05 there, 3e-05 here; choose another directory"
    assert before == {path.name: path.read_bytes() for path in (work.directory / "out").iterdir() if path.is_file()}


def test_a_vocabulary_under_which_most_is_unknown(work):
    vocab = work.directory / "vocab.txt"
    entries = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *map(chr, range(0x4E8C, 0x4E8C + 26))]
    vocab.write_text("".join(f"{entry}\n" for entry in entries), encoding="utf-8")
    message = _message(work, do_train=True, vocab_file=str(vocab))
    assert message == "DIR/vocab.txt: found 100% of the characters of the training text unknown, expected at most half"
    assert not (work.directory / "out").exists()


def test_a_vocabulary_with_blanks_is_read_and_said(work, capsys):
    vocab = work.directory / "vocab.txt"
    characters = sorted({c for text, _ in SENTENCES for c in text})
    entries = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *characters]
    vocab.write_text("".join(f"{entry} \n" for entry in entries), encoding="utf-8")
    assert work(do_train=True, vocab_file=str(vocab), rnn="none", use_crf=False) == 0
    printed = capsys.readouterr().out
    assert f"{vocab}: blanks around {len(entries)} entries, first on line 1, are left out" in printed
    assert f"{vocab}: {len(entries)} entries for 31 rows: the last {31 - len(entries)} rows are spare" in printed
    assert (work.directory / "out" / "vocab.txt").read_text(encoding="utf-8").split() == entries
    ner.Tagger.load(work.directory / "out").tag("张三去了上海。")


def test_a_second_process_in_one_directory(work):
    out = work.directory / "out"
    out.mkdir()
    command = [sys.executable, "run_ner.py", "--do_train", f"--data_dir={work.directory / 'data'}", f"--output_dir={out}", "--encoder=char"]
    with lock(out / ".lock"):
        result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    expected = f"error: --output_dir: {out} is in use by process {os.getpid()} on .*; wait for it to end, or choose another directory\n"
    assert re.fullmatch(expected, result.stderr), result.stderr
    assert (result.returncode, list(out.iterdir())) == (1, [])


def test_nothing_to_do(work):
    assert _message(work).startswith("nothing to do: ")


def test_existing_output_file_is_kept(work):
    assert work(do_train=True, **PLAIN) == 0
    target = work.directory / "tagged"
    target.write_text("precious")
    message = _message(work, do_predict=True, output_file=str(target))
    assert message.startswith("--output_file: DIR/tagged exists")
    assert target.read_text() == "precious"


def test_a_mistake_is_one_line_and_a_non_zero_exit(tmp_path):
    command = [sys.executable, "run_ner.py", "--do_eval", f"--model_dir={tmp_path / 'none'}", f"--data_dir={tmp_path}"]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.returncode == 1
    assert result.stdout == ""
    assert result.stderr == f"error: --model_dir: {tmp_path / 'none'} is not a directory, expected the output directory of a training run\n"
