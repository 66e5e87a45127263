"""Windows: nothing lost, nothing doubled, no entity cut where it can be helped."""

import random

import pytest

from ner.errors import DataError
from ner.long_text.windows import split_windows
from ner.tags import SCHEMES, Span, TagSet, convert_scheme, illegal_positions, spans_from_tags, tags_from_spans
from tests.ner.long_text.reference import join_windows, owned_ranges


def random_spans(rng, length, longest=8):
    spans, position = [], 0
    while True:
        start = position + rng.randrange(6)
        end = start + rng.randrange(1, longest + 1)
        if end > length:
            return spans
        spans.append(Span(start, end, rng.choice("AB")))
        position = end


def view(spans, window, scheme):
    """Tags of a window by a perfect tagger: entities that cross its edge are cut there."""
    start, end = window
    inside = [Span(max(s.start, start) - start, min(s.end, end) - start, s.label) for s in spans if s.start < end and s.end > start]
    return tags_from_spans(inside, end - start, scheme)


def random_cases(count, seed=11):
    rng = random.Random(seed)
    for _ in range(count):
        window = rng.randrange(1, 31)
        yield rng, rng.randrange(0, 61), window, rng.randrange(window), rng.choice(SCHEMES)


def test_windows_cover_the_text():
    for _, length, window, overlap, _ in random_cases(2_000):
        windows = split_windows(length, window, overlap)
        assert {i for start, end in windows for i in range(start, end)} == set(range(length))
        assert all(end - start == min(window, length) for start, end in windows)
        assert all(first[1] - second[0] >= overlap for first, second in zip(windows, windows[1:]))
        assert windows == sorted(set(windows))


def test_windows_of_one_text():
    assert split_windows(17, 7, 3) == [(0, 7), (4, 11), (8, 15), (10, 17)]
    assert split_windows(7, 7, 3) == [(0, 7)]
    assert split_windows(5, 7, 3) == [(0, 5)]
    assert split_windows(0, 7, 3) == []
    assert split_windows(15, 5, 0) == [(0, 5), (5, 10), (10, 15)]


@pytest.mark.parametrize(
    "window, overlap, message",
    [
        (0, 0, "window: found 0 characters, expected at least 1"),
        (7, 7, "overlap: found 7 characters, expected fewer than the window's 7 and not less than 0"),
        (7, -1, "overlap: found -1 characters, expected fewer than the window's 7 and not less than 0"),
    ],
)
def test_impossible_windows(window, overlap, message):
    with pytest.raises(DataError) as e:
        split_windows(23, window, overlap)
    assert str(e.value) == message


def test_owned_ranges_partition_the_text():
    for rng, length, window, overlap, scheme in random_cases(2_000):
        windows = split_windows(length, window, overlap)
        ranges = owned_ranges(windows, [view(random_spans(rng, length), w, scheme) for w in windows], scheme)
        assert [i for start, end in ranges for i in range(start, end)] == list(range(length))
        assert all(w[0] <= start <= end <= w[1] for w, (start, end) in zip(windows, ranges))


def test_an_overlap_as_long_as_the_longest_entity_loses_nothing():
    exact = 0
    for rng, length, window, overlap, scheme in random_cases(4_000):
        spans = random_spans(rng, length)
        windows = split_windows(length, window, overlap)
        joined = join_windows(windows, [view(spans, w, scheme) for w in windows], scheme)
        assert len(joined) == length
        assert illegal_positions(joined, scheme) == []
        if overlap >= max((s.end - s.start for s in spans), default=0):
            assert joined == tags_from_spans(spans, length, scheme)
            exact += len(windows) > 1
    assert exact > 500


def test_joining_disagreeing_windows_gives_legal_tags():
    for rng, length, window, overlap, scheme in random_cases(4_000):
        windows = split_windows(length, window, overlap)
        tags = TagSet(("A", "B"), scheme).tags
        sequences = [convert_scheme(rng.choices(tags, k=end - start), scheme, scheme) for start, end in windows]
        joined = join_windows(windows, sequences, scheme)
        assert len(joined) == length
        assert illegal_positions(joined, scheme) == []


def test_the_cut_is_the_clean_place_nearest_the_middle():
    windows = [(0, 10), (4, 14)]
    quiet = ["O"] * 10
    assert owned_ranges(windows, [quiet, quiet]) == [(0, 7), (7, 14)]
    entity = tags_from_spans([(5, 9, "A")], 10)  # in the first window's characters: only 4, 5, 9 and 10 are outside or at its edge
    assert owned_ranges(windows, [entity, quiet]) == [(0, 5), (5, 14)]
    assert owned_ranges(windows, [entity, tags_from_spans([(0, 1, "A"), (1, 3, "B")], 10)]) == [(0, 5), (5, 14)]
    assert owned_ranges(windows, [entity, tags_from_spans([(0, 5, "A")], 10)]) == [(0, 9), (9, 14)]
    assert owned_ranges([], []) == []


def test_where_there_is_no_clean_place():
    windows = [(0, 6), (3, 9)]
    left = tags_from_spans([(2, 6, "A")], 6)
    same = tags_from_spans([(0, 4, "A")], 6)
    other = tags_from_spans([(0, 4, "B")], 6)
    # Both inside an A: one entity over the border.
    assert spans_from_tags(join_windows(windows, [left, same])) == [(2, 7, "A")]
    # An A against a B: cut where one of them begins, and the other ends there.
    joined = join_windows(windows, [left, other])
    assert spans_from_tags(joined, strict=True) == [(2, 3, "A"), (3, 7, "B")]
    assert illegal_positions(joined) == []


def test_illegal_tags_inside_a_window_stay():
    windows = [(0, 6), (4, 10)]
    tags = ["O", "I-A", "O", "O", "O", "O"]
    joined = join_windows(windows, [tags, ["O"] * 6])
    assert joined == ["O", "I-A", *["O"] * 8]


def test_single_window_is_left_alone():
    assert join_windows([(0, 3)], [["I-A", "O", "B-B"]]) == ["I-A", "O", "B-B"]
    assert join_windows([], []) == []
