"""Words found in a graph are those found outside it."""

import numpy as np
import pytest
import tensorflow as tf

from ner.lattice.graph import GraphLexicon
from ner.lattice.lexicon import WordLexicon
from ner.lattice.trie import code_points

TEXTS = ["南京市长江大桥", "", "桥", "大桥😀大桥", "京大桥长江大"]


@pytest.mark.parametrize("max_length", [2, 4, 6])
def test_words_are_those_found_outside_the_graph(max_length):
    words = ["长江", "大桥", "长江大桥", "南京市", "市长", "江大", "😀大", "桥大桥"]
    lexicon = WordLexicon.choose(words, ["大桥大桥", "长江长江"], max_length)
    graph = GraphLexicon(lexicon)
    signature = [tf.TensorSpec([None], tf.int32), tf.TensorSpec([None], tf.int32)]
    match = tf.function(graph.match, input_signature=signature)
    lengths = [len(text) for text in TEXTS]
    points = code_points("".join(TEXTS)).astype(np.int32)
    ends = np.repeat(np.cumsum(lengths), lengths).astype(np.int32)
    expected = lexicon.match(TEXTS)
    assert set(expected.ravel()) == {0, 1, 2, 3}
    np.testing.assert_array_equal(match(points, ends), expected)
    assert match(points[:0], ends[:0]).shape == (0, max_length - 1)
