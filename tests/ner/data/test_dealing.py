"""Splits: sizes near the shares, the same for a seed, and nothing in two of them."""

import collections

import pytest

from ner.data.dealing import deal
from ner.data.examples import Details, Example


def example(text, document=""):
    return Example(text, ("O",) * len(text), "a.txt", details=Details(document=document))


def test_sizes_are_the_shares_and_the_order_is_kept():
    examples = [example(f"{number:03}") for number in range(101)]
    parts = deal(examples, [0.8, 0.1, 0.1])
    assert [len(part) for part in parts] == [81, 10, 10]
    assert sorted(e.text for part in parts for e in part) == [e.text for e in examples]
    assert all([e.text for e in part] == sorted(e.text for e in part) for part in parts)


def test_the_seed_decides():
    examples = [example(f"{number}") for number in range(53)]
    assert deal(examples, [1, 1], 3) == deal(examples, [1, 1], 3) != deal(examples, [1, 1], 4)


@pytest.mark.parametrize("seed", range(20))
def test_no_text_and_no_document_is_in_two_splits(seed):
    # Text 0 of each document is in the next document too, for every third.
    examples = [
        example(f"{document + (document % 3 == 0 and not number)}-{number}", f"d{document}")
        for document in range(37)
        for number in range(3)
    ]
    parts = deal(examples, [0.7, 0.2, 0.1], seed)
    places = collections.defaultdict(set)
    for split, part in enumerate(parts):
        for e in part:
            places[e.text].add(split)
            places[e.details.document].add(split)
    assert all(len(found) == 1 for found in places.values())
    assert abs(len(parts[0]) - 0.7 * len(examples)) <= 6


def test_documents_of_two_files_with_one_name_are_two():
    examples = [Example("x", ("O",), name, details=Details(document="d")) for name in ("a", "b")]
    examples[1] = Example("y", ("O",), "b", details=Details(document="d"))
    assert [len(part) for part in deal(examples, [1, 1])] == [1, 1]


def test_a_share_of_nothing_gets_nothing():
    assert [len(part) for part in deal([example(str(n)) for n in range(7)], [1, 0, 1])][1] == 0
