"""Windows, sequences and batches: what is read, how often, and in which order."""

import dataclasses

import numpy as np
import pytest

from albert.errors import UserError
from albert.pretraining.sequences import SpecialIds, make_sequences
from albert.pretraining.settings import ExampleSettings
from albert.pretraining.stream import ExampleStream
from albert.pretraining.token_cache import open_cache
from albert.pretraining.windows import Region, WindowSampler, split_cache
from tests.albert.pretraining.conftest import STORY, write_corpus

SETTINGS = ExampleSettings(max_seq_length=47, max_predictions_per_seq=7, short_seq_prob=0.0)


@pytest.fixture(name="cache")
def _cache(corpus):
    return open_cache(corpus.directory / "cache", [str(corpus.path)], corpus.tokenizer, log=lambda _: None)


@pytest.fixture(name="region")
def _region(cache):
    return split_cache(cache, 1.0, 0.0)[0]


def _special(tokenizer):
    return SpecialIds(tokenizer.cls_id, tokenizer.sep_id, tokenizer.mask_id, tokenizer.unk_id)


def _text(tokenizer, ids):
    tokens = list(tokenizer.vocab)
    return "".join(tokens[i] for i in ids)


def _numbers(size, weight=1.0):
    """A region of ``size`` tokens, sentences of 7, one document."""
    sentences = np.arange(0, size, 7)
    return Region(np.arange(size, dtype=np.uint32), None, 0, size, sentences, sentences[1:], weight)


def test_cache_holds_the_text(corpus, cache):
    lines = corpus.path.read_text(encoding="utf-8").split("\n")
    assert _text(corpus.tokenizer, cache.tokens) == "".join(lines)
    assert len(cache.sentences) == sum(map(bool, lines))
    assert len(cache.documents) == 40
    assert cache.tokens.dtype == np.uint16
    assert set(cache.documents) <= set(cache.sentences)


def test_held_out_text_is_whole_documents_at_the_end(cache):
    training, held_out = split_cache(cache, 2.0, 0.2)
    assert training.end == held_out.begin
    assert held_out.begin in cache.documents
    assert held_out.end == len(cache.tokens)
    assert 0.1 * len(cache.tokens) < held_out.size <= 0.2 * len(cache.tokens)
    assert training.sentences.max() < training.end


def test_an_epoch_reads_every_window_once():
    sampler = WindowSampler([_numbers(1000)], 13, seed=5)
    assert sampler.epoch_size == 76
    first, second = (sampler.rows(76 * epoch, 76).starts for epoch in (0, 1))
    for starts in (first, second):
        assert np.array_equal(np.diff(np.sort(starts)), np.full(75, 13))
        assert not np.array_equal(starts, np.sort(starts))
    assert not np.array_equal(first, second)
    assert sampler.rows(70, 20).starts.tolist() == [*first[70:], *second[:14]]


def test_weights_are_passes_per_epoch():
    sampler = WindowSampler([_numbers(1300, 2.0), _numbers(1300, 0.25)], 13, seed=5)
    epochs = [sampler.rows(epoch * sampler.epoch_size, sampler.epoch_size) for epoch in range(4)]
    for epoch in epochs:
        assert np.bincount(epoch.regions).tolist() == [200, 25]
        # Two passes with shifts of their own.
        assert len(np.unique(epoch.starts[epoch.regions == 0])) in (100, 200)
    # A quarter in each of four epochs: all of it.
    quarters = np.concatenate([epoch.starts[epoch.regions == 1] for epoch in epochs])
    assert np.array_equal(np.diff(np.sort(quarters)), np.full(99, 13))


def test_sequences_are_full_and_segments_consecutive():
    region = _numbers(10_000)
    special = SpecialIds(100_001, 100_002, 100_003, 100_004)
    starts = np.random.default_rng(1).integers(0, 10_000, size=997)
    made = make_sequences(region, starts, 41, special, np.random.default_rng(2))
    assert made.paired.all()
    assert np.all(made.ids[:, 0] == special.cls)
    assert np.all(made.ids[:, -1] == special.sep)
    assert np.all((made.ids == special.sep).sum(axis=1) == 2)
    assert np.array_equal(made.text, made.ids < 100_000)
    for ids, types, swapped in zip(made.ids, made.types, made.swapped):
        middle = int(np.argmax(ids == special.sep))
        assert types.tolist() == [0] * (middle + 1) + [1] * (40 - middle)
        first, second = ids[1:middle], ids[middle + 1 : -1]
        for segment in (first, second):
            assert np.all(np.diff(segment) == 1)
            # Shortened at one end only.
            assert segment[0] % 7 == 0 or segment[-1] % 7 == 6
        a, b = (second, first) if swapped else (first, second)
        # Nothing but the shortened ends, less than a sentence each, lies between the segments.
        assert 1 <= b[0] - a[-1] < 14


@pytest.mark.parametrize("length", [41, 42])
def test_half_of_the_pairs_are_swapped_and_nothing_but_the_text_tells(length):
    region = _numbers(100_000)
    special = SpecialIds(100_001, 100_002, 100_003, 100_004)
    starts = np.random.default_rng(1).integers(0, 100_000, size=20_011)
    made = make_sequences(region, starts, length, special, np.random.default_rng(2))
    # Four standard deviations of a share of 20,011.
    assert np.mean(made.swapped) == pytest.approx(0.5, abs=0.0142)
    middle = np.argmax(made.ids == special.sep, axis=1)
    rows = np.arange(len(middle))
    cues = {
        "length of the first segment": middle,
        "first segment ends a sentence": made.ids[rows, middle - 1] % 7 == 6,
        "second segment ends a sentence": made.ids[rows, -2] % 7 == 6,
        "first segment begins a sentence": made.ids[rows, 1] % 7 == 0,
        "second segment begins a sentence": made.ids[rows, middle + 1] % 7 == 0,
    }
    for name, cue in cues.items():
        for value in np.unique(cue):
            given = made.swapped[cue == value]
            assert np.mean(given) == pytest.approx(0.5, abs=4.5 * 0.5 / np.sqrt(len(given))), (name, value)


def test_documents_of_one_sentence_become_single_segments(corpus):
    path = corpus.directory / "sentences.txt"
    path.write_text("\n\n".join(STORY * 9), encoding="utf-8")
    cache = open_cache(corpus.directory / "cache", [str(path)], corpus.tokenizer, log=lambda _: None)
    region = split_cache(cache, 1.0, 0.0)[0]
    made = make_sequences(region, np.array([0, 31, 400]), 37, _special(corpus.tokenizer), np.random.default_rng(1))
    assert not made.paired.any()
    assert not made.swapped.any()
    assert not made.types.any()
    assert (made.ids == corpus.tokenizer.sep_id).sum(axis=1).tolist() == [1, 1, 1]
    assert _text(corpus.tokenizer, made.ids[0]).startswith("[CLS]" + STORY[0] + STORY[1])


def test_a_sentence_longer_than_a_sequence_is_read_all_through():
    size = 500
    region = Region(np.arange(size, dtype=np.uint32), None, 0, size, np.array([0]), np.array([], np.int64))
    special = SpecialIds(1001, 1002, 1003, 1004)
    starts = np.arange(0, size, 31)
    made = make_sequences(region, starts, 33, special, np.random.default_rng(1))
    assert not made.paired.any()
    read = np.unique(made.ids[made.text])
    # Only around the sentence's start are two windows pulled to one place.
    assert len(read) > size - 33


def test_batches_are_a_function_of_seed_and_step(corpus, region):
    streams = [ExampleStream([region], corpus.tokenizer, SETTINGS, 5, seed) for seed in (1, 1, 2)]
    for step in (0, 3, 1000, 3):
        first, second, other = (stream.batch(step) for stream in streams)
        assert all(np.array_equal(first[name], second[name]) for name in first)
        assert not np.array_equal(first["input_word_ids"], other["input_word_ids"])


def test_masks_change_from_epoch_to_epoch(corpus, region):
    stream = ExampleStream([region], corpus.tokenizer, SETTINGS, 7, seed=1)
    per_epoch = int(np.ceil(stream.batches_per_epoch))
    masked = [
        np.concatenate([stream.batch(step)["masked_lm_positions"] for step in steps])
        for steps in (range(per_epoch), range(per_epoch, 2 * per_epoch))
    ]
    assert not np.array_equal(*masked)


def test_batch_shapes_and_weights(corpus, region):
    batch = ExampleStream([region], corpus.tokenizer, SETTINGS, 5, seed=1).batch(2)
    assert {name: (value.shape, value.dtype.name) for name, value in batch.items()} == {
        "input_word_ids": ((5, 47), "int32"),
        "input_type_ids": ((5, 47), "int32"),
        "masked_lm_positions": ((5, 7), "int32"),
        "masked_lm_ids": ((5, 7), "int32"),
        "masked_lm_weights": ((5, 7), "float32"),
        "sentence_order_labels": ((5,), "int32"),
        "sentence_order_weights": ((5,), "float32"),
    }


def test_short_batches_hold_as_many_tokens(corpus, region):
    settings = dataclasses.replace(SETTINGS, max_seq_length=64, short_seq_prob=0.5)
    stream = ExampleStream([region], corpus.tokenizer, settings, 3, seed=1)
    shapes = [stream.batch(step)["input_word_ids"].shape for step in range(200)]
    assert set(shapes) == {(3, 64), (6, 32), (12, 16)}
    # Half of 200; four standard deviations.
    assert shapes.count((3, 64)) == pytest.approx(100, abs=28)


def test_unknown_characters_are_not_predicted(corpus):
    path = corpus.directory / "unknown.txt"
    path.write_text("\n".join("小明X去Y学校Z。" for _ in range(40)), encoding="utf-8")
    cache = open_cache(corpus.directory / "cache", [str(path)], corpus.tokenizer, log=lambda _: None)
    batch = ExampleStream([split_cache(cache, 1.0, 0.0)[0]], corpus.tokenizer, SETTINGS, 7, seed=1).batch(0)
    assert (batch["input_word_ids"] == corpus.tokenizer.unk_id).any()
    assert corpus.tokenizer.unk_id not in batch["masked_lm_ids"][batch["masked_lm_weights"] > 0]


def test_full_width_forms(tmp_path):
    from albert.tokenization import CharTokenizer  # noqa: PLC0415

    (tmp_path / "vocab.txt").write_text("\n".join(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "5", "%", "％", "人"]), encoding="utf-8")
    tokenizer = CharTokenizer(tmp_path / "vocab.txt")
    (tmp_path / "text.txt").write_text("\n".join(["5%人人"] * 40), encoding="utf-8")
    cache = open_cache(tmp_path / "cache", [str(tmp_path / "text.txt")], tokenizer, log=lambda _: None)
    settings = dataclasses.replace(SETTINGS, full_width_prob=0.5)
    batch = ExampleStream([split_cache(cache, 1.0, 0.0)[0]], tokenizer, settings, 50, seed=1).batch(0)
    ids = np.where(batch["input_word_ids"] == tokenizer.mask_id, 0, batch["input_word_ids"])
    np.put_along_axis(ids, batch["masked_lm_positions"], 0, axis=1)
    full, half = (ids == tokenizer.vocab["％"]).any(axis=1), (ids == tokenizer.vocab["%"]).any(axis=1)
    # The digit has no full-width form in this vocabulary.
    assert (ids == tokenizer.vocab["5"]).any(axis=1).all()
    assert np.array_equal(full, ~half)
    assert full.mean() == pytest.approx(0.5, abs=0.28)


def test_a_text_shorter_than_a_sequence_is_refused(corpus, region):
    with pytest.raises(UserError, match=r"^input_file: found an input of \d+ tokens, expected at least one sequence of 5001"):
        ExampleStream([region], corpus.tokenizer, dataclasses.replace(SETTINGS, max_seq_length=5003), 3, seed=1)


def test_more_tokens_than_a_model_can_take(corpus):
    """The project's bound: 300,000 tokens per second of processor time; measured: 2 million."""
    import time  # noqa: PLC0415

    path = write_corpus(corpus.directory / "large.txt", documents=4000)
    cache = open_cache(corpus.directory / "cache", [str(path)], corpus.tokenizer, log=lambda _: None)
    settings = ExampleSettings(max_seq_length=128)
    stream = ExampleStream([split_cache(cache, 1.0, 0.0)[0]], corpus.tokenizer, settings, 128, seed=1)
    stream.batch(0)
    started = time.process_time()
    tokens = sum(stream.batch(step)["input_word_ids"].size for step in range(1, 11))
    assert tokens / (time.process_time() - started) > 300_000
