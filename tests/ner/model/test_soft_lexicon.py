"""SoftLexicon against its definition, word by word."""

import numpy as np
import pytest
import tensorflow as tf

from ner.model.soft_lexicon import SoftLexicon


def by_definition(layer, lattice_words):
    """The layer's output from sets that are collected character by character."""
    vectors, frequencies = layer.word.numpy(), layer.frequency.numpy()
    batch, length, slots = lattice_words.shape
    output = np.zeros([batch, length, 3, vectors.shape[1]])
    for b in range(batch):
        sets = [([], [], []) for _ in range(length)]
        for start in range(length):
            for s in range(slots):
                row = lattice_words[b, start, s] - 1
                if row >= 0:
                    end = start + s + 1
                    sets[start][0].append(row)
                    sets[end][2].append(row)
                    for place in range(start + 1, end):
                        sets[place][1].append(row)
        for t, own in enumerate(sets):
            total = sum(frequencies[row] for rows in own for row in rows)
            for number, rows in enumerate(own):
                for row in rows:
                    output[b, t, number] += 3 / total * frequencies[row] * vectors[row]
    return output.reshape([batch, length, -1])


@pytest.mark.parametrize("slots", [1, 2, 3, 5])
def test_sets_are_those_of_the_definition(slots):
    random = np.random.default_rng(slots)
    layer = SoftLexicon(num_words=11, word_size=7, num_slots=slots)
    layer.frequency.assign(random.integers(1, 100, 12).astype(np.float32))
    words = random.integers(0, 13, [3, 17, slots]) * (random.random([3, 17, slots]) < 0.4)
    words *= np.arange(17)[:, None] + 2 + np.arange(slots) <= 17
    words[2, 5:] = 0
    found = layer(tf.constant(words, tf.int32))
    assert found.shape == (3, 17, 21)
    np.testing.assert_allclose(found, by_definition(layer, words), rtol=0, atol=1e-6)


def test_without_words_there_is_nothing():
    layer = SoftLexicon(num_words=2, word_size=3, num_slots=2)
    assert not layer(tf.zeros([2, 5, 2], tf.int32)).numpy().any()
    assert layer(tf.zeros([0, 5, 2], tf.int32)).shape == (0, 5, 9)


def test_frequencies_are_not_trained():
    layer = SoftLexicon(num_words=2, word_size=3, num_slots=2)
    assert [v.name for v in layer.trainable_variables] == [layer.word.name]
