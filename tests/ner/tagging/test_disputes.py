"""Disputes between a tagger and an annotation."""

from types import SimpleNamespace

import pytest

from albert.files import to_json
from ner.data.corrections import correct, read_corrections
from ner.data.examples import Example
from ner.errors import DataError
from ner.tagging.disputes import find_disputes
from ner.tags import Span, tags_from_spans


def example(text, *spans, line=1):
    return Example(text, tuple(tags_from_spans([Span(*span) for span in spans], len(text))), "a.txt", line)


EXAMPLES = [
    example("王明在北京大学", (0, 2, "PER"), (3, 5, "LOC"), line=1),
    example("李华去上海", (3, 5, "ORG"), line=8),
    example("好的", (0, 2, "PER"), line=14),
]
POSTERIORS = [
    SimpleNamespace(spans=[(Span(0, 2, "PER"), 0.99), (Span(3, 7, "ORG"), 0.9)], given=[0.99, 0.04]),
    SimpleNamespace(spans=[(Span(0, 2, "PER"), 0.97), (Span(3, 5, "LOC"), 0.6)], given=[0.3]),
    SimpleNamespace(spans=[], given=[0.01]),
]


def test_disputes_are_found_with_their_probabilities_the_surest_first():
    found = find_disputes(EXAMPLES, POSTERIORS)
    assert [(d.example.line, d.kind, d.annotated, d.proposed, round(d.probability, 2)) for d in found] == [
        (14, "missed", Span(0, 2, "PER"), None, 0.99),
        (8, "spurious", None, Span(0, 2, "PER"), 0.97),
        (1, "nested", Span(3, 5, "LOC"), Span(3, 7, "ORG"), 0.96),
    ]
    assert [d.kind for d in find_disputes(EXAMPLES, POSTERIORS, threshold=0.5)][-1] == "wrong_type"
    assert found[2].to_dict() == {
        "accept": False,
        "file": "a.txt",
        "line": 1,
        "kind": "nested",
        "probability": 0.96,
        "remove": {"start": 3, "end": 5, "label": "LOC", "text": "北京"},
        "add": {"start": 3, "end": 7, "label": "ORG", "text": "北京大学"},
        "text": "王明在北京大学",
    }


def test_an_entity_in_no_window_is_not_judged():
    assert find_disputes(EXAMPLES[2:], [SimpleNamespace(spans=[], given=[None])]) == []


def write(path, *disputes, accept=True):
    path.write_text("".join(to_json({**dispute.to_dict(), "accept": accept}) + "\n" for dispute in disputes))
    return str(path)


def test_accepted_corrections_are_made(tmp_path):
    found = find_disputes(EXAMPLES, POSTERIORS)
    path = write(tmp_path / "c.jsonl", *found)
    corrected = correct(EXAMPLES, read_corrections(path))
    assert [e.spans() for e in corrected] == [[Span(0, 2, "PER"), Span(3, 7, "ORG")], [Span(0, 2, "PER"), Span(3, 5, "ORG")], []]
    assert corrected[0].line == 1
    path = write(tmp_path / "c.jsonl", *found, accept=False)
    assert correct(EXAMPLES, read_corrections(path)) == EXAMPLES


@pytest.mark.parametrize(
    "line, message",
    [
        ('{"accept": "yes", "text": "好"}', r"c.jsonl:1: found accept: \"yes\", expected true or false"),
        ('{"accept": true}', "c.jsonl:1: found text: null, expected a string"),
        ('{"accept": true, "text": "好", "add": {"start": 0}}', "c.jsonl:1: found no 'end', expected a whole number"),
        ('{"accept": true, "text": "x"}', "c.jsonl:1: found no sentence with this text and the entity to remove"),
        ('{"accept": true, "text": "好的", "add": {"start": 1, "end": 2, "label": "X"}}', r"found X at \[1, 2\) over PER at \[0, 2\)"),
        (
            '{"accept": true, "text": "好的", "add": {"start": 1, "end": 3, "label": "X"}}',
            r"found X at \[1, 3\), expected an entity inside",
        ),
        ("x", "c.jsonl:1: found invalid JSON"),
    ],
)
def test_corrections_that_do_not_fit(tmp_path, line, message):
    path = tmp_path / "c.jsonl"
    path.write_text(line + "\n")
    with pytest.raises(DataError, match=message):
        correct(EXAMPLES, read_corrections(str(path)), str(path))
