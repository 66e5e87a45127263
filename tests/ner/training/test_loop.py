"""Effects of a few steps of training on a toy tagger."""

import csv
import os
import signal

import numpy as np
import pytest

from albert.errors import UserError
from albert.training.csv_log import CsvLog
from albert.training.stopping import Interrupted
from ner.evaluation.scores import Evaluation, Score, Scores
from ner.training.dev import DevResult
from ner.training.loop import Trainer
from ner.training.settings import RunOptions, TrainingSettings
from tests.ner.training.toy import NO_DROPOUT, SOFTMAX, make_trainer, sentences, weights


def changes(before, after):
    return {name: float(np.abs(after[name] - before[name]).max()) for name in before}


@pytest.mark.numbers
def test_every_weight_moves_with_its_own_learning_rate(tmp_path):
    """Adam's first step without bias correction moves a weight by (1 - β₁) / √(1 - β₂) = 3.16 times the rate, up or down."""
    rates = {"learning_rate": 1e-4, "head_learning_rate": 3e-3, "crf_learning_rate": 7e-2}
    trainer = make_trainer(tmp_path, max_train_steps=1, warmup_proportion=0.0, weight_decay=0.0, max_grad_norm=1e9, **rates)
    before = weights(trainer)
    trainer.run()
    moved = changes(before, weights(trainer))
    # The pooler feeds nothing; the key's bias adds the same to all scores of a query, which softmax does not see.
    assert moved.pop("encoder/pooler/kernel") == moved.pop("encoder/pooler/bias") == 0.0
    del moved["encoder/group_0/attention/key/bias"]
    flags = {"encoder": "learning_rate", "rnn": "head_learning_rate", "emissions": "head_learning_rate", "crf": "crf_learning_rate"}
    for name, change in moved.items():
        # Of the peak the half is left in the only step of a run. Where gradients are small, Adam's ε takes some off.
        expected = 10**0.5 / 2 * rates[flags[name.split("/")[0]]]
        assert 0.5 * expected < change < 1.01 * expected, name


@pytest.mark.numbers
def test_loss_of_ten_sentences_goes_to_nearly_zero(tmp_path):
    trainer = make_trainer(
        tmp_path, sentences(10), train_batch_size=10, num_train_epochs=120, learning_rate=3e-3, head_learning_rate=1e-2, **NO_DROPOUT
    )
    rows = trainer.run().rows
    assert rows[0]["loss"] > 5.0
    assert rows[-1]["loss"] < 0.05


def test_history_says_what_happened(tmp_path):
    trainer = make_trainer(
        tmp_path, sentences(23), sentences(9, seed=2), num_train_epochs=3, crf_learning_rate=5e-2, head_learning_rate=2e-2
    )
    history = trainer.run()
    with open(tmp_path / "history.csv", encoding="utf-8", newline="") as f:
        rows = list(csv.DictReader(f))
    assert [row["epoch"] for row in rows] == ["1", "2", "3"]
    assert [row["step"] for row in rows] == ["5", "10", "15"]
    assert all(0.0 < float(row["padding_share"]) < 0.6 for row in rows)
    assert float(rows[0]["learning_rate/crf"]) / float(rows[0]["learning_rate/encoder"]) == pytest.approx(50.0, rel=1e-5)
    measures = {f"dev_{measure}{of}" for measure in ("precision", "recall", "f1") for of in ("", "/LOC", "/PER")}
    assert {*measures, "gradient_norm", "sentences_per_second"} <= set(rows[0])
    steps = CsvLog(tmp_path / "steps.csv").read()
    assert [row["step"] for row in steps] == [5, 10, 15]
    assert [row["loss"] for row in steps] == [pytest.approx(float(row["loss"]), rel=1e-5) for row in rows]
    assert steps[0]["learning_rate/crf"] == pytest.approx(float(rows[0]["learning_rate/crf"]), rel=1e-5)
    best = max(float(row["dev_f1"]) for row in rows)
    assert history.best["dev_f1"] == best
    assert np.sum(history.confusion["counts"]) > 0
    assert os.listdir(tmp_path / "tensorboard")


def test_the_best_weights_are_those_of_the_best_epoch(tmp_path):
    scores, kept = iter([0.25, 0.75, 0.5]), {}

    def dev(progress):
        kept[len(kept) + 1] = trainer.model.emissions.kernel.numpy()
        return result_with_f1(next(scores))

    trainer = make_trainer(tmp_path, num_train_epochs=3, **SOFTMAX)
    trainer._dev = dev
    history = trainer.run()
    assert history.best["epoch"] == 2
    trainer.directory.read_weights(trainer.model)
    np.testing.assert_array_equal(trainer.model.emissions.kernel.numpy(), kept[2])


def result_with_f1(f1):
    scores = Scores({}, Score(int(100 * f1), 100, 100))
    return DevResult(Evaluation(scores, scores, 1), ("LOC", "PER"), np.zeros([3, 3], np.int64))


def test_of_equal_epochs_the_later_weights_are_kept(tmp_path):
    """From the first epochs, in which nothing is found, training goes on to the ones with lower loss, whatever the patience."""
    kept = []

    def dev(progress):
        kept.append(trainer.model.emissions.kernel.numpy())
        return DevResult(Evaluation(NOTHING, NOTHING, 1), ("LOC", "PER"), np.zeros([3, 3], np.int64))

    trainer = make_trainer(tmp_path, dev=sentences(3), num_train_epochs=4, early_stopping_patience=1, **SOFTMAX)
    trainer._dev = dev
    history = trainer.run()
    assert [(row["epoch"], row["dev_f1"], row["dev_found"]) for row in history.rows] == [(epoch, 0.0, 0) for epoch in (1, 2, 3, 4)]
    assert history.best["epoch"] == 4
    trainer.directory.read_weights(trainer.model)
    np.testing.assert_array_equal(trainer.model.emissions.kernel.numpy(), kept[3])


NOTHING = Scores({}, Score(0, 0, 100))


def test_early_stopping_counts_epochs_without_a_better_f1(tmp_path):
    scores = iter([0.25, 0.5, 0.5, 0.25, 1.0])
    trainer = make_trainer(tmp_path, dev=sentences(3), num_train_epochs=5, early_stopping_patience=2, **SOFTMAX)
    trainer._dev = lambda progress: result_with_f1(next(scores))
    history = trainer.run()
    assert [row["epoch"] for row in history.rows] == [1, 2, 3, 4]
    # The third epoch is no better, but its loss is lower.
    assert history.best["epoch"] == 3


def test_early_stopping_needs_a_dev_set(tmp_path):
    with pytest.raises(UserError, match="^early_stopping_patience requires a dev set: a dev file, or dev_fraction$"):
        make_trainer(tmp_path, early_stopping_patience=1)


def test_max_train_steps_ends_training_and_the_learning_rate_there(tmp_path):
    trainer = make_trainer(tmp_path, num_train_epochs=9, max_train_steps=7, warmup_proportion=0.0, **SOFTMAX)
    rows = trainer.run().rows
    assert [row["step"] for row in rows] == [5, 7]
    assert rows[-1]["learning_rate/head"] == pytest.approx(1e-3 / 8, rel=1e-5)  # 1 of 7 + 1 steps is left, as in the last step of any run


def test_frozen_encoder_stays_then_moves(tmp_path):
    trainer = make_trainer(tmp_path, max_train_steps=7, freeze_encoder_steps=5, dev=sentences(3), fgm_epsilon=0.1, **SOFTMAX)
    before, at_epoch_end = weights(trainer), {}

    def dev(progress):
        at_epoch_end.update(at_epoch_end or weights(trainer))
        return result_with_f1(0.5)

    trainer._dev = dev
    trainer.run()
    frozen, after = changes(before, at_epoch_end), changes(before, weights(trainer))
    assert {name.split("/")[0] for name, change in frozen.items() if change} == {"emissions"}
    assert after["encoder/embeddings/word"] > 0.0


def test_freezing_the_encoder_for_all_steps_is_refused(tmp_path):
    with pytest.raises(UserError, match="^freeze_encoder_steps: found 10, expected fewer than the run's 10 steps$"):
        make_trainer(tmp_path, freeze_encoder_steps=10, **SOFTMAX)


@pytest.mark.numbers
def test_accumulated_gradients_are_those_of_the_whole_batch(tmp_path):
    # 23 sentences in batches of 5: parts that do not divide evenly, and a last batch of 3. Float noise of sums in another order.
    options = {"num_train_epochs": 1, "learning_rate": 1e-4, **NO_DROPOUT}
    whole = make_trainer(tmp_path / "a", **options)
    parts = make_trainer(tmp_path / "b", gradient_accumulation_steps=3, **options)
    losses = [trainer.run().rows[0]["loss"] for trainer in (whole, parts)]
    assert losses[0] == pytest.approx(losses[1], rel=1e-6)
    for name, change in changes(weights(whole), weights(parts)).items():
        # Where a gradient is 0 but for noise, Adam's update is a full step in the noise's direction: the key's bias.
        assert change < 3e-6 or name == "encoder/group_0/attention/key/bias", name


def test_a_loss_that_is_not_finite_ends_the_run_with_one_line(tmp_path):
    trainer = make_trainer(tmp_path, **SOFTMAX)
    trainer.model.emissions.bias.assign([float("nan")] * 5)
    with pytest.raises(UserError, match="^learning_rate: the loss or its gradient is not a finite number by step 5; try smaller rates"):
        trainer.run()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_saves_and_stops(tmp_path, monkeypatch, number):
    trainer = make_trainer(tmp_path, **SOFTMAX)
    account = Trainer._account

    def account_and_kill(self, values, seconds, bar):
        account(self, values, seconds, bar)
        os.kill(os.getpid(), number)

    monkeypatch.setattr(Trainer, "_account", account_and_kill)
    trainer.loop = RunOptions(log_steps=3)
    with pytest.raises(Interrupted, match="^stopped at step 3 of 10; the same command goes on from there$"):
        trainer.run()
    again = make_trainer(tmp_path, **SOFTMAX)
    assert again.resume()
    assert again.progress.step == 3


def test_layerwise_decay_gives_each_set_of_weights_its_rate(tmp_path):
    unshared = {"num_hidden_groups": 2}
    trainer = make_trainer(tmp_path, encoder=unshared, layerwise_lr_decay=0.5, learning_rate=8e-3)
    rates = {group.name: group.learning_rate for group in trainer.groups}
    assert rates == {
        "encoder/embeddings": 2e-3,
        "encoder/group_0": 4e-3,
        "encoder/group_1": 8e-3,
        "head": 1e-3,
        "crf": 1e-2,
    }
    plain = make_trainer(tmp_path, encoder=unshared, learning_rate=8e-3)
    trained = [sorted(v.name for v in t.optimizer.variables_in_groups) for t in (trainer, plain)]
    assert trained[0] == trained[1]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"train_batch_size": 0}, "train_batch_size: found 0, expected a whole number of at least 1"),
        ({"learning_rate": -1.0}, "learning_rate: found -1.0, expected a number of at least 0"),
        ({"warmup_proportion": 1.0}, "warmup_proportion: found 1.0, expected a number in [0, 1)"),
        ({"layerwise_lr_decay": 1.5}, "layerwise_lr_decay: found 1.5, expected a number in (0, 1]"),
        ({"max_grad_norm": 0.0}, "max_grad_norm: found 0.0, expected a number above 0"),
        ({"gradient_accumulation_steps": 0}, "gradient_accumulation_steps: found 0, expected a whole number of at least 1"),
    ],
)
def test_settings_that_make_no_sense_are_refused(changes, message):
    with pytest.raises(UserError) as e:
        TrainingSettings(**changes)
    assert str(e.value) == message
