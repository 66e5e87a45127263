"""A further constraint of decoding is one function, given to the tagger in ``DecodingOptions``."""

import numpy as np
import pytest

from ner import Tagger
from ner.decoding.constraints import DecodingOptions, Masks
from ner.tags import OUTSIDE, illegal_positions, spans_from_tags
from tests.ner.tiny import CHARACTERS, tiny_model_dir


def apart(tag_set):
    """Between two entities there is at least one character."""
    outside = np.array([tag == OUTSIDE for tag in tag_set.tags])
    anything = np.ones(len(tag_set), bool)
    return Masks(outside[:, None] | outside | tag_set.continues, anything, anything)


def has_neighbours(tags):
    spans = spans_from_tags(tags)
    return any(before.end == after.start for before, after in zip(spans, spans[1:]))


@pytest.mark.parametrize("constrained", [True, False])
def test_the_tagger_keeps_to_it(tmp_path, constrained):
    model = tiny_model_dir(tmp_path / "model")
    random = np.random.default_rng(5)
    texts = ["".join(random.choice(list(CHARACTERS), size)) for size in random.integers(0, 28, 60)]  # a window each
    free, bound = (Tagger.load(model, decoding=DecodingOptions(constrained, constraints)).tags(texts) for constraints in ((), (apart,)))
    assert any(has_neighbours(tags) for tags in free)
    assert not any(has_neighbours(tags) for tags in bound)
    assert any(illegal_positions(tags) for tags in bound) != constrained
    assert sum(len(spans_from_tags(tags)) for tags in bound) > 100
