"""A small corpus that says something: words with a meaning of their own place, sentences in a fixed order inside a document."""

import json
import types

import numpy as np
import pytest

from albert.tokenization import CharTokenizer
from albert.vocabulary import choose_vocabulary, count_characters, write_vocabulary

# Sentences of one document, in order: what follows what can be learned, and each character can be told from its neighbours.
STORY = ("今天早上小明去学校。", "中午他在食堂吃米饭。", "下午老师教大家唱歌。", "晚上全家一起看电视。", "夜里外面下了一场雨。")


def write_corpus(path, documents=40, seed=0):
    """Documents of 2 to 5 sentences of the story, from a random one on, in order."""
    rng = np.random.default_rng(seed)
    texts = []
    for _ in range(documents):
        first = rng.integers(0, 3)
        texts.append("\n".join(STORY[first : first + rng.integers(2, 6)]))
    path.write_text("\n\n".join(texts) + "\n", encoding="utf-8")
    return path


@pytest.fixture(name="corpus")
def _corpus(tmp_path):
    """A text file, its vocabulary and tokenizer, in a directory."""
    path = write_corpus(tmp_path / "corpus.txt")
    lines = path.read_text(encoding="utf-8").split("\n")
    vocab_file = tmp_path / "vocab.txt"
    write_vocabulary(choose_vocabulary(count_characters(lines), 61), vocab_file)
    return types.SimpleNamespace(directory=tmp_path, path=path, vocab_file=vocab_file, tokenizer=CharTokenizer(vocab_file))


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
