"""Joining window by window: the same as joining at once, nothing held back for long, entities and tags in step."""

import random

import pytest

from ner.long_text.joining import WindowJoiner
from ner.long_text.windows import split_windows
from ner.tags import SCHEMES, TagSet, convert_scheme, spans_from_tags, tags_from_spans
from tests.ner.long_text.reference import join_windows


def join(windows, sequences, scheme="BIO", scores=None):
    joiner = WindowJoiner(scheme)
    pieces = [joiner.add(w, tags, scores=s) for w, tags, s in zip(windows, sequences, scores or [None] * len(windows))]
    return [*pieces, joiner.finish()]


@pytest.mark.parametrize("legal", [True, False])
def test_pieces_cover_the_text_and_their_entities_are_those_of_their_tags(legal):
    rng = random.Random(17)
    for _ in range(2_000):
        size = rng.randrange(1, 23)
        windows = split_windows(rng.randrange(0, 71), size, rng.randrange(size))
        scheme = rng.choice(SCHEMES)
        tags = ("O", *TagSet(("A", "B"), scheme).tags)
        sequences = [rng.choices(tags, k=end - start) for start, end in windows]
        if legal:
            sequences = [convert_scheme(sequence, scheme, scheme) for sequence in sequences]
        pieces = join(windows, sequences, scheme)
        position = 0
        for piece in pieces:
            assert piece.start == position
            position += len(piece.tags)
            assert all(piece.start <= span.start and span.end <= position for span, _ in piece.spans)
        joined = [tag for piece in pieces for tag in piece.tags]
        assert joined == join_windows(windows, sequences, scheme)
        assert [span for piece in pieces for span, _ in piece.spans] == spans_from_tags(joined, scheme)
        assert [piece.last for piece in pieces] == [False] * len(windows) + [True]


def test_a_window_is_given_out_when_the_next_one_comes():
    windows = split_windows(1_003, 13, 3)
    joiner = WindowJoiner()
    given = [joiner.add(window, tags_from_spans([(5, 7, "A")], 13)) for window in windows]
    # The border is one character into the next window, next to the middle of what the two share.
    assert [piece.start + len(piece.tags) for piece in given] == [0, *(start + 1 for start, _ in windows[1:])]


def test_an_entity_has_the_score_of_the_window_that_decides_it():
    windows = [(0, 10), (4, 14)]
    left, right = tags_from_spans([(0, 2, "A"), (5, 7, "A")], 10), tags_from_spans([(1, 3, "A"), (4, 6, "B")], 10)
    spans = [item for piece in join(windows, [left, right], scores=[[0.9, 0.8], [0.2, 0.7]]) for item in piece.spans]
    assert spans == [((0, 2, "A"), 0.9), ((5, 7, "A"), 0.8), ((8, 10, "B"), 0.7)]


def test_an_entity_joined_from_two_parts_has_the_lower_score():
    windows = [(0, 6), (3, 9)]
    sequences = [tags_from_spans([(2, 6, "A")], 6), tags_from_spans([(0, 4, "A")], 6)]
    spans = [item for piece in join(windows, sequences, scores=[[0.6], [0.4]]) for item in piece.spans]
    assert spans == [((2, 7, "A"), 0.4)]


def test_a_tag_that_would_be_read_as_going_on_with_the_entity_before_begins_its_own():
    windows = [(0, 6), (3, 9)]
    # The left window's A ends where the right window, illegally, opens one with an inside tag.
    left, right = ["O", "O", "B-A", "I-A", "O", "O"], ["O", "I-A", "O", "O", "O", "O"]
    joined = join_windows(windows, [left, right])
    assert joined == ["O", "O", "B-A", "I-A", "B-A", "O", "O", "O", "O"]
    assert [span for piece in join(windows, [left, right]) for span, _ in piece.spans] == spans_from_tags(joined)
