"""A tagger small enough to train in a test, and sentences that it can learn."""

import itertools
import json

import numpy as np

from albert.config import AlbertConfig
from albert.keras import keras
from albert.training import distribution
from albert.training.precision import Precision
from ner.batches.encoded import encode
from ner.data.examples import Example
from ner.model.config import TaggerConfig
from ner.model.directory import ModelDir
from ner.model.network import TaggerModel
from ner.tagging.predictor import Predictor
from ner.tags import TagSet
from ner.training.dev import DevSet
from ner.training.loop import Trainer
from ner.training.settings import RunOptions, TrainingSettings

ALPHABET = "天地玄黄宇宙洪荒日月盈昃辰宿列张"
TAG_SET = TagSet(("LOC", "PER"))
ENCODER = {
    "vocab_size": 29,
    "embedding_size": 7,
    "hidden_size": 22,
    "num_hidden_layers": 2,
    "num_hidden_groups": 1,
    "num_attention_heads": 2,
    "intermediate_size": 31,
    "hidden_act": "gelu",
    "hidden_dropout_prob": 0.1,
    "attention_probs_dropout_prob": 0.1,
    "max_position_embeddings": 37,
    "type_vocab_size": 2,
    "initializer_range": 0.02,
}


class Tokenizer:
    """One id per character of the alphabet."""

    cls_id, sep_id, pad_id = 2, 3, 0

    def map_characters(self, text):
        return text

    def look_up(self, text):
        return np.array([5 + ALPHABET.index(c) for c in text], np.int32)


def sentences(count, seed=1):
    """Random text in which 天 opens a LOC of two characters and 日 is a PER of one."""
    random = np.random.default_rng(seed)
    result = []
    for _ in range(count):
        text = "".join(random.choice(list(ALPHABET), random.integers(1, 18)))
        tags = ["O"] * len(text)
        for i, c in enumerate(text):
            if c == "日" and tags[i] == "O":
                tags[i] = "B-PER"
            if c == "天" and tags[i] == "O":
                tags[i : i + 2] = ["B-LOC", "I-LOC"][: len(text) - i]
        result.append(Example(text, tuple(tags)))
    return result


def write_columns(path, examples):
    lines = itertools.chain.from_iterable([*(f"{c} {t}" for c, t in zip(e.text, e.tags)), ""] for e in examples)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def write_encoder_config(path, **changes):
    path.write_text(json.dumps({**ENCODER, **changes}), encoding="utf-8")


def make_trainer(path, train=None, dev=None, precision="off", loop=None, encoder=None, model=None, cluster=None, log=None, **settings):
    """A ``Trainer`` of a fresh model in a directory; ``encoder`` and ``model`` change their configs."""
    directory = ModelDir(path)
    path.mkdir(exist_ok=True)
    settings = TrainingSettings(**{"train_batch_size": 5, "num_train_epochs": 2, "learning_rate": 1e-3, "seed": 3, **settings})
    config = TaggerConfig(AlbertConfig.from_dict({**ENCODER, **(encoder or {})}), TAG_SET, 37, **{"lstm_units": 11, **(model or {})})
    cluster = cluster or distribution.create("one_device")
    chosen = Precision(precision, "asked for")
    keras.utils.set_random_seed(settings.seed)
    with cluster.strategy.scope(), chosen.scope():
        tagger = TaggerModel(config)
    examples = train or sentences(23)
    encoded = encode([e.text for e in examples], Tokenizer(), config.max_seq_length, [e.tags for e in examples], TAG_SET)
    dev_set = DevSet(Predictor(tagger, Tokenizer(), 8), dev, cluster) if dev else None
    return Trainer(tagger, settings, encoded, directory, cluster, chosen, RunOptions(**(loop or {})), dev_set, log or (lambda _: None))


def weights(trainer):
    """dict from name to float32 array: copies of all weights."""
    return {name: variable.numpy().copy() for name, variable in trainer.model.weight_map().items()}


NO_DROPOUT = {
    "encoder": {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0},
    "model": {"dropout": 0.0},
}
# Encoder and softmax only: much less to trace, for tests of what goes on around the step.
SOFTMAX = {"model": {"rnn": "none", "use_crf": False}}


class Killed(Exception):
    """Stands for SIGKILL within one process: nothing after it runs, but for what Python unwinds."""


def killed_after(monkeypatch, steps):
    """Make training stop dead the first time it looks at its losses after more than ``steps`` steps."""
    account = Trainer._account

    def account_or_die(self, values, seconds, bar):
        if self.progress.step > steps:
            raise Killed
        account(self, values, seconds, bar)

    monkeypatch.setattr(Trainer, "_account", account_or_die)
