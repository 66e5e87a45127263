"""Windows: nothing lost, nothing doubled, no entity cut where it can be helped."""

import random

import pytest

from ner.data.examples import Example
from ner.data.joining import join_windows, owned_ranges
from ner.data.windows import split_example, split_examples, split_windows
from ner.errors import DataError
from ner.tags import SCHEMES, Span, TagSet, convert, illegal_positions, spans_from_tags, tags_from_spans


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
    """What a perfect tagger says of a window: entities that stick out of it are seen as far as it reaches."""
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
        sequences = [convert(rng.choices(tags, k=end - start), scheme, scheme) for start, end in windows]
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
