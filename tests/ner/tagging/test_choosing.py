"""Choice of texts: the most doubtful, none twice, a random share, in bounded memory."""

import json
import random

import pytest

from ner.tagging.choosing import Candidate, Chooser
from ner.tags import Span


def candidates(count, seed=1):
    numbers = random.Random(seed)
    letters = [chr(0x4E00 + n) for n in range(3000)]
    return [Candidate("".join(numbers.choices(letters, k=20)), numbers.random(), [(Span(0, 2, "PER"), 0.5)]) for _ in range(count)]


def fed(texts, **options):
    chooser = Chooser(**options)
    for candidate in texts:
        chooser.add(candidate)
    return chooser


def test_the_most_doubtful_come_first():
    texts = candidates(501)
    chosen = fed(texts, limit=20, random_share=0).choose()
    assert [candidate for candidate, _ in chosen] == sorted(texts, key=lambda c: -c.doubt)[:20]
    assert {kind for _, kind in chosen} == {"doubt"}


def test_a_share_is_random_and_stands_between_the_others():
    texts = candidates(501)
    chosen = fed(texts, limit=20, random_share=0.25).choose()
    assert sum(kind == "random" for _, kind in chosen) == 5
    # Whoever stops in the middle has both.
    assert sum(kind == "random" for _, kind in chosen[:10]) in (2, 3)
    assert len({candidate.text for candidate, _ in chosen}) == 20
    shuffled = random.Random(3).sample(texts, len(texts))
    assert fed(shuffled, limit=20, random_share=0.25).choose() == chosen
    other = fed(texts, limit=20, random_share=0.25, seed=7).choose()
    assert [c for c, kind in other if kind == "doubt"] == [c for c, kind in chosen if kind == "doubt"]
    assert [c for c, kind in other if kind == "random"] != [c for c, kind in chosen if kind == "random"]


def test_the_random_ones_are_drawn_from_all_alike():
    texts = candidates(200)
    doubts = [c.doubt for seed in range(60) for c, _ in fed(texts, limit=10, random_share=1, seed=seed).choose()]
    assert sum(doubts) / len(doubts) == pytest.approx(sum(c.doubt for c in texts) / 200, abs=0.05)


def test_near_duplicates_and_annotated_texts_are_left_out():
    texts = candidates(40)
    doubled = [Candidate(c.text[:-1] + end, c.doubt - place * 0.001, c.spans) for c in texts for place, end in enumerate("甲乙丙")]
    chosen = fed(doubled, limit=40, random_share=0).choose()
    assert [c for c, _ in chosen] == sorted((c for c in doubled if c.text.endswith("甲")), key=lambda c: -c.doubt)
    # Also if the more doubtful one comes later.
    assert fed(doubled[::-1], limit=40, random_share=0).choose() == chosen
    chosen = fed(doubled, limit=40, random_share=0.5, annotated=[c.text for c in texts[:30]]).choose()
    assert {c.text[:-1] for c, kind in chosen} <= {c.text[:-1] for c in texts[30:]}


def test_memory_does_not_grow_with_the_texts():
    chooser = fed(candidates(5000), limit=10, random_share=0.2)
    state = chooser.state()
    assert len(state["doubtful"]) <= 16
    assert len(state["random"]) <= 10
    assert len(chooser._heap) <= 17
    assert len(chooser._held._sizes) == len(state["doubtful"])


def test_a_state_goes_on_as_if_nothing_had_been():
    texts = candidates(700)
    whole = fed(texts, limit=20, random_share=0.3)
    half = Chooser(20, 0.3)
    half.restore(json.loads(json.dumps(fed(texts[:333], limit=20, random_share=0.3).state())))
    for candidate in texts[333:]:
        half.add(candidate)
    assert half.choose() == whole.choose()
    with pytest.raises((KeyError, TypeError, ValueError)):
        half.restore({"doubtful": [[1, 2, 3]], "random": []})
