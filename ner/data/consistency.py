"""Strings that are nearly always annotated in one way, and now and then in another."""

import collections
from collections.abc import Iterable
from typing import NamedTuple

from ner.data.examples import Example
from ner.tags import OUTSIDE, Span

# From so many places and this share of them on, a string's usual annotation is a rule that others break.
MIN_PLACES = 4
MIN_SHARE = 0.8
_MIN_CHARACTERS = 2


class Odd(NamedTuple):
    """A place at which a string is not annotated as elsewhere.

    Attributes:
      example: the sentence.
      span: the string's place in it, and its type there; the type is ``O`` where it is no entity.
      usual: its type at most places.
      times: how often it has that type.
      others: how often it has another one or none.
    """

    example: Example
    span: Span
    usual: str
    times: int
    others: int


def find_odd(examples: Iterable[Example], scheme: str = "BIO") -> list[Odd]:
    """All places at which a string is not annotated as nearly everywhere else.

    A string counts where all of it is an entity, and where no part of it belongs to one; inside longer entities it does not. Strings of one
    character say too little.

    Args:
      examples: sentences.
      scheme: that of their tags.
    """
    examples = list(examples)
    spans = [example.spans(scheme) for example in examples]
    types = collections.defaultdict(collections.Counter)
    for example, own in zip(examples, spans):
        for start, end, label in own:
            if end - start >= _MIN_CHARACTERS:
                types[example.text[start:end]][label] += 1
    names = {name: counts for name, counts in types.items() if max(counts.values()) >= MIN_PLACES}
    prefixes = {name[:size] for name in names for size in range(1, len(name) + 1)}
    places = collections.defaultdict(list)
    for example, own in zip(examples, spans):
        for start, end, label in own:
            if example.text[start:end] in names:
                places[example.text[start:end]].append((example, Span(start, end, label)))
        for start, end in _outside(example, names, prefixes):
            places[example.text[start:end]].append((example, Span(start, end, OUTSIDE)))
    found = []
    for name, counts in names.items():
        usual, times = counts.most_common(1)[0]
        others = len(places[name]) - times
        if 0 < others <= (1 - MIN_SHARE) * len(places[name]):
            found += [Odd(example, span, usual, times, others) for example, span in places[name] if span.label != usual]
    return sorted(found, key=lambda odd: (-odd.times / (odd.times + odd.others), odd.example.line))


def _outside(example, names, prefixes):
    """(start, end) of the strings of which no part belongs to an entity; of those that overlap the longest, from left to right."""
    text, tags = example.text, example.tags
    start = 0
    while start < len(text):
        end, longest = start, 0
        while end < len(text) and tags[end] == OUTSIDE and text[start : end + 1] in prefixes:
            end += 1
            if text[start:end] in names:
                longest = end
        if longest:
            yield start, longest
        start = longest or start + 1
