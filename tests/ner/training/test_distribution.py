"""Several devices and several workers do what one device does."""

import dataclasses
import json
import os
import pathlib
import signal
import socket
import subprocess
import sys
import time

import numpy as np
import pytest
import tensorflow as tf
from safetensors.numpy import load_file

from ner.evaluation.scores import evaluate
from ner.training.dev import DevSet, confusion
from ner.training.feed import StepFeed
from ner.training.step import TrainStep
from tests.ner.training import toy
from tests.ner.training.toy import NO_DROPOUT, TAG_SET, Tokenizer, encode, make_trainer, sentences

ROOT = pathlib.Path(__file__).parents[3]

# Two CPU devices can be had only before TensorFlow starts, hence in a process of their own.
TWO_DEVICES = """
import sys, pathlib
import tensorflow as tf
tf.config.set_logical_device_configuration(tf.config.list_physical_devices("CPU")[0], [tf.config.LogicalDeviceConfiguration()] * 2)
from albert.training.distribution import Distribution
from tests.ner.training.toy import SOFTMAX, make_trainer, sentences
options = {"max_train_steps": 5, "fgm_epsilon": 0.3, "dev": sentences(5, seed=2), **SOFTMAX}
path = pathlib.Path(sys.argv[1])
two = make_trainer(path / "two", cluster=Distribution(tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])), **options)
assert two.distribution.num_replicas == 2
two.run()
one = make_trainer(path / "one", gradient_accumulation_steps=2, **options)
one.run()
"""


def run(arguments, **options):
    return subprocess.run(arguments, cwd=ROOT, capture_output=True, text=True, timeout=500, check=False, **options)


def assert_same_run(a, b):
    """Two output directories hold the same losses, scores and weights, but for the order in which float32 sums are taken."""
    rows = [json.loads((path / "history.json").read_text(encoding="utf-8"))["rows"] for path in (a, b)]
    assert [row["step"] for row in rows[0]] == [row["step"] for row in rows[1]]
    for x, y in zip(*rows):
        assert x["loss"] == pytest.approx(y["loss"], rel=1e-5)
        assert x["gradient_norm"] == pytest.approx(y["gradient_norm"], rel=1e-4)
        assert x["dev_f1"] == pytest.approx(y["dev_f1"], abs=1e-2)
    weights, others = (load_file(path / "last.safetensors") for path in (a, b))
    for name, value in weights.items():
        # The key's bias has a gradient of nothing but rounding errors, which Adam makes into full steps.
        if not name.endswith("key/bias"):
            np.testing.assert_allclose(value, others[name], atol=2e-4, rtol=0, err_msg=name)


@pytest.mark.slow
def test_two_devices_do_what_one_does_with_two_parts(tmp_path):
    result = run([sys.executable, "-c", TWO_DEVICES, str(tmp_path)])
    assert result.returncode == 0, result.stderr
    assert_same_run(tmp_path / "one", tmp_path / "two")


def worker_environments(count):
    """Environments with a ``TF_CONFIG`` for each worker of a cluster on this machine."""
    sockets = [socket.socket() for _ in range(count)]
    for s in sockets:
        s.bind(("127.0.0.1", 0))
    addresses = [f"127.0.0.1:{s.getsockname()[1]}" for s in sockets]
    for s in sockets:
        s.close()
    configs = [{"cluster": {"worker": addresses}, "task": {"type": "worker", "index": i}} for i in range(count)]
    return [{**os.environ, "TF_CONFIG": json.dumps(config)} for config in configs]


def start_workers(arguments):
    return [
        subprocess.Popen(arguments, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for environment in worker_environments(2)
    ]


@pytest.mark.slow
def test_two_workers_one_of_them_killed_do_what_one_worker_does(tmp_path):
    toy.write_columns(tmp_path / "train.txt", sentences(150))
    toy.write_encoder_config(tmp_path / "albert_config.json")
    arguments = [
        sys.executable,
        str(ROOT / "run_ner.py"),
        "--do_train",
        f"--data_dir={tmp_path}",
        f"--albert_config_file={tmp_path}/albert_config.json",
        "--mixed_precision=off",
        "--rnn=none",
        "--max_seq_length=37",
        "--train_batch_size=7",
        "--num_train_epochs=8",
        "--dev_fraction=0.13",
        "--save_steps=10",
        "--log_steps=5",
    ]
    one = run([*arguments, f"--output_dir={tmp_path}/one", "--gradient_accumulation_steps=2"])
    assert one.returncode == 0, one.stderr

    arguments += [f"--output_dir={tmp_path}/two", "--distribution_strategy=multi_worker_mirrored"]
    chief, other = start_workers(arguments)
    while not (tmp_path / "two" / "state" / "checkpoint").exists() and chief.poll() is None:
        time.sleep(0.05)
    other.send_signal(signal.SIGKILL)
    other.communicate()
    _, stderr = chief.communicate(timeout=300)
    assert chief.returncode == 1, stderr
    assert "error: lost contact with another worker (" in stderr
    assert "start all workers with the same command to go on from the last saved state\n" in stderr
    assert "Traceback" not in stderr

    outputs = [worker.communicate(timeout=500) for worker in start_workers(arguments)]
    assert "resumed at step" in outputs[0][0], outputs[0][1]
    assert "2 devices, 2 workers" in outputs[0][0]
    assert outputs[1][0] == ""
    assert_same_run(tmp_path / "one", tmp_path / "two")
    assert not (tmp_path / "two" / "state").exists()


class OneOfSeveral:
    """A worker of a cluster whose workers are asked one after the other: sums what they all said."""

    num_workers = 3

    def __init__(self, worker, said):
        self.worker = worker
        self._said = said

    def sum_over_workers(self, values):
        self._said.append(np.asarray(values))
        return np.sum(self._said, axis=0)


class Guesses:
    """Stands for a ``Predictor``: calls each 天 a LOC of one character and each 日 a LOC too."""

    tag_set = TAG_SET

    def tags(self, texts, progress=None):
        return [["B-LOC" if c in "天日" else "O" for c in text] for text in texts]


def test_scores_of_several_workers_are_those_of_one():
    examples = sentences(47)
    said = []
    for worker in range(3):
        result = DevSet(Guesses(), examples, OneOfSeveral(worker, said))()
    gold, predicted = [e.tags for e in examples], Guesses().tags([e.text for e in examples])
    assert result.evaluation == evaluate(gold, predicted)
    assert result.evaluation.num_sentences == 47
    np.testing.assert_array_equal(result.confusion, confusion(gold, predicted, TAG_SET.types, "BIO"))
    assert result.confusion[1, 0] > 0  # PER taken for LOC
    assert result.confusion[:2].sum() == result.evaluation.conlleval.overall.support
    assert result.confusion[:, :2].sum() == result.evaluation.conlleval.overall.predicted


def test_more_workers_than_sentences():
    said = []
    for worker in range(3):
        result = DevSet(Guesses(), sentences(1), OneOfSeveral(worker, said))()
    assert result.evaluation.num_sentences == 1


def encoded(count):
    examples = sentences(count)
    return encode([e.text for e in examples], Tokenizer(), 37, [e.tags for e in examples], TAG_SET)


def test_parts_of_a_step_are_the_step_and_empty_sentences():
    feed = StepFeed(encoded(23), 7, seed=1)
    assert feed.steps_per_epoch == 4
    for step in range(8):
        whole, parts = feed.parts(step, 1), feed.parts(step, 3)
        n = feed.sentences(step)
        for name in ("input_word_ids", "lengths", "tag_ids"):
            joined = parts[name].reshape([-1, *parts[name].shape[2:]])
            np.testing.assert_array_equal(joined[:n], whole[name][0])
            assert not joined[n:].any()
        # Steps have 6, 6, 6 and 5 sentences in some order; each of them weighs the same.
        assert parts["sentences"].tolist() == [23 / 4] * 3
        assert parts["part"].tolist() == [0, 1, 2]
    assert sum(feed.sentences(step) for step in range(4)) == 23


def test_silver_sentences_are_dealt_over_the_epochs():
    examples = dataclasses.replace(encoded(23), num_gold=11, silver_id=4)
    feed = StepFeed(examples, 5, seed=1, num_epochs=3)
    assert feed.steps_per_epoch == 3  # 11 of the training set and 4 silver ones
    epochs = [np.concatenate([feed._indices(3 * epoch + step) for step in range(3)]) for epoch in range(3)]
    for indices in epochs:
        assert sorted(indices[indices < 11]) == list(range(11)) and len(indices) == 15
    assert sorted(np.concatenate([indices[indices >= 11] for indices in epochs])) == list(range(11, 23))
    for step in range(9):
        first = feed.parts(step, 1)["input_word_ids"][0, :, 0]
        assert first.tolist() == [4 if index >= 11 else 2 for index in feed._indices(step)]
    # Steps ahead of the last one are prepared too.
    assert feed.parts(9, 1)["sentences"].tolist() == [5]


def test_steps_have_one_shape_where_devices_need_it():
    feed = StepFeed(encoded(23), 7, seed=1, fixed_width=35)
    shapes = {tuple((name, value.shape) for name, value in feed.parts(step, 2).items()) for step in range(4)}
    assert len(shapes) == 1
    assert dict(shapes.pop())["input_word_ids"] == (2, 4, 37)
    real, computed = feed.tokens(0)
    assert real < computed and computed in (5 * 37, 6 * 37)


@pytest.mark.parametrize("use_crf", [False, True])
def test_the_gradient_compiles_for_devices_that_need_one_shape(tmp_path, monkeypatch, use_crf):
    """XLA on the CPU stands for the TPU; dropout is off because XLA's random numbers are others."""
    for module in ("recurrent.bilstm", "crf.layer"):
        monkeypatch.setattr(f"ner.model.{module}.on_accelerator", lambda: True)
    trainer = make_trainer(tmp_path, encoder=NO_DROPOUT["encoder"], model={"dropout": 0.0, "use_crf": use_crf})
    parts = {name: tf.constant(value) for name, value in StepFeed(encoded(23), 5, seed=1, fixed_width=35).parts(0, 1).items()}
    spec = {name: tf.TensorSpec(value.shape, value.dtype) for name, value in parts.items()}
    step = TrainStep(trainer.model, trainer.optimizer, trainer.groups, trainer.settings, trainer.distribution.strategy, spec)
    variables = trainer.optimizer.variables_in_groups

    def gradients(inputs):
        return step._gradients(inputs, variables)

    plain, loss = tf.function(gradients, autograph=False)(parts)
    compiled, compiled_loss = tf.function(gradients, autograph=False, jit_compile=True)(parts)
    assert float(loss) == pytest.approx(float(compiled_loss), rel=1e-5)
    for a, b in zip(plain, compiled):
        np.testing.assert_allclose(a, b, atol=2e-5)
