"""Flagfiles of the paper's comparison: the settings the paper gives are the paper's, the flagfile says which are not."""

import pathlib

import pytest

from ner.reproduce import published
from ner.reproduce.experiments import EXPERIMENTS
from ner.reproduce.system import read_settings

ROOT = pathlib.Path(__file__).resolve().parents[3]
ENCODERS = {"albert": "albert_base_zh", "bert": "bert_base_chinese"}
# Systems on the paper's two encoders; those of characters follow Zhang and Yang.
PAPERS = [experiment for experiment in EXPERIMENTS if experiment.encoder in ENCODERS]
LAYERS = {
    "finetuning": ("none", "standard", False),
    "bilstm_crf": ("lstm", "standard", True),
    "bigru_crf": ("gru", "standard", True),
    "peephole": ("lstm", "peephole", True),
    "one_rate": ("lstm", "standard", True),
    "no_dropout": ("lstm", "standard", True),
}


def _settings(experiment):
    return read_settings([f"--flagfile={ROOT / 'flags' / experiment.flagfile}"])


@pytest.mark.parametrize("experiment", PAPERS, ids=lambda experiment: experiment.name)
def test_settings_are_the_papers(experiment):
    run = _settings(experiment)
    encoder, _, system = experiment.name.partition("_")
    expected = dict(published.SETTINGS)
    if system == "no_dropout":
        expected["dropout"] = 0.0
    assert {
        "max_seq_length": run.network.max_seq_length,
        "train_batch_size": run.training.train_batch_size,
        "learning_rate": run.training.learning_rate,
        "dropout": run.network.dropout,
    } == expected
    assert run.files.init_checkpoint == ENCODERS[encoder]
    assert (run.network.rnn, run.network.lstm_cell, run.network.use_crf) == LAYERS[system]
    # No dev set, no choice of an epoch, no constraint on the decoding.
    assert not run.prediction.decoding.constrained_decoding
    assert (run.dev_fraction, run.training.early_stopping_patience, run.training.max_train_steps) == (0.0, 0, 0)
    rates = {run.training.head_learning_rate, run.training.crf_learning_rate}
    assert (rates == {run.training.learning_rate}) == (system == "one_rate")


def test_the_papers_settings_are_these():
    assert published.SETTINGS == {"max_seq_length": 128, "train_batch_size": 64, "learning_rate": 2e-5, "dropout": 0.1}


@pytest.mark.parametrize("experiment", EXPERIMENTS, ids=lambda experiment: experiment.name)
def test_header_gives_the_published_scores_of_the_system(experiment):
    header = (ROOT / "flags" / experiment.flagfile).read_text(encoding="utf-8")
    if experiment.published:
        scores = experiment.published
        assert f"precision {scores.precision:.2f}, recall {scores.recall:.2f}, F1 {scores.f1:.2f}" in header
        assert "Table 3" not in header


@pytest.mark.parametrize("experiment", PAPERS, ids=lambda experiment: experiment.name)
def test_systems_differ_in_nothing_but_what_makes_them(experiment):
    """Epochs, schedule, units and clipping, of which the paper says nothing, are the same for all."""
    run, base = _settings(experiment), _settings(next(e for e in PAPERS if e.name == "albert_bilstm_crf"))
    for name in (
        "num_train_epochs",
        "warmup_proportion",
        "weight_decay",
        "max_grad_norm",
        "layerwise_lr_decay",
        "fgm_epsilon",
        "rdrop_alpha",
    ):
        assert getattr(run.training, name) == getattr(base.training, name)
    assert run.network.lstm_units == base.network.lstm_units
