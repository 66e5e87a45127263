"""run_pretraining.py as a user meets it: it learns, leaves what others can load, and says what is wrong in one line."""

import json
import os
import pathlib
import re
import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf

from albert import checkpoints, encoder
from albert.arithmetic.recompute import recomputed
from albert.errors import UserError
from albert.keras import keras
from albert.lock import lock
from tests.albert.pretraining.small_run import ROOT, arguments, pretrain, rows


def test_a_run_leaves_a_checkpoint_and_its_record(options, capsys):
    assert pretrain(options) == 0
    out = pathlib.Path(options["output_dir"])
    assert sorted(path.name for path in out.iterdir()) == [
        "eval.csv", "logs", "run.json", "state", "step-00000003", "step-00000006", "train.csv",
    ]  # fmt: skip
    assert [int(row["step"]) for row in rows(options, "train")] == [2, 3, 4, 6]
    evaluations = rows(options, "eval")
    assert [int(row["step"]) for row in evaluations] == [3, 6]
    assert float(evaluations[1]["bigram_loss"]) < float(evaluations[1]["unigram_loss"])
    assert evaluations[0]["bigram_loss"] == evaluations[1]["bigram_loss"]
    printed = capsys.readouterr().out
    assert "held-out text at step 6: masked LM" in printed
    assert "finished at step 6" in printed

    found = checkpoints.find(str(out / "step-00000006"))
    assert found.layout == "google"
    assert found.config.hidden_dropout_prob == 0.1
    assert pathlib.Path(found.vocab_file).read_bytes() == pathlib.Path(options["vocab_file"]).read_bytes()
    model = checkpoints.load_pretraining_model(found)
    assert model({"input_word_ids": tf.constant([[2, 5, 3]]), "masked_lm_positions": tf.constant([[1]])})["masked_lm_logits"].shape == (
        1,
        1,
        61,
    )
    assert checkpoints.load_encoder(str(out / "step-00000006")).config == found.config


def test_a_second_process_in_one_directory(options):
    out = pathlib.Path(options["output_dir"])
    out.mkdir()
    with lock(out / ".lock"):
        command = [sys.executable, "run_pretraining.py", *arguments(options)]
        result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    expected = f"error: --output_dir: {out} is in use by process {os.getpid()} on .*; wait for it to end, or choose another directory\n"
    assert re.fullmatch(expected, result.stderr), result.stderr
    assert (result.returncode, list(out.iterdir())) == (1, [])


def test_a_small_model_learns_a_small_text(options):
    changes = {"num_train_steps": 240, "num_warmup_steps": 20, "log_steps": 40, "eval_steps": 0, "save_checkpoints_steps": 0}
    assert pretrain(options, train_batch_size=24, **changes) == 0
    train, (evaluation,) = rows(options, "train"), rows(options, "eval")
    assert float(train[-1]["masked_lm_loss"]) < float(train[0]["masked_lm_loss"]) - 1.2
    assert float(train[-1]["masked_lm_accuracy"]) > 2 * float(train[0]["masked_lm_accuracy"])
    assert float(evaluation["masked_lm_loss"]) < float(evaluation["unigram_loss"]) - 1.0


def test_lamb_and_bfloat16_learn_too(options):
    changes = {"optimizer": "lamb", "mixed_precision": "bfloat16", "learning_rate": 0.01, "num_train_steps": 120, "log_steps": 30}
    assert pretrain(options, train_batch_size=24, save_checkpoints_steps=0, eval_steps=0, **changes) == 0
    losses = [float(row["masked_lm_loss"]) for row in rows(options, "train")]
    assert losses[-1] < losses[0] - 0.5
    # The policy is the model's alone.
    assert keras.mixed_precision.global_policy().name == "float32"


def test_continued_pretraining_starts_from_the_checkpoint(options, corpus):
    source = pathlib.Path(__file__).parents[1] / "data" / "google_albert"
    # The same story in characters that this vocabulary has.
    known = [entry for entry in (source / "vocab.txt").read_text(encoding="utf-8").split() if "一" <= entry <= "龥"]
    text = corpus.path.read_text(encoding="utf-8")
    corpus.path.write_text("".join(known[ord(c) % len(known)] if "一" <= c <= "龥" else c for c in text), encoding="utf-8")
    config = json.loads((source / "albert_config.json").read_text())
    options = {**options, "albert_config_file": "", "vocab_file": "", "init_checkpoint": str(source), "num_train_steps": 1}
    options.update(max_seq_length=min(19, config["max_position_embeddings"]), learning_rate=1e-30, weight_decay=0.0, num_warmup_steps=0)
    assert pretrain(options) == 0
    written = checkpoints.find(options["output_dir"] + "/step-00000001")
    before = checkpoints.load_encoder(str(source)).weight_map()
    after = checkpoints.load_encoder(written).weight_map()
    for name, value in before.items():
        assert np.array_equal(value.numpy(), after[name].numpy()), name


def test_layers_computed_again_train_the_same(options, corpus, monkeypatch):
    calls = []
    monkeypatch.setattr(encoder, "recomputed", lambda *args: calls.append(args) or recomputed(*args))
    again = {**options, "output_dir": str(corpus.directory / "again")}
    assert pretrain(options) == pretrain(again, recompute_grad="true") == 0
    assert calls
    for kind in ("train", "eval"):
        for row, expected in zip(rows(again, kind), rows(options, kind)):
            assert float(row["masked_lm_loss"]) == pytest.approx(float(expected["masked_lm_loss"]), abs=1e-4)


def test_oldest_checkpoints_are_dropped(options):
    assert pretrain(options, save_checkpoints_steps=1, keep_checkpoint_max=2, eval_steps=0) == 0
    assert [path.name for path in sorted(pathlib.Path(options["output_dir"]).glob("step-*"))] == ["step-00000005", "step-00000006"]


def test_whole_words_andweights(options, corpus):
    words = corpus.directory / "words.txt"
    words.write_text("学校\n小明\n米饭\n", encoding="utf-8")
    changes = {
        "do_whole_word_mask": "true",
        "segmenter": str(words),
        "input_file": f"{corpus.path},{corpus.path}",
        "input_weights": "1,0.5",
    }
    assert pretrain(options, num_train_steps=2, **changes) == 0
    message = r"holds another run, input_weights: \[1.0, 0.5\] there, \[1.0, 1.0\] here; choose another directory$"
    with pytest.raises(UserError, match=message):
        pretrain(options, num_train_steps=2, **{**changes, "input_weights": "1,1"})


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"input_file": "missing.txt"}, "--input_file: missing.txt: no such file, expected"),
        ({"input_file": ""}, "--input_file: not given, expected"),
        ({"output_dir": ""}, "--output_dir: not given, expected a directory"),
        ({"albert_config_file": ""}, "--init_checkpoint: not given, expected a checkpoint, or --albert_config_file to start from random"),
        ({"vocab_file": ""}, "--vocab_file: not given, expected a vocab.txt; python -m albert.build_vocab makes one"),
        ({"max_seq_length": 44}, "--max_seq_length: found 44, expected at most the config's 43 positions"),
        ({"input_weights": "1,2"}, "--input_weights: found 1,2, expected 1 numbers from 0 up, one for each --input_file"),
        ({"input_weights": "x"}, "--input_weights: found x, expected 1 numbers from 0 up"),
        ({"input_weights": "0"}, "--input_weights: found none that takes a sequence from its input"),
        ({"segmenter": "jieba"}, "--segmenter: found jieba, which requires --do_whole_word_mask"),
        ({"eval_fraction": 1.5}, "--eval_fraction: found 1.5, expected a number in [0, 1)"),
        ({"masked_lm_prob": 0}, "--masked_lm_prob: found 0.0, expected a number in (0, 1)"),
        ({"num_warmup_steps": 7}, "--num_warmup_steps: found 7, expected at most --num_train_steps, 6"),
        ({"train_batch_size": 0}, "--train_batch_size: found 0, expected a whole number of at least 1"),
    ],
)  # fmt: skip
def test_mistakes(options, changes, message):
    with pytest.raises(UserError) as e:
        pretrain(options, **changes)
    assert str(e.value).startswith(message)
    assert "\n" not in str(e.value)
    assert not pathlib.Path(options["output_dir"]).exists()


def test_vocabulary_of_another_size(options, corpus):
    with corpus.vocab_file.open("a", encoding="utf-8") as f:
        f.write("龘\n")
    with pytest.raises(UserError, match=r"vocab\.txt: vocab file has 62 entries, .*config\.json says 61"):
        pretrain(options)


def test_diverging_loss_is_named(options):
    with pytest.raises(UserError, match="--learning_rate: the loss is not a finite number at step"):
        pretrain(options, learning_rate=1e30, num_train_steps=8)


def test_an_error_on_the_command_line_is_one_line(options):
    options["input_file"] = "missing.txt"
    result = subprocess.run(
        [sys.executable, "run_pretraining.py", *arguments(options)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert result.returncode == 1
    assert result.stderr.startswith("error: --input_file: missing.txt")
    assert len(result.stderr.splitlines()) == 1
