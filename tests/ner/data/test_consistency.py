"""Strings that are annotated in one way nearly everywhere."""

from ner.data.consistency import find_odd
from ner.data.examples import Example
from ner.tags import Span, tags_from_spans


def example(text, *spans, line=1):
    return Example(text, tuple(tags_from_spans([Span(*span) for span in spans], len(text))), "a.txt", line)


def test_the_exception_is_found():
    usual = [example("在北京市", (1, 3, "LOC"), line=line) for line in range(1, 8)]
    other, missing = example("去北京", (1, 3, "ORG"), line=8), example("北京很大", line=9)
    inside, longer = example("北京大学", (0, 4, "ORG")), example("北", (0, 1, "LOC"))
    found = find_odd([*usual, inside, longer, missing])
    assert [(odd.example.line, odd.span, odd.usual, odd.times, odd.others) for odd in found] == [(9, Span(0, 2, "O"), "LOC", 7, 1)]
    # 7 of 9 are no rule.
    assert find_odd([*usual, other, missing]) == []
    assert [odd.span for odd in find_odd([*usual, *usual, other, missing])] == [Span(1, 3, "ORG"), Span(0, 2, "O")]


def test_too_few_places_and_characters():
    assert find_odd([example("北京", (0, 2, "LOC"))] * 3 + [example("北京")]) == []
    assert find_odd([example("京", (0, 1, "LOC"))] * 30 + [example("京")]) == []


def test_the_longest_string_counts():
    both = [example("北京和北京大学", (0, 2, "LOC"), (3, 7, "ORG"))] * 10
    found = find_odd([*both, example("北京大学生")])
    assert [odd.span for odd in found] == [Span(0, 4, "O")]
