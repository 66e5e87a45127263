"""Batches: what is in them, and that their order is a function of the seed and the epoch alone."""

import numpy as np
import pytest

from albert.tokenization import CharTokenizer
from ner.batches.encoded import EncodedExamples, encode, training_batches
from ner.tags import TagSet


@pytest.fixture(name="tokenizer")
def _tokenizer(tmp_path):
    path = tmp_path / "vocab.txt"
    path.write_text("[UNK]\n[PAD]\n[SEP]\n[CLS]\n[MASK]\n甲\n乙\n丙\n", encoding="utf-8")
    return CharTokenizer(path)


def test_a_batch(tokenizer):
    tag_set = TagSet(("PER",))
    encoded = encode(["甲乙", "", "丙丙甲x"], tokenizer, 128, [["B-PER", "I-PER"], [], ["O", "O", "B-PER", "O"]], tag_set)
    assert list(encoded.lengths) == [2, 0, 4]
    batch = encoded.batch(np.array([2, 0, 1]))
    np.testing.assert_array_equal(batch["input_word_ids"], [[3, 7, 7, 5, 0, 2, 1, 1], [3, 5, 6, 2, 1, 1, 1, 1], [3, 2, 1, 1, 1, 1, 1, 1]])
    np.testing.assert_array_equal(batch["lengths"], [4, 2, 0])
    np.testing.assert_array_equal(batch["tag_ids"], [[0, 0, 1, 0, 0, 0], [1, 2, 0, 0, 0, 0], [0] * 6])
    assert all(value.dtype == np.int32 for value in batch.values())


def test_padding_stops_at_the_encoders_positions(tokenizer):
    encoded = encode(["甲" * 7, "乙"], tokenizer, 11)
    assert encoded.batch(np.array([0, 1]))["input_word_ids"].shape == (2, 11)
    with pytest.raises(ValueError, match="10 tokens does not fit into 9"):
        encode(["甲" * 8], tokenizer, 9).batch(np.array([0]))


def test_an_epoch_has_every_sentence_once_in_an_order_of_its_own():
    lengths = np.random.default_rng(5).integers(0, 90, 1009)
    epochs = [training_batches(lengths, 16, seed=3, epoch=epoch) for epoch in (0, 1)]
    for batches in epochs:
        assert sorted(np.concatenate(batches)) == list(range(1009))
        assert len(batches) == 64
    again = training_batches(lengths, 16, seed=3, epoch=0)
    assert all(np.array_equal(a, b) for a, b in zip(epochs[0], again))
    assert not all(np.array_equal(a, b) for a, b in zip(*epochs))


def test_batches_by_length_hold_little_padding():
    lengths = np.random.default_rng(5).integers(1, 100, 5003)
    padded = sum(len(batch) * lengths[batch].max() for batch in training_batches(lengths, 16, seed=1, epoch=0))
    assert padded < 1.05 * lengths.sum()


def test_epochs_have_few_shapes():
    """Each shape is compiled once; sentences are as long as MSRA's."""
    lengths = np.random.default_rng(5).integers(1, 101, 5003).astype(np.int32)
    encoded = EncodedExamples(np.zeros(lengths.sum(), np.int32), None, np.concatenate([[0], np.cumsum(lengths)]), 2, 3, 0, 128)
    shapes = [{encoded.batch(indices)["input_word_ids"].shape for indices in training_batches(lengths, 16, 1, epoch)} for epoch in range(3)]
    # Multiples of eight up to 104 tokens; beside full batches only the last of an epoch, and it is one shape more.
    assert all(len(epoch) <= 14 for epoch in shapes)
    full = [{shape for shape in epoch if shape[0] == 16} for epoch in shapes]
    assert full[0] == full[1] == full[2]
