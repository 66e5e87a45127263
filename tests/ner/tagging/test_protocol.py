"""The same cases over everything that finds entities in texts: ``ner.tagging.protocol.TextPredictor``."""

import numpy as np
import pytest

from ner.decoding.constraints import DecodingOptions
from ner.tagging import sessions
from ner.tagging.tagger import Tagger
from ner.tags import spans_from_tags
from tests.ner.export.exporting import CONFIG, EDGE_TEXTS, export, random_texts, save_tagger

# Windows are of 17 characters.
TEXTS = [*EDGE_TEXTS, "\ud800京上海\udfff大学", "李明在上海大学张三去了京上海大学书记" * 3, *random_texts(29, seed=3)]
# By name of the implementation: the directory and the runtime it is loaded with.
IMPLEMENTATIONS = {"tensorflow": ("model", "tensorflow"), "savedmodel": ("savedmodel", "auto")}
if sessions.available():
    IMPLEMENTATIONS.update({"onnx": ("model", "onnx"), "exported onnx": ("onnx", "auto")})


@pytest.fixture(name="taggers", scope="module")
def _taggers(tmp_path_factory):
    """One tagger through every implementation."""
    work = tmp_path_factory.mktemp("protocol")
    save_tagger(work / "model")
    for name in ("savedmodel", "onnx"):
        export(work / "model", work / name, export_format=name)
    return {name: Tagger.load(work / path, batch_size=5, runtime=runtime) for name, (path, runtime) in IMPLEMENTATIONS.items()}


@pytest.fixture(name="expected", scope="module")
def _expected(taggers):
    return list(taggers["tensorflow"].predict(TEXTS))


@pytest.fixture(name="tagger", params=IMPLEMENTATIONS)
def _tagger(request, taggers):
    return taggers[request.param]


def test_it_says_what_it_knows(tagger):
    assert tagger.tag_set == tagger.predictor.tag_set == CONFIG.tag_set
    assert tagger.labels == ("LOC", "PER")
    assert tagger.predictor.decoding == DecodingOptions()


def test_predictions_are_those_of_the_model_in_tensorflow(tagger, expected):
    found = list(tagger.predict(TEXTS))
    assert [prediction.tags for prediction in found] == [prediction.tags for prediction in expected]
    for text, prediction, other in zip(TEXTS, found, expected):
        assert len(prediction.tags) == len(text)
        spans = [span for span, _ in prediction.spans]
        assert spans == [span for span, _ in other.spans] == spans_from_tags(prediction.tags, CONFIG.tag_set.scheme)
        np.testing.assert_allclose([score for _, score in prediction.spans], [score for _, score in other.spans], atol=2e-5)
    assert sum(len(prediction.spans) for prediction in found) > 50


def test_tags_entities_and_pieces_are_parts_of_the_predictions(tagger, expected):
    assert tagger.tags(TEXTS) == [prediction.tags for prediction in expected]
    entities = list(tagger.predictor.entities(TEXTS))
    assert len(entities) == len(TEXTS)
    for text, found, prediction in zip(TEXTS, entities, expected):
        assert [(e.start, e.end, e.label) for e in found] == [span for span, _ in prediction.spans]
        assert all(entity.text == text[entity.start : entity.end] for entity in found)
        np.testing.assert_allclose([e.score for e in found], [score for _, score in prediction.spans], atol=2e-5)
    assert tagger.tag_batch(TEXTS) == entities
    pieces = tagger.pieces(TEXTS)
    for prediction in expected:
        tags, spans = [], []
        for piece in pieces:
            assert piece.start == len(tags)
            tags += piece.tags
            spans += [span for span, _ in piece.spans]
            if piece.last:
                break
        assert (tags, spans) == (prediction.tags, [span for span, _ in prediction.spans])
    assert list(pieces) == []


def test_progress_is_told_after_each_text(tagger):
    for method in (tagger.tags, tagger.predict):
        steps = []
        assert len(list(method(TEXTS[:7], steps.append))) == 7
        assert steps == [1] * 7


def test_texts_may_come_one_by_one_without_end(tagger):
    def texts():
        while True:
            yield "京上海大学"

    for method in (tagger.stream, tagger.predict, tagger.predictor.entities):
        first, second = (one for one, _ in zip(method(texts()), range(2)))
        assert first == second
    assert list(tagger.stream([])) == list(tagger.pieces([])) == list(tagger.predict([])) == tagger.tags([]) == tagger.tag_batch([]) == []
