"""Held-out text that the scores are of."""

import dataclasses

import numpy as np
import pytest

from albert.config import AlbertConfig
from albert.pretraining.evaluation import Evaluator
from albert.pretraining.settings import ExampleSettings
from albert.pretraining.token_cache import open_cache
from albert.pretraining.windows import split_cache
from albert.pretraining_model import AlbertForPretraining
from tests.albert.pretraining.conftest import CONFIG

SETTINGS = ExampleSettings(max_seq_length=23, max_predictions_per_seq=3, short_seq_prob=0.5, full_width_prob=0.5)


@pytest.fixture(name="regions")
def _regions(corpus):
    """Training text, and two held-out stretches of different length."""
    cache = open_cache(corpus.directory / "cache", [str(corpus.path)], corpus.tokenizer, log=lambda _: None)
    training, held_out = split_cache(cache, 1.0, 0.5)
    return training, [held_out, split_cache(cache, 1.0, 0.1)[1]]


def windows_read(evaluator):
    """(region, start) of every window that the evaluator's batches read."""
    stream = evaluator._stream
    read = [stream._sampler.rows(step * stream._batch_size, stream._batch_size) for step in range(evaluator._num_batches)]
    return [pair for windows in read for pair in zip(windows.regions.tolist(), windows.starts.tolist())]


@pytest.mark.parametrize("weights", [(1.0, 1.0), (6.0, 1.0), (0.25, 6.0), (0.0, 3.0)])
@pytest.mark.parametrize("batch_size", [1, 4, 5, 1000])
def test_held_out_text_is_read_once_whatever_its_weight(corpus, regions, weights, batch_size):
    training, held_out = regions
    weighted = [dataclasses.replace(region, weight=weight) for region, weight in zip(held_out, weights)]
    evaluator = Evaluator(None, [training], weighted, corpus.tokenizer, SETTINGS, batch_size, 10**6, seed=3)
    read = windows_read(evaluator)
    assert len(set(read)) == len(read)
    there = sum(region.size // (SETTINGS.max_seq_length - 2) for region in held_out)
    # The rest is less than a batch.
    assert there - min(batch_size, there) < len(read) <= there
    starts = [np.array([start for k, start in read if k == number]) for number in (0, 1)]
    assert all(len(found) for found in starts)


def test_scores_are_of_less_than_a_batch_too(corpus, regions):
    training, (_, held_out) = regions
    config = AlbertConfig.from_dict(CONFIG)
    scores = Evaluator(AlbertForPretraining(config), [training], [held_out], corpus.tokenizer, SETTINGS, 1000, 7, seed=3).evaluate()
    sequences = held_out.size // (SETTINGS.max_seq_length - 2)
    assert 0 < sequences < 1000
    assert scores["predictions"] == 3 * sequences
    assert 0 < scores["pairs"] <= sequences
