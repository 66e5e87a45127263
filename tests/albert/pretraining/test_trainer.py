"""The loop by itself, with stand-ins for what it calls."""

import os
import signal
import types

import numpy as np
import pytest

from albert.pretraining.settings import PretrainingSettings
from albert.pretraining.trainer import Trainer
from albert.training.stopping import Interrupted


class State:
    """Keeps the steps it was saved at."""

    def __init__(self):
        self.saved = []

    def save(self, progress):
        self.saved.append(progress.step)


def make(state, evaluate, **settings):
    settings = PretrainingSettings(num_train_steps=11, num_warmup_steps=1, log_steps=1, **settings)
    nothing = types.SimpleNamespace(write=lambda kind, row: None)
    stream = types.SimpleNamespace(batch=lambda step: {"input_word_ids": np.zeros([2, 3])}, batches_per_epoch=7)
    optimizer = types.SimpleNamespace(learning_rates=lambda: {"all": 0.5})
    scores = dict.fromkeys(("masked_lm_loss", "masked_lm_accuracy", "sentence_order_loss", "sentence_order_accuracy"), 0.5)
    scores.update(dict.fromkeys(("unigram_loss", "unigram_accuracy", "bigram_loss", "bigram_accuracy"), 0.5))

    def evaluate_with_scores():
        evaluate()
        return scores

    return Trainer(settings, stream, lambda batch: (np.ones(6), 1.0), optimizer, state, nothing, evaluate_with_scores, lambda step: None)


def test_a_signal_that_comes_during_an_evaluation_loses_no_step():
    state = State()
    trainer = make(state, lambda: os.kill(os.getpid(), signal.SIGTERM), eval_steps=3, save_checkpoints_steps=0)
    with pytest.raises(Interrupted, match="^stopped at step 4 of 11; the same command goes on from there$"):
        trainer.run()
    assert state.saved == [4]


def test_states_are_saved_when_they_are_due():
    state = State()
    assert make(state, lambda: None, eval_steps=5, save_checkpoints_steps=4).run()
    assert state.saved == [4, 8, 11]
