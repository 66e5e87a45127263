"""Words found in text, against a search that tries every substring."""

import numpy as np
import pytest

from ner.lattice.trie import Trie, code_points


def _match(trie, texts, max_length):
    lengths = [len(text) for text in texts]
    return trie.match(code_points("".join(texts)), np.repeat(np.cumsum(lengths), lengths), max_length)


def _search(words, texts, max_length):
    ids = {word: i for i, word in enumerate(words, start=1)}
    rows = []
    for text in texts:
        for start in range(len(text)):
            ends = range(start + 2, start + max_length + 1)
            rows.append([ids.get(text[start:end], 0) if end <= len(text) else 0 for end in ends])
    return np.array(rows, np.int32).reshape([-1, max_length - 1])


def test_a_sentence():
    words = ["长江", "大桥", "长江大桥", "南京市", "市长", "江大"]
    found = _match(Trie(words), ["南京市长江大桥"], 4)
    assert [[words[i - 1] if i else "" for i in row] for row in found] == [
        ["", "南京市", ""],
        ["", "", ""],
        ["市长", "", ""],
        ["长江", "", "长江大桥"],
        ["江大", "", ""],
        ["大桥", "", ""],
        ["", "", ""],
    ]


@pytest.mark.parametrize("max_length", [2, 3, 5, 7])
def test_random_texts(max_length):
    random = np.random.default_rng(max_length)
    words = sorted({"".join(random.choice(list("甲乙丙😀"), random.integers(2, 6))) for _ in range(97)})
    random.shuffle(words)
    texts = ["".join(random.choice(list("甲乙丙😀丁"), random.integers(0, 23))) for _ in range(31)]
    np.testing.assert_array_equal(_match(Trie(words), texts, max_length), _search(words, texts, max_length))


def test_no_word_reaches_from_one_text_into_the_next():
    assert not _match(Trie(["甲乙"]), ["甲", "乙"], 2).any()


def test_no_words_and_no_text():
    assert _match(Trie([]), ["甲乙"], 3).tolist() == [[0, 0], [0, 0]]
    assert _match(Trie(["甲乙"]), [""], 3).shape == (0, 2)


def test_unpaired_surrogates_are_characters():
    assert _match(Trie(["\ud800甲"]), ["\ud800甲"], 2).tolist() == [[1], [0]]
