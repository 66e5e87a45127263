"""run_pretraining.py as a user meets it: it learns, stops, goes on to the same bits, and says what is wrong in one line."""

import csv
import json
import pathlib
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
import tensorflow as tf
from absl import flags

import run_pretraining
from albert import checkpoints
from albert.errors import UserError
from albert.pretraining.run import run

ROOT = pathlib.Path(__file__).resolve().parents[3]
CONFIG = {
    "vocab_size": 61,
    "embedding_size": 19,
    "hidden_size": 34,
    "num_hidden_layers": 1,
    "num_hidden_groups": 1,
    "num_attention_heads": 2,
    "intermediate_size": 67,
    "hidden_act": "gelu",
    "hidden_dropout_prob": 0.1,
    "attention_probs_dropout_prob": 0.1,
    "max_position_embeddings": 43,
    "type_vocab_size": 2,
    "initializer_range": 0.1,
}


@pytest.fixture(name="options")
def _options(corpus):
    """Flags of a small run, as a dict."""
    (corpus.directory / "config.json").write_text(json.dumps(CONFIG))
    return {
        "input_file": str(corpus.path),
        "vocab_file": str(corpus.vocab_file),
        "albert_config_file": str(corpus.directory / "config.json"),
        "output_dir": str(corpus.directory / "out"),
        "cache_dir": str(corpus.directory / "cache"),
        "eval_fraction": 0.1,
        "max_seq_length": 37,
        "max_predictions_per_seq": 5,
        "short_seq_prob": 0.0,
        "train_batch_size": 6,
        "eval_batch_size": 5,
        "max_eval_steps": 3,
        "optimizer": "adamw",
        "learning_rate": 0.003,
        "num_train_steps": 6,
        "num_warmup_steps": 2,
        "log_steps": 2,
        "save_checkpoints_steps": 3,
        "eval_steps": 3,
    }


def _arguments(options):
    return [f"--{name}={value}" for name, value in options.items()]


def _pretrain(options, **changes):
    """Run in this process, with flags of its own: those of run_ner.py have the same names."""
    values = flags.FlagValues()
    run_pretraining.define_flags(values)
    values(["run_pretraining.py", *_arguments({**options, **changes})])
    return run(values)


def _rows(options, kind):
    with open(pathlib.Path(options["output_dir"]) / f"{kind}.csv", encoding="utf-8") as f:
        return list(csv.DictReader(f))


def _weights(directory):
    checkpoint = checkpoints.find(str(directory))
    return {name: np.asarray(checkpoint.source.read(name)) for name in checkpoint.source.tensors}


def _same(first, second):
    first, second = _weights(first), _weights(second)
    return first.keys() == second.keys() and all(np.array_equal(first[name], second[name]) for name in first)


def test_a_run_leaves_a_checkpoint_and_its_record(options, capsys):
    assert _pretrain(options) == 0
    out = pathlib.Path(options["output_dir"])
    assert sorted(path.name for path in out.iterdir()) == [
        "eval.csv", "logs", "run.json", "state", "step-00000003", "step-00000006", "train.csv",
    ]  # fmt: skip
    assert [int(row["step"]) for row in _rows(options, "train")] == [2, 3, 4, 6]
    rows = _rows(options, "eval")
    assert [int(row["step"]) for row in rows] == [3, 6]
    assert float(rows[1]["bigram_loss"]) < float(rows[1]["unigram_loss"])
    assert rows[0]["bigram_loss"] == rows[1]["bigram_loss"]
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


def test_a_small_model_learns_a_small_text(options):
    changes = {"num_train_steps": 240, "num_warmup_steps": 20, "log_steps": 40, "eval_steps": 0, "save_checkpoints_steps": 0}
    assert _pretrain(options, train_batch_size=24, **changes) == 0
    train, (evaluation,) = _rows(options, "train"), _rows(options, "eval")
    assert float(train[-1]["masked_lm_loss"]) < float(train[0]["masked_lm_loss"]) - 1.2
    assert float(train[-1]["masked_lm_accuracy"]) > 2 * float(train[0]["masked_lm_accuracy"])
    assert float(evaluation["masked_lm_loss"]) < float(evaluation["unigram_loss"]) - 1.0


def test_lamb_and_bfloat16_learn_too(options):
    changes = {"optimizer": "lamb", "mixed_precision": "bfloat16", "learning_rate": 0.01, "num_train_steps": 120, "log_steps": 30}
    assert _pretrain(options, train_batch_size=24, save_checkpoints_steps=0, eval_steps=0, **changes) == 0
    losses = [float(row["masked_lm_loss"]) for row in _rows(options, "train")]
    assert losses[-1] < losses[0] - 0.5
    # The policy is the model's alone.
    assert tf.keras.mixed_precision.global_policy().name == "float32"


def test_killed_run_goes_on_to_the_same_bits(options):
    options.update(num_train_steps=60, save_checkpoints_steps=5, eval_steps=35, log_steps=5, short_seq_prob=0.3, keep_checkpoint_max=0)
    whole = {**options, "output_dir": options["output_dir"] + "_whole"}
    assert _pretrain(whole) == 0

    # The state is saved after the checkpoint: with the second checkpoint there is the first one's state.
    second = pathlib.Path(options["output_dir"]) / "step-00000010"
    command = [sys.executable, "run_pretraining.py", *_arguments(options)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as process:
        deadline = time.monotonic() + 50
        while not second.exists() and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.005)
        process.send_signal(signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL, process.stderr.read()
    assert not (second.parent / "step-00000060").exists()

    assert _pretrain(options) == 0
    assert _same(second.parent / "step-00000060", pathlib.Path(whole["output_dir"]) / "step-00000060")
    for kind, columns in (("train", ("step", "masked_lm_loss", "learning_rate")), ("eval", ("step", "masked_lm_loss", "bigram_loss"))):
        rows, expected = _rows(options, kind), _rows(whole, kind)
        assert [[row[name] for name in columns] for row in rows] == [[row[name] for name in columns] for row in expected]


def test_sigterm_saves_and_the_run_goes_on(options):
    options.update(num_train_steps=100_000, num_warmup_steps=2, save_checkpoints_steps=0, eval_steps=0)
    log = pathlib.Path(options["output_dir"]) / "train.csv"
    command = [sys.executable, "run_pretraining.py", *_arguments(options)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as process:
        deadline = time.monotonic() + 50
        while not log.exists() and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.005)
        process.send_signal(signal.SIGTERM)
        _, error = process.communicate(timeout=50)
    assert process.returncode == 130, error
    assert "the same command goes on from there" in error.splitlines()[-1]
    done = int(_rows(options, "train")[-1]["step"])
    assert _pretrain(options, num_train_steps=done + 3) == 0
    assert int(_rows(options, "train")[-1]["step"]) == done + 3


def test_time_limit_stops_and_a_rerun_goes_on(options, capsys):
    options.update(num_train_steps=4, save_checkpoints_steps=0)
    whole = {**options, "output_dir": options["output_dir"] + "_whole"}
    assert _pretrain(whole) == 0
    assert _pretrain(options, max_hours=1e-9) == 0
    assert "the time limit came; the same command goes on at step 1" in capsys.readouterr().out
    assert _pretrain(options) == 0
    assert _same(pathlib.Path(options["output_dir"]) / "step-00000004", pathlib.Path(whole["output_dir"]) / "step-00000004")


def test_continued_pretraining_starts_from_the_checkpoint(options):
    source = pathlib.Path(__file__).parents[1] / "data" / "google_albert"
    config = json.loads((source / "albert_config.json").read_text())
    options = {**options, "albert_config_file": "", "vocab_file": "", "init_checkpoint": str(source), "num_train_steps": 1}
    options.update(max_seq_length=min(19, config["max_position_embeddings"]), learning_rate=1e-30, weight_decay=0.0, num_warmup_steps=0)
    assert _pretrain(options) == 0
    written = checkpoints.find(options["output_dir"] + "/step-00000001")
    before = checkpoints.load_encoder(str(source)).weight_map()
    after = checkpoints.load_encoder(written).weight_map()
    for name, value in before.items():
        assert np.array_equal(value.numpy(), after[name].numpy()), name


def test_oldest_checkpoints_are_dropped(options):
    assert _pretrain(options, save_checkpoints_steps=1, keep_checkpoint_max=2, eval_steps=0) == 0
    assert [path.name for path in sorted(pathlib.Path(options["output_dir"]).glob("step-*"))] == ["step-00000005", "step-00000006"]


def test_whole_words_and_weights(options, corpus):
    words = corpus.directory / "words.txt"
    words.write_text("学校\n小明\n米饭\n", encoding="utf-8")
    changes = {
        "do_whole_word_mask": "true",
        "segmenter": str(words),
        "input_file": f"{corpus.path},{corpus.path}",
        "input_weights": "1,0.5",
    }
    assert _pretrain(options, num_train_steps=2, **changes) == 0
    with pytest.raises(UserError, match="--output_dir: .* holds a run with input_weights=.* choose another directory"):
        _pretrain(options, num_train_steps=2, **{**changes, "input_weights": "1,1"})


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"input_file": "missing.txt"}, "--input_file: missing.txt: no such file, expected"),
        ({"input_file": ""}, "--input_file: not given, expected"),
        ({"output_dir": ""}, "--output_dir: not given, expected a directory"),
        ({"albert_config_file": ""}, "--albert_config_file: not given, expected the architecture of a new model, or --init_checkpoint"),
        ({"vocab_file": ""}, "--vocab_file: not given, expected a vocab.txt; python -m albert.build_vocab makes one"),
        ({"max_seq_length": 44}, "--max_seq_length: the config has 43 positions, found 44"),
        ({"input_weights": "1,2"}, "--input_weights: expected 1 numbers from 0 up, one for each --input_file, found 1,2"),
        ({"input_weights": "x"}, "--input_weights: expected numbers, found x"),
        ({"input_weights": "0"}, "--input_weights: found none that takes a sequence from its input"),
        ({"segmenter": "jieba"}, "--segmenter: found without --do_whole_word_mask"),
        ({"eval_fraction": 1.5}, "--eval_fraction: must lie in"),
        ({"masked_lm_prob": 0}, "--masked_lm_prob: must lie between 0 and 1"),
        ({"num_warmup_steps": 7}, "--num_warmup_steps: must not exceed --num_train_steps 6, found 7"),
        ({"train_batch_size": 0}, "--train_batch_size: must be at least 1"),
    ],
)  # fmt: skip
def test_mistakes(options, changes, message):
    with pytest.raises(UserError) as e:
        _pretrain(options, **changes)
    assert str(e.value).startswith(message)
    assert "\n" not in str(e.value)
    assert not pathlib.Path(options["output_dir"]).exists()


def test_vocabulary_of_another_size(options, corpus):
    with corpus.vocab_file.open("a", encoding="utf-8") as f:
        f.write("龘\n")
    with pytest.raises(UserError, match=r"vocab\.txt: vocab file has 62 entries, .*config\.json says 61"):
        _pretrain(options)


def test_diverging_loss_is_named(options):
    with pytest.raises(UserError, match="--learning_rate: the loss is not a finite number at step"):
        _pretrain(options, learning_rate=1e30, num_train_steps=8)


def test_an_error_on_the_command_line_is_one_line(options):
    options["input_file"] = "missing.txt"
    result = subprocess.run(
        [sys.executable, "run_pretraining.py", *_arguments(options)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert result.returncode == 1
    assert result.stderr.startswith("error: --input_file: missing.txt")
    assert len(result.stderr.splitlines()) == 1


def test_two_devices_do_what_one_does(options, tmp_path):
    """Mirrored over two logical CPUs, in a process of its own: devices are divided before TensorFlow starts."""
    one = {**options, "output_dir": options["output_dir"] + "_one"}
    two = {**one, "output_dir": options["output_dir"] + "_two", "distribution_strategy": "mirrored"}
    assert _pretrain(one) == 0
    code = (
        "import sys, tensorflow as tf, run_pretraining\n"
        "from absl import flags\n"
        "cpu = tf.config.list_physical_devices('CPU')[0]\n"
        "tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)\n"
        "from albert.pretraining import run\n"
        "run._STRATEGIES['mirrored'] = lambda: tf.distribute.MirroredStrategy(['CPU:0', 'CPU:1'])\n"
        "values = flags.FlagValues()\n"
        "run_pretraining.define_flags(values)\n"
        "values(['run_pretraining.py', *sys.argv[1:]])\n"
        "sys.exit(run.run(values))\n"
    )
    result = subprocess.run([sys.executable, "-c", code, *_arguments(two)], cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    first, second = (_weights(f"{options['output_dir']}_{name}/step-00000006") for name in ("one", "two"))
    for name, value in first.items():
        # Sums in another order; six steps of at most 0.003 each.
        assert second[name] == pytest.approx(value, abs=2e-4), name
