"""Counts of the second cause of section 4.5, worked out by hand."""

from ner.data.examples import Example
from ner.reproduce.places import CONSISTENT, INCONSISTENT, UNSEEN, agreement, count_places, gold_places
from ner.tags import Span


def _example(text, *spans):
    tags = ["O"] * len(text)
    for start, end, label in spans:
        tags[start:end] = [f"B-{label}"] + [f"I-{label}"] * (end - start - 1)
    return Example(text, tuple(tags))


TRAIN = [
    _example("去天河看花", (1, 3, "LOC")),
    _example("天河水地山", (0, 2, "LOC"), (3, 5, "PER")),
    # Inside a longer entity the annotation cannot mark it.
    _example("天河大学", (0, 4, "ORG")),
    # Once a place, once nothing.
    _example("海林和海林", (0, 2, "LOC")),
    # Across the end of an entity: neither way.
    _example("山川江", (0, 2, "LOC")),
]


def test_agreement():
    assert agreement(TRAIN, "BIO", {"天河", "海林", "地山", "大学", "川江", "云"}) == {
        "天河": CONSISTENT,
        "海林": INCONSISTENT,
        "地山": INCONSISTENT,
        "大学": UNSEEN,
        "川江": UNSEEN,
        "云": UNSEEN,
    }


def test_outcomes():
    test = [
        _example("天河天河海林", (0, 2, "LOC"), (2, 4, "LOC"), (4, 6, "LOC")),
        _example("云南李明", (0, 2, "LOC"), (2, 4, "PER")),
    ]
    predicted = [[Span(0, 2, "LOC"), Span(3, 5, "ORG")], []]
    places = gold_places(test, "BIO")
    assert [name for _, _, name in places] == ["天河", "天河", "海林", "云南"]
    assert count_places(places, predicted, agreement(TRAIN, "BIO", {name for _, _, name in places})) == {
        CONSISTENT: {"found": 1, "other entity": 1, "missed": 0},
        INCONSISTENT: {"found": 0, "other entity": 1, "missed": 0},
        UNSEEN: {"found": 0, "other entity": 0, "missed": 1},
    }
