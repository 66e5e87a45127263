"""Flagfiles of the paper's comparison: the settings the paper gives are the paper's, the flagfile says which are not."""

import dataclasses
import pathlib
import re

import pytest

from albert.config import AlbertConfig
from albert.training.settings import EncoderFiles
from ner.reproduce import published
from ner.reproduce.experiments import EXPERIMENTS
from ner.reproduce.running import read_overrides
from ner.reproduce.system import encoder_config, read_settings

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


def _mini(name):
    experiment = next(experiment for experiment in EXPERIMENTS if experiment.name == name)
    overrides = read_overrides(ROOT / "flags" / "reproduce_mini" / "overrides.json", [experiment.name for experiment in EXPERIMENTS])
    return read_settings([f"--flagfile={ROOT / 'flags' / experiment.flagfile}", *overrides["*"], *overrides[name]])


def test_the_small_comparison_gives_every_system_as_many_steps():
    runs = [_mini(experiment.name) for experiment in EXPERIMENTS]
    assert len({(run.training.train_batch_size, run.training.num_train_epochs, run.training.max_train_steps) for run in runs}) == 1
    # Nothing but what makes the system differs between two on one encoder, or between one system's two encoders.
    for system in ("finetuning", "bilstm_crf"):
        bert, albert = _mini(f"bert_{system}"), _mini(f"albert_{system}")
        assert bert.training == albert.training
        assert bert.network == albert.network
    peephole, standard = _mini("albert_peephole"), _mini("albert_bilstm_crf")
    assert peephole.network == dataclasses.replace(standard.network, lstm_cell="peephole")
    assert _mini("albert_no_dropout").network == dataclasses.replace(standard.network, dropout=0.0)
    assert _mini("albert_one_rate").training == dataclasses.replace(standard.training, head_learning_rate=2e-4, crf_learning_rate=2e-4)


def test_the_small_bert_computes_as_much_as_the_small_albert():
    albert = encoder_config(EncoderFiles(init_checkpoint="albert_mini_zh"))
    bert = AlbertConfig.from_json_file(ROOT / "flags" / "reproduce_mini" / "bert_config.json")
    assert bert.num_hidden_groups == bert.num_hidden_layers
    # The layout that pretraining writes holds it.
    assert AlbertConfig.from_dict(bert.to_dict("google"), "google") == bert
    shared = ("num_hidden_groups", "embedding_size", "embedding_projection")
    assert {k: v for k, v in bert.to_dict().items() if k not in shared} == {k: v for k, v in albert.to_dict().items() if k not in shared}


@pytest.mark.parametrize(("name", "base"), [("short", "pretrain_tiny_short"), ("long", "pretrain_tiny"), ("more", "pretrain_tiny_more")])
def test_the_small_bert_is_pretrained_as_the_small_albert_was(name, base):
    lines = (ROOT / "flags" / "reproduce_mini" / f"pretrain_bert_{name}.flags").read_text(encoding="utf-8").splitlines()
    first, *others = [line for line in lines if not line.startswith("#")]
    assert first == f"--flagfile=flags/{base}.flags"
    own = {line.partition("=")[0] for line in others}
    assert own <= {"--output_dir", "--init_checkpoint", "--albert_config_file", "--vocab_file"}
    # A part begins where the one before it ends: after as many steps as its flagfile says.
    starts = dict(line.split("=", 1) for line in others)
    before = {"long": ("short", "pretrain_tiny_short"), "more": ("long", "pretrain_tiny")}.get(name)
    if before:
        steps = re.search(r"--num_train_steps=(\d+)", (ROOT / "flags" / f"{before[1]}.flags").read_text(encoding="utf-8"))[1]
        assert starts["--init_checkpoint"] == f"output/reproduce_mini/bert/{before[0]}/step-{int(steps):08}"
    steps = re.search(r"--num_train_steps=(\d+)", (ROOT / "flags" / f"{base}.flags").read_text(encoding="utf-8"))[1]
    if name == "more":
        assert _mini("bert_finetuning").files.init_checkpoint == f"output/reproduce_mini/bert/more/step-{int(steps):08}"
