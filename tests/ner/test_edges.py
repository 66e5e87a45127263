"""Characters that no entity begins or ends with, in Python and in the graph."""

import random
import sys
import unicodedata

import numpy as np
import pytest

from ner.edges import FREE, NO_BEGIN, NO_END, edge_classes, has_edge_class, part_between_edges, visible_part
from ner.export.tokenizer import edge_classes as classes_in_graph
from ner.long_text.graph_joining import Characters, GraphWindowJoiner
from ner.long_text.joining import Piece, trim
from ner.tags import TagSet, spans_from_tags, tags_from_spans

SAMPLES = " \t\u3000\xa0\u200b\x00\r\n\ufeff\u200d\u2028\x85\xad\x7f"
EVERY = "".join(map(chr, range(sys.maxunicode + 1)))


def invisible(text):
    """Mask of the characters that have an edge class: bool [len(text)]."""
    return edge_classes(text) > FREE


def test_what_is_invisible():
    table = invisible(EVERY)
    assert all(table[ord(c)] and has_edge_class(c) for c in SAMPLES)
    # U+FE0F and the tags of a flag are parts of visible emoji; the signs of Arabic can be seen.
    assert not any(table[ord(c)] or has_edge_class(c) for c in "王a1，·。\ufe0f\U000e007f\u0600\ud800\ufffd😀")
    for c, hidden in zip(EVERY, table):
        category = unicodedata.category(c)
        assert not hidden or c.isspace() or category in ("Cc", "Cf", "Zs", "Zl", "Zp")
        assert hidden or not (c.isspace() or category in ("Cc", "Zs", "Zl", "Zp"))


def test_python_and_the_graph_say_the_same():
    points = np.arange(sys.maxunicode + 1, dtype=np.int32)
    for punctuation in (False, True):
        classes = edge_classes(EVERY, punctuation)
        np.testing.assert_array_equal(classes_in_graph(points, punctuation).numpy(), classes)
        assert [has_edge_class(c, punctuation) for c in EVERY[:0x3100]] == (classes[:0x3100] > 0).tolist()
    assert [has_edge_class(c) for c in EVERY[:0x3100]] == invisible(EVERY[:0x3100]).tolist()


def test_classes_of_punctuation():
    classes = edge_classes(EVERY, True)

    def of(text):
        return {int(classes[ord(c)]) for c in text}

    assert of("，。！？：；、,.!?:;@#/%&*-_—…～~＠＃\\ \u3000\t+=") == {NO_BEGIN | NO_END}
    assert of("“‘（《「『【〈([{") == {NO_END}
    assert of("”’）》」』】〉)]}") == {NO_BEGIN}
    # ○ is the digit of 二○○○年; letters, digits and emoji are no punctuation.
    assert of("·•・\"'王aＡ1１○〇々ー😀€") == {0}
    # What is invisible is so with punctuation or without.
    assert np.all(classes[invisible(EVERY)] == NO_BEGIN | NO_END)
    assert np.all(np.isin(edge_classes(EVERY), [0, 3]))
    changed = {unicodedata.category(c)[0] for c, before, after in zip(EVERY, edge_classes(EVERY), classes) if before != after}
    assert changed == {"P", "S"}


def test_the_part_of_a_span_between_edges():
    samples = {"《人民日报》、": (0, 6), "》人民“": (1, 3), "“”": (0, 2), "”“": (2, 2), "，。": (2, 2), "@王·明:": (1, 4)}
    for text, expected in samples.items():
        assert part_between_edges(text, 0, len(text), punctuation=True) == expected
    assert part_between_edges("，王，", 0, 3) == (0, 3)


def test_the_visible_part_of_a_span():
    assert visible_part("a\t王 明\u3000", 1, 6) == (2, 5)
    assert visible_part("a\t王", 1, 2) == (2, 2)
    assert visible_part("王明", 0, 2) == (0, 2)


@pytest.mark.parametrize("punctuation", [False, True])
@pytest.mark.parametrize("scheme", ["BIO", "BIOES"])
def test_pieces_are_trimmed_as_the_graph_trims(scheme, punctuation):
    rng = random.Random(3)

    def part_of(text, start, end):
        return part_between_edges(text, start, end, punctuation)

    tag_set = TagSet(("A", "B"), scheme)
    joiner = GraphWindowJoiner(tag_set)
    changed = 0
    for _ in range(200):
        text = "".join(rng.choices("王明，《》“" if punctuation else "王明 \t", k=rng.randrange(1, 13)))
        places = sorted(rng.sample(range(len(text) + 1), min(len(text) + 1, rng.choice((2, 4, 6)))))
        spans = [(start, end, rng.choice("AB")) for start, end in zip(places[::2], places[1::2])]
        tags = tags_from_spans(spans, len(text), scheme)
        spans = spans_from_tags(tags, scheme)
        scores = [rng.random() for _ in spans]
        piece = trim(Piece(0, tags, list(zip(spans, scores)), True), text, scheme, part_of)
        # What was visible stays, what was not is gone, and tags and spans are in step.
        assert [span[:2] for span, _ in piece.spans] == [part for s in spans for part in [part_of(text, *s[:2])] if part[0] < part[1]]
        assert spans_from_tags(piece.tags, scheme) == [span for span, _ in piece.spans]
        changed += piece.tags != tags
        ends = {span.end - 1: score for span, score in zip(spans, scores)}
        opens = [any(t == span.start for span in spans) for t in range(len(text))]
        labels = [next((tag_set.types.index(s.label) for s in spans if s.start <= t < s.end), -1) for t in range(len(text))]
        size = np.arange(len(text), dtype=np.int32)
        trimmed = joiner.trim(
            Characters(
                tag_set.encode(tags),
                np.array(labels, np.int32),
                np.array(opens, bool),
                np.array([t in ends for t in range(len(text))], bool),
                np.array([ends.get(t, 0.0) for t in range(len(text))], np.float32),
                size,
                0 * size,
            ),
            edge_classes(text, punctuation),
        )
        assert tag_set.decode(trimmed.tags.numpy()) == piece.tags
        starts, lasts = (np.nonzero(values.numpy())[0].tolist() for values in (trimmed.opens, trimmed.closes))
        found = [(start, last + 1, tag_set.types[trimmed.labels[start]]) for start, last in zip(starts, lasts)]
        assert found == [span for span, _ in piece.spans]
        np.testing.assert_allclose(trimmed.scores.numpy()[lasts], [score for _, score in piece.spans], rtol=1e-6)
        assert np.count_nonzero(trimmed.labels.numpy() >= 0) == sum(end - start for start, end, _ in found)
    assert changed > 50
