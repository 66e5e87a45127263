"""Two readings of texts: every difference is counted once on each side that has it."""

import random

from ner.evaluation import side_by_side
from ner.evaluation.comparison import KINDS, compare
from ner.evaluation.scores import Score
from ner.evaluation.side_by_side import TwoReadings, write_page
from ner.tags import Span

TEXTS = ["北京大学王明", "上海", "李华"]
FIRST = [[(Span(0, 4, "ORG"), 0.5), (Span(4, 6, "PER"), 0.9)], [(Span(0, 2, "LOC"), 0.7)], []]
SECOND = [[(Span(0, 2, "LOC"), 0.4), (Span(4, 6, "PER"), 0.8)], [(Span(0, 2, "ORG"), 0.6)], [(Span(0, 2, "PER"), None)]]


def test_kinds_and_counts():
    found = compare(TEXTS, FIRST, SECOND)
    assert found.agreement == Score(1, 4, 3)
    assert found.sentences == 3
    assert found.kinds == {**dict.fromkeys(KINDS.values(), 0), "only the second": 1, "another type": 1, "nested": 1}
    assert found.by_type == {"LOC": Score(0, 1, 1), "ORG": Score(0, 1, 1), "PER": Score(1, 2, 1)}
    assert (found.scores, found.counts) == (None, None)


def test_gold():
    gold = [[span for span, _ in entities] for entities in FIRST]
    found = compare(TEXTS, FIRST, SECOND, gold)
    assert [scores.overall for scores in found.scores] == [Score(3, 3, 3), Score(1, 4, 3)]
    assert found.counts == ([[2, 2, 2], [1, 1, 1], [0, 0, 0]], [[1, 2, 2], [0, 1, 1], [0, 1, 0]])
    assert found.to_dict()["scores"][0]["overall"]["f1"] == 1.0


def test_differences_agree_with_a_count_of_sets():
    """An entity of one reading alone is missing or added in exactly one difference."""
    numbers = random.Random(5)

    def reading():
        ends = sorted(numbers.sample(range(1, 23), 8))
        return [(Span(a, b, numbers.choice("XYZ")), None) for a, b in zip(ends[::2], ends[1::2]) if numbers.random() < 0.8]

    texts = ["x" * 23] * 211
    first, second = ([reading() for _ in texts] for _ in range(2))
    found = compare(texts, first, second)
    alone = [sum(len({*a} - {*b}) for a, b in zip(*pair)) for pair in ((first, second), (second, first))]
    assert alone == [sum(d.misses for d in found.differences), sum(d.adds for d in found.differences)]
    assert alone == [found.agreement.support - found.agreement.correct, found.agreement.predicted - found.agreement.correct]
    assert found.sentences == sum({*a} != {*b} for a, b in zip(first, second))
    assert sum(found.kinds.values()) == len(found.differences)


def test_the_page_holds_text_as_text_and_outlines_what_differs(tmp_path, monkeypatch):
    path = tmp_path / "page.html"
    texts = [TwoReadings("a.txt:1: <b>", "<script>王明", [(Span(8, 10, "PER"), 0.25)], [(Span(8, 10, "PER"), 0.5)])] * 3
    texts[1] = TwoReadings("a.txt:2", "北京$大学", FIRST[0][:1], [])
    write_page(str(path), "T & T", ["first", "second"], "1 < 2", texts)
    page = path.read_text()
    assert "<script>" not in page
    assert "&lt;script&gt;" in page
    assert "T &amp; T" in page
    assert "1 &lt; 2" in page
    assert page.count('<mark class="differs"') == 1
    assert "ORG 0.500" in page
    assert "北京$大<b>" in page
    monkeypatch.setattr(side_by_side, "MOST_TEXTS", 2)
    write_page(str(path), "T", ["a", "b"], "", texts)
    assert "The first 2 texts are shown, 1 are left out." in path.read_text()
