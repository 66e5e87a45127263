"""A recurrent layer of one's own takes one file, this one, and its line in ``KINDS``: nothing else knows of it."""

import pytest
import tensorflow as tf

from albert.errors import UserError
from ner import Tagger
from ner.model import recurrent
from ner.model.recurrent.base import DIRECTIONS, Bidirectional, loop
from tests.ner.export.exporting import export
from tests.ner.training.toy import ALPHABET, ENCODER, make_trainer, sentences


class Elman(Bidirectional):
    """Forward and backward Elman network: h = tanh(W x + U h + b)."""

    def __init__(self, input_size, units, name="elman", **kwargs):
        super().__init__(units, name, **kwargs)
        self.add_weights("kernel", [input_size, units], "glorot_uniform")
        self.add_weights("recurrent_kernel", [units, units], "orthogonal")
        self.add_weights("bias", [units], "zeros")
        self.built = True

    def call(self, x, lengths):
        x = self.both_ways(tf.cast(x, self.dtype), lengths)
        recurrent_kernel = self.both("recurrent_kernel")

        def step(state, from_input):
            return (tf.tanh(from_input + tf.matmul(state[0], recurrent_kernel)),)

        zeros = tf.zeros([len(DIRECTIONS), tf.shape(x)[1], self.units], self.dtype)
        return self.outputs(loop(step, (self.project(x, self.both("kernel"), self.both("bias")),), (zeros,)), lengths)


@pytest.fixture(name="registered")
def _registered(monkeypatch):
    kind = recurrent.Kind("elman", f"{__name__}.{Elman.__name__}")
    monkeypatch.setattr(recurrent, "KINDS", (*recurrent.KINDS, kind))


@pytest.mark.usefixtures("registered")
def test_a_tagger_with_it_trains_tags_and_is_exported(tmp_path):
    path = tmp_path / "model"
    rates = {"learning_rate": 1e-3, "head_learning_rate": 2e-2}
    # One shape of batches to trace.
    train = [example for example in sentences(83) if 8 < len(example.text) <= 16]
    small = {"encoder": {"num_hidden_layers": 1}, "model": {"rnn": "elman", "use_crf": False}}
    trainer = make_trainer(path, train, train_batch_size=7, num_train_epochs=12, **small, **rates)
    losses = [row["loss"] for row in trainer.run().rows]
    assert losses[-1] < losses[0] / 2
    assert {f"rnn/{direction}/recurrent_kernel" for direction in DIRECTIONS} <= set(trainer.model.weight_map())

    trainer.directory.write_config(trainer.model.config)
    tokens = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *ALPHABET]
    tokens += [f"[unused{i}]" for i in range(ENCODER["vocab_size"] - len(tokens))]
    (path / "vocab.txt").write_text("".join(f"{token}\n" for token in tokens), encoding="utf-8")
    texts = [example.text for example in sentences(17, seed=3)]
    found = Tagger.load(path).tag_batch(texts)
    assert sum(map(len, found)) > 5

    export(path, tmp_path / "exported")
    assert _places(Tagger.load(tmp_path / "exported").tag_batch(texts)) == _places(found)


def test_without_its_line_it_is_unknown(tmp_path):
    assert "elman" not in recurrent.rnns()
    with pytest.raises(UserError, match="rnn: .*expected one of lstm, gru, lattice, none"):
        make_trainer(tmp_path, model={"rnn": "elman"})


def _places(entities):
    return [[(e.start, e.end, e.label) for e in row] for row in entities]
