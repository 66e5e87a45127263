"""Tags, schemes and spans, held to seqeval where seqeval has an opinion."""

import itertools
import random

import numpy as np
import pytest
from seqeval.metrics.sequence_labeling import get_entities
from seqeval.scheme import IOB2, IOBES, Tokens

from ner.errors import DataError
from ner.tags import (
    SCHEMES,
    Span,
    TagSet,
    begin_tag,
    convert_scheme,
    describe_scheme,
    detect_scheme,
    illegal_positions,
    looks_like_tag,
    spans_from_tags,
    spread_tag,
    tags_from_spans,
)

TYPES = ("PER", "ORG", "B-SIDE")  # a hyphen in a type must not confuse anyone

# seqeval knows BMES and its cousins only under the letters of IOBES.
AS_IOBES = {"BIO": {}, "BIOES": {}, "BMES": {"M": "I"}, "BMEWO": {"M": "I", "W": "S"}, "BILOU": {"L": "E", "U": "S"}}


def in_seqeval_letters(tags, scheme):
    return [AS_IOBES[scheme].get(tag[0], tag[0]) + tag[1:] for tag in tags]


def random_sequences(scheme, count, seed=7):
    rng = random.Random(seed)
    tags = TagSet(TYPES, scheme).tags
    return [rng.choices(tags, k=rng.randrange(1, 12)) for _ in range(count)]


def random_spans(rng, length, types=TYPES):
    spans, position = [], 0
    while True:
        start = position + rng.randrange(4)
        end = start + rng.randrange(1, 5)
        if end > length:
            return spans
        spans.append(Span(start, end, rng.choice(types)))
        position = end


@pytest.mark.parametrize("scheme", SCHEMES)
def test_spans_are_those_of_seqeval(scheme):
    """20,000 random sequences per scheme, most of them full of illegal transitions; both readings."""
    strict_scheme = IOB2 if scheme == "BIO" else IOBES
    for tags in random_sequences(scheme, 20_000):
        translated = in_seqeval_letters(tags, scheme)
        lenient = [(s.label, s.start, s.end - 1) for s in spans_from_tags(tags, scheme)]
        assert lenient == get_entities(translated), tags
        strict = [(s.label, s.start, s.end) for s in spans_from_tags(tags, scheme, strict=True)]
        assert strict == [(e.tag, e.start, e.end) for e in Tokens(translated, strict_scheme).entities], tags


def test_the_two_readings_differ_on_an_entity_that_does_not_begin():
    tags = ["I-PER", "I-PER", "O", "B-LOC", "I-ORG"]
    assert spans_from_tags(tags) == [(0, 2, "PER"), (3, 4, "LOC"), (4, 5, "ORG")]
    assert spans_from_tags(tags, strict=True) == [(3, 4, "LOC")]
    assert spans_from_tags([]) == []


@pytest.mark.parametrize("scheme", SCHEMES)
def test_spans_survive_tags_and_every_conversion(scheme):
    rng = random.Random(3)
    for _ in range(500):
        length = rng.randrange(0, 23)
        spans = random_spans(rng, length)
        tags = tags_from_spans(rng.sample(spans, len(spans)), length, scheme)
        assert len(tags) == length
        assert illegal_positions(tags, scheme) == []
        for strict in (False, True):
            assert spans_from_tags(tags, scheme, strict) == spans
        for other in SCHEMES:
            assert convert_scheme(tags, scheme, other) == tags_from_spans(spans, length, other)


@pytest.mark.parametrize(
    "scheme, expected",
    [
        ("BIO", ["B-X", "O", "B-X", "I-X", "I-X"]),
        ("BIOES", ["S-X", "O", "B-X", "I-X", "E-X"]),
        ("BMES", ["S-X", "O", "B-X", "M-X", "E-X"]),
        ("BMEWO", ["W-X", "O", "B-X", "M-X", "E-X"]),
        ("BILOU", ["U-X", "O", "B-X", "I-X", "L-X"]),
    ],
)
def test_letters_of_each_scheme(scheme, expected):
    assert tags_from_spans([(2, 5, "X"), (0, 1, "X")], 5, scheme) == expected


@pytest.mark.parametrize(
    "spans, message",
    [
        ([(0, 3, "A"), (2, 4, "B")], "found entity B at [2, 4) overlapping A at [0, 3), expected entities that do not overlap"),
        ([(1, 1, "A")], "found entity A at [1, 1), expected a non-empty span inside a text of 5 characters"),
        ([(-1, 2, "A")], "found entity A at [-1, 2), expected a non-empty span inside a text of 5 characters"),
        ([(3, 6, "A")], "found entity A at [3, 6), expected a non-empty span inside a text of 5 characters"),
    ],
)
def test_spans_that_cannot_be_tagged(spans, message):
    with pytest.raises(DataError) as e:
        tags_from_spans(spans, 5)
    assert str(e.value) == message


@pytest.mark.parametrize("tag", ["E-PER", "B", "B-", "BPER", "", "b-PER", "o", "-PER"])
def test_a_tag_of_another_scheme_is_refused(tag):
    with pytest.raises(DataError, match="expected a BIO tag"):
        spans_from_tags(["O", tag])


def test_descriptions():
    assert describe_scheme("BIO") == "a BIO tag (O, B-…, I-…)"
    assert [tag for tag in ("O", "B-X", "M-X", "U-X", "NN", "B", "X-B", "B_X", "") if looks_like_tag(tag)] == ["O", "B-X", "M-X", "U-X"]


def test_illegal_positions_include_both_ends():
    assert illegal_positions(["I-A", "I-A", "O", "B-A", "I-B"]) == [0, 4]
    assert illegal_positions(["B-A", "I-A"], "BIOES") == [2]
    assert illegal_positions(["E-A", "S-A", "B-A", "E-B"], "BIOES") == [0, 3]
    assert illegal_positions([]) == []


@pytest.mark.parametrize("scheme", SCHEMES)
def test_legality_is_what_conversion_leaves_alone(scheme):
    for tags in random_sequences(scheme, 2_000):
        assert (illegal_positions(tags, scheme) == []) == (convert_scheme(tags, scheme, scheme) == tags)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_legal_transitions_agree_with_illegal_positions(scheme):
    """All sequences of three tags of two types."""
    tag_set = TagSet(("A", "B"), scheme)
    legal, start, end = tag_set.legal_transitions(), tag_set.legal_start(), tag_set.legal_end()
    assert legal.dtype == start.dtype == end.dtype == bool
    assert legal.shape == (len(tag_set), len(tag_set))
    for ids in itertools.product(range(len(tag_set)), repeat=3):
        allowed = start[ids[0]] and legal[ids[0], ids[1]] and legal[ids[1], ids[2]] and end[ids[2]]
        assert allowed == (not illegal_positions(tag_set.decode(ids), scheme)), ids


def test_legal_transitions_of_bio():
    tag_set = TagSet(("A", "B"))
    illegal = {
        (a, b) for a, b in itertools.product(tag_set.tags, repeat=2) if not tag_set.legal_transitions()[tag_set.index[a], tag_set.index[b]]
    }
    assert illegal == {("O", "I-A"), ("O", "I-B"), ("B-A", "I-B"), ("I-A", "I-B"), ("B-B", "I-A"), ("I-B", "I-A")}
    assert tag_set.legal_start().tolist() == [True, True, False, True, False]
    assert tag_set.legal_end().all()


def test_begin_and_spread():
    assert [begin_tag(tag, "BIOES") for tag in ("O", "B-X", "I-X", "E-X", "S-X")] == ["O", "B-X", "B-X", "S-X", "S-X"]
    assert spread_tag("B-X", 3) == ["B-X", "I-X", "I-X"]
    assert spread_tag("I-X", 2) == ["I-X", "I-X"]
    assert spread_tag("O", 2) == ["O", "O"]
    assert spread_tag("S-X", 3, "BMES") == ["B-X", "M-X", "E-X"]
    assert spread_tag("E-X", 2, "BMES") == ["M-X", "E-X"]
    assert spread_tag("B-X", 2, "BMES") == ["B-X", "M-X"]
    assert spread_tag("S-X", 1, "BMES") == ["S-X"]


@pytest.mark.parametrize("scheme", SCHEMES)
def test_schemes_are_detected(scheme):
    rng = random.Random(5)
    sequences = [tags_from_spans(random_spans(rng, 29), 29, scheme) for _ in range(31)]
    assert detect_scheme(sequences) == scheme


def test_a_stray_tag_does_not_change_the_detected_scheme():
    sequences = [["B-A", "I-A", "O"], ["B-A", "O", "E-A"], ["B-B", "I-B", "I-B"]]
    assert detect_scheme(sequences) == "BIO"
    assert detect_scheme([["O", "O"]]) == detect_scheme([]) == "BIO"


def test_tag_order_is_fixed():
    assert TagSet(("PER", "LOC")).tags == ("O", "B-PER", "I-PER", "B-LOC", "I-LOC")
    assert TagSet(("PER",), "BMES").tags == ("O", "B-PER", "M-PER", "E-PER", "S-PER")
    for order in itertools.permutations(["B-PER", "O", "I-LOC", "B-ORG"]):
        assert TagSet.from_tags(order).types == ("LOC", "ORG", "PER")


def test_encode_and_decode():
    tag_set = TagSet(("PER", "LOC"))
    ids = tag_set.encode(["O", "B-LOC", "I-LOC"])
    assert ids.dtype == np.int32
    assert ids.tolist() == [0, 3, 4]
    assert tag_set.decode(ids) == ["O", "B-LOC", "I-LOC"]
    assert tag_set.encode([]).shape == (0,)
    with pytest.raises(DataError, match="found tag 'B-ORG', expected one of O, B-PER"):
        tag_set.encode(["B-ORG"])
    for wrong in (-1, 5):
        with pytest.raises(IndexError):
            tag_set.decode([wrong])


@pytest.mark.parametrize("scheme", SCHEMES)
def test_tag_set_round_trips(scheme, tmp_path):
    tag_set = TagSet(("ORG", "LOC"), scheme)
    assert TagSet.from_dict(tag_set.to_dict()) == tag_set
    tag_set.save(tmp_path / "labels.txt")
    assert TagSet.load(tmp_path / "labels.txt") == tag_set
    assert (tmp_path / "labels.txt").read_bytes() == ("\n".join(tag_set.tags) + "\n").encode()


@pytest.mark.parametrize(
    "types, message",
    [
        ((), "found no entity type"),
        (("A", ""), "found entity type '', expected a name"),
        (("A B",), "found entity type 'A B', expected a name"),
        (("A", "B", "A"), "found entity type 'A' twice"),
    ],
)
def test_wrong_tag_sets(types, message):
    with pytest.raises(DataError, match=message):
        TagSet(types)


def test_unknown_scheme():
    with pytest.raises(DataError, match="found scheme 'IOB9', expected one of BIO, BIOES"):
        TagSet(("A",), "IOB9")


@pytest.mark.parametrize(
    "content, message",
    [
        (b"O\nI-A\nB-A\n", "found tags in the order O, I-A, B-A, expected O, B-A, I-A"),
        (b"B-A\nI-A\n", "found tags B-A, I-A, expected O and then all tags of each type"),
        (b"", "found tags none"),
        (b"O\nB-A\nI-\xd6\n", "found byte 0xd6 at offset 8, expected UTF-8 text"),
    ],
)
def test_wrong_label_files(content, message, tmp_path):
    path = tmp_path / "labels.txt"
    path.write_bytes(content)
    with pytest.raises(DataError) as e:
        TagSet.load(path)
    assert str(e.value).startswith(f"{path}: {message}")
    assert "\n" not in str(e.value)


def test_missing_label_file(tmp_path):
    with pytest.raises(DataError, match="labels.txt: no such file, expected the labels of a tagger"):
        TagSet.load(tmp_path / "labels.txt")
