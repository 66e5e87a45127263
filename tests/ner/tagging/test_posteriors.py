"""Posteriors of texts of any length."""

import types

import pytest

from albert.errors import UserError
from ner.tagging.posteriors import Posteriors
from ner.tags import Span
from tests.ner.tiny import CHARACTERS, tiny_predictor


@pytest.fixture(scope="module", name="tagger")
def _tagger(tmp_path_factory):
    return types.SimpleNamespace(predictor=tiny_predictor(tmp_path_factory.mktemp("tiny"), batch_size=3))


def test_the_tagger_s_own_entities_have_their_scores_and_are_judged_as_given_ones(tagger):
    texts = [CHARACTERS[first : first + 7 + first % 19] for first in range(0, 200, 11)] + [CHARACTERS[:97], CHARACTERS[50:140]]
    predictions = [found.spans for found in tagger.predictor.predict(texts)]
    given = [[span for span, _ in spans] for spans in predictions]
    found = list(Posteriors(tagger).read(texts, given))
    assert len(found) == len(texts)
    assert sum(map(len, given)) > 20
    for own, spans, text in zip(found, predictions, texts):
        assert [span for span, _ in own.spans] == [span for span, _ in spans]
        assert [score for _, score in own.spans] == pytest.approx([score for _, score in spans], abs=1e-5)
        if len(text) <= tagger.predictor.window:
            assert own.given == pytest.approx([score for _, score in spans], abs=1e-5)
        assert own.expected >= sum(score for _, score in spans) - 0.1 - 0.5 * (len(text) > tagger.predictor.window)
        assert own.doubt >= 0.0


def test_an_exported_tagger_has_none():
    with pytest.raises(UserError, match="found an exported tagger, expected a training output directory"):
        Posteriors(types.SimpleNamespace(predictor=object()))


def test_entities_of_unknown_types_have_no_chance_and_too_long_ones_no_answer(tagger):
    text = CHARACTERS[:40]
    (found,) = Posteriors(tagger).read([text], [[Span(0, 3, "X"), Span(4, 39, "PER")]])
    assert found.given == [0.0, None]
