"""A small corpus that says something: words with a meaning of their own place, sentences in a fixed order inside a document."""

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
