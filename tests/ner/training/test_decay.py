"""Variables of all systems that weight decay applies to."""

import pytest
import tensorflow as tf

from albert.config import AlbertConfig
from albert.optimization import AdamWeightDecay, ParameterGroup, WarmupPolynomialDecay, decays
from albert.pretraining.lamb import Lamb
from albert.pretraining_model import AlbertForPretraining
from ner.model.config import CharEncoderConfig, LatticeConfig, TaggerConfig
from ner.model.network import TaggerModel
from ner.tags import TagSet

ALBERT = AlbertConfig(
    vocab_size=29,
    embedding_size=5,
    hidden_size=6,
    num_hidden_layers=2,
    num_attention_heads=2,
    intermediate_size=7,
    max_position_embeddings=11,
)
ENCODERS = {
    "albert": ALBERT,
    "brightmart": ALBERT.replace(embedding_projection="before_sum", ln_type="preln"),
    "bert": ALBERT.replace(embedding_size=6, embedding_projection="none", num_hidden_groups=2),
    "char": CharEncoderConfig(29, 5),
}
HEADS = {
    "lstm": {"rnn": "lstm"},
    "peephole": {"rnn": "lstm", "lstm_cell": "peephole"},
    "gru": {"rnn": "gru"},
    "lattice": {"rnn": "lattice", "lattice": LatticeConfig(13, 3, 4)},
    "softmax": {"rnn": "none", "use_crf": False},
}

BLOCK = {
    **{f"attention/{part}/kernel": True for part in ("query", "key", "value", "output")},
    **{f"attention/{part}/bias": False for part in ("query", "key", "value", "output")},
    "attention/norm/gamma": False,
    "attention/norm/beta": False,
    "ffn/intermediate/kernel": True,
    "ffn/intermediate/bias": False,
    "ffn/output/kernel": True,
    "ffn/output/bias": False,
    "ffn/norm/gamma": False,
    "ffn/norm/beta": False,
}
EMBEDDINGS = {"word": True, "position": True, "type": True, "norm/gamma": False, "norm/beta": False}
PROJECTION = {"albert": {"projection/kernel": True, "projection/bias": False}, "brightmart": {"projection/kernel": True}, "bert": {}}
LSTM = {"kernel": True, "recurrent_kernel": True, "bias": False}
CELLS = {
    "lstm": LSTM,
    "peephole": {**LSTM, "peephole": False},
    "gru": LSTM,
    "lattice": {
        **LSTM,
        **{f"word_{name}": decay for name, decay in LSTM.items()},
        **{f"gate_{name}": decay for name, decay in LSTM.items()},
    },
    "softmax": {},
}
PRETRAINING = {
    "masked_lm/dense/kernel": True,
    "masked_lm/dense/bias": False,
    "masked_lm/norm/gamma": False,
    "masked_lm/norm/beta": False,
    "masked_lm/bias": False,
    "sentence_order/kernel": True,
    "sentence_order/bias": False,
}


def encoder_variables(name):
    if name == "char":
        return {"embeddings/word": True}
    groups = range(2 if name == "bert" else 1)
    return {
        **{f"embeddings/{part}": decay for part, decay in {**EMBEDDINGS, **PROJECTION[name]}.items()},
        **{f"group_{g}/{part}": decay for g in groups for part, decay in BLOCK.items()},
        "pooler/kernel": True,
        "pooler/bias": False,
    }


def tagger_variables(encoder, head):
    expected = {f"encoder/{name}": decay for name, decay in encoder_variables(encoder).items()}
    expected.update({f"rnn/{way}/{part}": decay for way in ("forward", "backward") for part, decay in CELLS[head].items()})
    expected.update({"emissions/kernel": True, "emissions/bias": False})
    if head == "lattice":
        expected["word_vectors"] = True
    if head != "softmax":
        expected.update({"crf/transitions": True, "crf/start": False, "crf/end": False})
    return expected


@pytest.mark.parametrize("head", HEADS)
@pytest.mark.parametrize("encoder", ENCODERS)
def test_every_variable_of_every_system(encoder, head):
    model = TaggerModel(TaggerConfig(ENCODERS[encoder], TagSet(("LOC",)), 11, lstm_units=3, **HEADS[head]))
    weights = model.weight_map()
    assert {id(v) for v in weights.values()} == {id(v) for v in model.variables}
    assert {name: decays(variable) for name, variable in weights.items()} == tagger_variables(encoder, head)


@pytest.mark.parametrize("encoder", ["albert", "brightmart", "bert"])
def test_every_variable_that_is_pretrained(encoder):
    model = AlbertForPretraining(ENCODERS[encoder])
    weights = model.weight_map()
    assert {id(v) for v in weights.values()} == {id(v) for v in model.variables}
    assert {name: decays(v) for name, v in weights.items()} == {**encoder_variables(encoder), **PRETRAINING}


@pytest.mark.parametrize("optimizer", [AdamWeightDecay, Lamb])
def test_what_does_not_decay_stays_where_it_is_without_a_gradient(optimizer):
    names = {"bigru/forward/bias": False, "forward/peephole": False, "crf/transitions": True, "forward/kernel": True, "word_bias": False}
    variables = {name: tf.Variable(tf.ones([2, 3]), name=name) for name in names}
    groups = [ParameterGroup("all", 0.5, tuple(variables.values()))]
    optimizer = optimizer(groups, WarmupPolynomialDecay(groups, 10, 0), weight_decay=0.1)
    optimizer.apply_gradients([(tf.zeros([2, 3]), variable) for variable in variables.values()])
    assert {name: float(tf.reduce_max(tf.abs(variable - 1.0))) > 0.0 for name, variable in variables.items()} == names
