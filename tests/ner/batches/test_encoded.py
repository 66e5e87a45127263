"""Batches: what is in them, and that their order is a function of the seed and the epoch alone."""

import hashlib

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


def test_silver_sentences_begin_with_another_token(tokenizer):
    encoded = encode(["甲乙", "丙", "乙"], tokenizer, 128, num_gold=2)
    assert encoded.batch(np.array([2, 0, 1]))["input_word_ids"][:, 0].tolist() == [4, 3, 3]
    assert encode(["甲乙", "丙"], tokenizer, 128).batch(np.array([0, 1]))["input_word_ids"][:, 0].tolist() == [3, 3]


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


def share_that_meets_again(lengths, batch_size, seed):
    """Of the pairs of sentences in one batch, the share that is in one batch in the next epoch too; mean over five epochs."""
    shares, before = [], None
    for epoch in range(6):
        number = np.empty(len(lengths), int)
        for i, batch in enumerate(training_batches(lengths, batch_size, seed, epoch)):
            number[batch] = i
        together = number[:, None] == number
        np.fill_diagonal(together, False)
        if before is not None:
            shares.append((together & before).sum() / before.sum())
        before = together
    return np.mean(shares)


# Numbers of batches: 16, 31, 14, 6, 47, 2.
@pytest.mark.parametrize(("count", "batch_size"), [(1000, 64), (211, 7), (97, 7), (83, 16), (3001, 64), (101, 64)])
def test_small_sets_have_other_batches_in_every_epoch(count, batch_size):
    """At most some twice as often as by chance, or a quarter; sorted as a whole, 70 to 90 % would meet again."""
    lengths = np.random.default_rng(5).integers(1, 100, count)
    by_chance = (batch_size - 1) / (count - 1)
    assert share_that_meets_again(lengths, batch_size, seed=3) < max(0.25, 1.5 * by_chance)


@pytest.mark.parametrize(("count", "batch_size"), [(1000, 64), (5003, 16), (211, 7), (70, 64), (40, 64), (64, 64), (65, 64), (7, 1)])
def test_batches_have_one_size_but_for_a_random_one(count, batch_size):
    lengths = np.random.default_rng(5).integers(1, 100, count)
    longest, odd = [], []
    for epoch in range(40):
        batches = training_batches(lengths, batch_size, 3, epoch)
        assert sorted(np.concatenate(batches)) == list(range(count))
        assert len(batches) == -(-count // batch_size)
        smallest, *others = sorted(batches, key=len)
        assert len({len(batch) for batch in others}) <= 1
        assert 1 <= len(smallest) <= len(others[-1] if others else smallest) <= batch_size
        if others and len(smallest) < len(others[0]):
            longest.append(max(lengths[batch].mean() for batch in batches))
            odd.append(lengths[smallest].mean())
    if odd and count > 4 * batch_size:
        # The odd one has any lengths, not those of the longest sentences.
        assert np.mean(np.array(odd) == longest) < 0.5
        assert abs(np.mean(odd) - lengths.mean()) < 12


@pytest.mark.parametrize(
    ("count", "batch_size", "seed", "epoch", "digest"), [(1009, 16, 3, 1, "12cb5459c73a6cdc"), (3001, 23, 7, 0, "871df6d0178aa52b")]
)
def test_runs_of_version_0_1_0_have_its_batches(count, batch_size, seed, epoch, digest):
    lengths = np.random.default_rng(5).integers(0, 90, count)
    batches = training_batches(lengths, batch_size, seed, epoch, as_0_1_0=True)
    found = np.concatenate([np.append(batch, -1) for batch in batches]).astype("<i8")
    assert hashlib.sha256(found.tobytes()).hexdigest().startswith(digest)


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
