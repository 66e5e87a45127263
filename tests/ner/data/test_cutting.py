"""Long training sentences: cut where it hurts least, and nothing lost."""

import pytest

from ner.data.cutting import split_example, split_examples
from ner.data.examples import Example
from ner.errors import DataError
from ner.tags import SCHEMES, illegal_positions, tags_from_spans
from tests.ner.long_text.test_windows import random_cases, random_spans


def split(text, spans, window, scheme="BIO"):
    example = Example(text, tuple(tags_from_spans(spans, len(text), scheme)), "train.txt", 3)
    parts, cut = split_example(example, window, scheme)
    return [part.text for part in parts], cut


def test_training_cuts_prefer_ends_of_sentences_then_clauses_then_anything_outside_entities():
    assert split("一二三，四五。六七八", [], 9) == (["一二三，四五。", "六七八"], 0)
    assert split("一二三四五，六七八九", [], 9) == (["一二三四五，", "六七八九"], 0)
    assert split("一二三四五六七八九十", [], 7) == (["一二三四五六七", "八九十"], 0)
    assert split("一二三四五六七八九十", [(5, 9, "A")], 7) == (["一二三四五", "六七八九十"], 0)
    # The full stop in the first half would make a needlessly short part.
    assert split("一。三四五六七八九十", [], 7) == (["一。三四五六七", "八九十"], 0)
    # Punctuation inside a title is no place to cut.
    assert split("一《三。五》七八九十", [(1, 6, "A")], 7) == (["一《三。五》七", "八九十"], 0)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_an_entity_longer_than_the_window_becomes_several(scheme):
    example = Example("零" * 13, tuple(tags_from_spans([(1, 12, "A")], 13, scheme)))
    parts, cut = split_example(example, 5, scheme)
    assert [len(part.text) for part in parts] == [1, 5, 5, 2]
    assert cut == 2
    assert [part.spans(scheme, strict=True) for part in parts] == [[], [(0, 5, "A")], [(0, 5, "A")], [(0, 1, "A")]]


def test_training_parts_make_up_the_text():
    for rng, length, window, _, scheme in random_cases(2_000):
        spans = random_spans(rng, length)
        text = "".join(rng.choices("中国人，。；", k=length))
        example = Example(text, tuple(tags_from_spans(spans, length, scheme)), "train.txt", 3)
        parts, cut = split_example(example, window, scheme)
        assert "".join(part.text for part in parts) == text
        assert all(len(part.text) <= window and (part.source, part.line) == ("train.txt", 3) for part in parts)
        assert all(illegal_positions(part.tags, scheme) == [] for part in parts)
        assert sum(len(part.spans(scheme)) for part in parts) == len(spans) + cut
        if cut == 0:
            assert [tag for part in parts for tag in part.tags] == list(example.tags)
        assert (cut > 0) == any(s.end - s.start > window for s in spans)


def test_splitting_a_corpus_is_counted():
    examples = [Example("中" * n, tuple(tags_from_spans([(0, n, "A")], n))) for n in (3, 5, 7, 11)]
    result = split_examples(examples, 5)
    assert [len(part.text) for part in result.examples] == [3, 5, 5, 2, 5, 5, 1]
    assert (result.split_sentences, result.cut_entities) == (2, 3)
    assert result.examples[:2] == examples[:2]
    with pytest.raises(DataError, match="window: found 0 characters"):
        split_examples(examples, 0)
