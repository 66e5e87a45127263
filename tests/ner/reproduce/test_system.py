"""Parameters counted from settings alone, held to the network's own count and to the published sizes."""

import pathlib

import pytest

from albert.config import AlbertConfig
from albert.errors import UserError
from ner.model.config import TaggerConfig
from ner.reproduce.experiments import EXPERIMENTS
from ner.reproduce.system import count_parameters, encoder_config, read_settings, tagger_config
from ner.tags import TagSet

FLAGS = pathlib.Path(__file__).resolve().parents[3] / "flags"
# Toy sizes, and the three places of the projection.
SIZES = {"vocab_size": 31, "hidden_size": 14, "num_hidden_layers": 5, "num_attention_heads": 7, "intermediate_size": 23}
ENCODERS = {
    "brightmart": AlbertConfig(**SIZES, embedding_size=11, embedding_projection="before_sum", max_position_embeddings=13),
    "google": AlbertConfig(**SIZES, embedding_size=11, embedding_projection="after_norm", max_position_embeddings=17, num_hidden_groups=2),
    "bert": AlbertConfig(**SIZES, embedding_size=14, embedding_projection="none", max_position_embeddings=13, num_hidden_groups=5),
}
HEADS = {
    "fine-tuning": {"rnn": "none", "use_crf": False},
    "BiLSTM-CRF": {},
    "peepholes": {"lstm_cell": "peephole"},
    "BiGRU-CRF": {"rnn": "gru"},
}


def _parameters(name, **flags):
    settings = read_settings([f"--flagfile={FLAGS / name}.flags", *(f"--{key}={value}" for key, value in flags.items())])
    return count_parameters(tagger_config(settings.network, settings.files, encoder_config(settings.files), TagSet(("PER", "LOC", "ORG"))))


def test_the_papers_systems():
    assert _parameters("msra_albert_base") == 11_797_830
    assert _parameters("msra_bert_bilstm_crf") == 103_188_038
    assert _parameters("msra_albert_base", lstm_cell="peephole") == 11_797_830 + 768
    # Of the tagger that ships; run.json of its directory says which flags made it.
    assert _parameters("msra_albert_mini") == 5_363_526


@pytest.mark.parametrize("head", HEADS)
@pytest.mark.parametrize("encoder", ENCODERS)
def test_the_count_is_the_networks(encoder, head):
    from ner.model.network import TaggerModel  # noqa: PLC0415 - TensorFlow

    config = TaggerConfig(ENCODERS[encoder], TagSet(("甲", "乙", "丙")), max_seq_length=13, lstm_units=19, **HEADS[head])
    assert count_parameters(config) == TaggerModel(config).count_params()


@pytest.mark.parametrize("experiment", EXPERIMENTS, ids=lambda experiment: experiment.name)
def test_every_systems_flagfile_is_read(experiment):
    settings = read_settings([f"--flagfile={FLAGS / experiment.flagfile}"])
    assert settings.network.encoder == ("albert" if experiment.encoder in ("bert", "albert") else "char")


def test_a_flag_that_is_not_known():
    with pytest.raises(UserError, match="learning_rat"):
        read_settings(["--learning_rat=1"])
