"""Scores against seqeval in both of its modes, on random sequences with all the mistakes a tagger can make."""

import random
import warnings

import pytest
from seqeval import metrics
from seqeval.scheme import IOB2, IOBES

from ner.evaluation.scores import evaluate, format_table, score_spans
from ner.tags import TagSet


def random_sequences(rng, tag_set, count):
    # Tags that repeat, so that entities of several characters come about.
    def sequence(length):
        tags = []
        for _ in range(length):
            tags.append(tags[-1] if tags and rng.random() < 0.3 else rng.choice(tag_set.tags))
        return tags

    gold = [sequence(rng.randrange(1, 23)) for _ in range(count)]
    predicted = [[tag if rng.random() < 0.8 else rng.choice(tag_set.tags) for tag in tags] for tags in gold]
    return gold, predicted


@pytest.mark.parametrize("scheme, seqeval_scheme", [("BIO", IOB2), ("BIOES", IOBES)])
def test_both_readings_equal_seqeval(scheme, seqeval_scheme):
    rng = random.Random(7)
    tag_set = TagSet(("LOC", "ORG", "PER"), scheme)
    for _ in range(20):
        gold, predicted = random_sequences(rng, tag_set, 29)
        result = evaluate(gold, predicted, scheme)
        for scores, options in ((result.conlleval, {}), (result.strict, {"mode": "strict", "scheme": seqeval_scheme})):
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                report = metrics.classification_report(gold, predicted, output_dict=True, **options)
            for label, score in (*scores.per_type.items(), ("micro avg", scores.overall)):
                expected = report[label]
                assert (score.precision, score.recall, score.f1) == pytest.approx(
                    (expected["precision"], expected["recall"], expected["f1-score"]), abs=1e-12
                )
                assert score.support == expected["support"]


def test_illegal_tags_are_entities_in_one_reading_only():
    result = evaluate([["I-PER", "I-PER", "O", "B-LOC"]], [["I-PER", "I-PER", "O", "O"]])
    assert (result.conlleval.overall.correct, result.conlleval.overall.support) == (1, 2)
    assert (result.strict.overall.correct, result.strict.overall.predicted, result.strict.overall.support) == (0, 0, 1)
    assert format_table(result).endswith(
        "1 gold entities do not begin with the tag their scheme asks for: the strict reading leaves them out."
    )


def test_nothing_to_find_and_nothing_found():
    result = evaluate([["O", "O"]], [["O", "O"]])
    assert (result.conlleval.overall.precision, result.conlleval.overall.recall, result.conlleval.overall.f1) == (0.0, 0.0, 0.0)
    assert "overall" in format_table(result)


def test_a_span_counts_with_its_type_and_place():
    scores = score_spans([[(0, 2, "LOC"), (3, 4, "PER")], []], [[(0, 2, "ORG"), (3, 4, "PER")], [(3, 4, "PER")]])
    assert scores.per_type["PER"].to_dict() == {
        "precision": 0.5,
        "recall": 1.0,
        "f1": pytest.approx(2 / 3),
        "correct": 1,
        "predicted": 2,
        "support": 1,
    }
    assert scores.overall.correct == 1


def test_table():
    gold = [["B-LOC", "I-LOC", "O", "B-PER"]] * 1_500
    predicted = [["B-LOC", "I-LOC", "O", "O"]] * 1_500
    lines = format_table(evaluate(gold, predicted)).splitlines()
    assert lines[0].split() == ["conlleval", "reading", "strict", "reading"]
    assert lines[1].split() == ["P", "R", "F1", "support"] * 2
    assert lines[2].split() == ["LOC", *["100.00", "100.00", "100.00", "1,500"] * 2]
    assert lines[3].split() == ["PER", *["0.00", "0.00", "0.00", "1,500"] * 2]
    assert lines[4].split() == ["overall", *["100.00", "50.00", "66.67", "3,000"] * 2]


@pytest.mark.parametrize(
    "gold, predicted, message",
    [
        ([["O"]], [], "evaluate: 1 gold sentences, 0 predicted"),
        ([["O"], ["O"]], [["O"], ["O", "O"]], "evaluate: sentence 1 has 1 gold tags, 2 predicted"),
    ],
)
def test_sequences_that_do_not_fit(gold, predicted, message):
    with pytest.raises(ValueError) as e:
        evaluate(gold, predicted)
    assert str(e.value) == message
