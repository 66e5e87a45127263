"""Kinds of errors by hand, and counts that add up."""

import json
import random
import re
import shutil
import subprocess

import pytest

from ner.data.examples import Example
from ner.evaluation.calibration import calibrate
from ner.evaluation.error_analysis import CATEGORIES, Error, analyse, frequency_range, length_range, names
from ner.evaluation.error_report import error_report, write_error_report
from ner.evaluation.scores import evaluate
from ner.tags import Span, tags_from_spans

TEXT = "零一二三四五六七八九"


def errors_of(gold, predicted):
    analysis = analyse([TEXT], [[Span(*s) for s in gold]], [[(Span(*s), 0.5) for s in predicted]])
    return [(e.category, e.gold and tuple(e.gold), e.predicted and tuple(e.predicted), e.misses, e.adds) for e in analysis.errors]


@pytest.mark.parametrize(
    "gold, predicted, category",
    [
        ((2, 5, "LOC"), (2, 5, "ORG"), "wrong_type"),
        ((2, 5, "LOC"), (2, 4, "LOC"), "wrong_boundary"),
        ((2, 5, "LOC"), (4, 7, "LOC"), "wrong_boundary"),
        ((2, 7, "ORG"), (2, 4, "LOC"), "nested"),
        ((2, 4, "LOC"), (1, 7, "ORG"), "nested"),
        ((2, 5, "LOC"), (4, 7, "ORG"), "wrong_type_and_boundary"),
    ],
)
def test_pairs(gold, predicted, category):
    assert errors_of([gold], [predicted]) == [(category, gold, predicted, True, True)]


def test_what_overlaps_nothing():
    assert errors_of([(0, 2, "LOC"), (4, 6, "PER")], [(2, 4, "LOC"), (4, 6, "PER")]) == [
        ("missed", (0, 2, "LOC"), None, True, False),
        ("spurious", None, (2, 4, "LOC"), False, True),
    ]


def test_one_name_predicted_as_two():
    assert errors_of([(0, 6, "ORG")], [(0, 2, "LOC"), (2, 6, "ORG")]) == [
        ("nested", (0, 6, "ORG"), (0, 2, "LOC"), False, True),
        ("wrong_boundary", (0, 6, "ORG"), (2, 6, "ORG"), True, True),
    ]


def test_two_names_predicted_as_one():
    assert errors_of([(0, 2, "PER"), (3, 6, "PER")], [(0, 6, "PER")]) == [
        ("wrong_boundary", (0, 2, "PER"), (0, 6, "PER"), True, False),
        ("wrong_boundary", (3, 6, "PER"), (0, 6, "PER"), True, True),
    ]


def random_spans(rng):
    spans, position = [], 0
    while position < 40:
        start = position + rng.randrange(4)
        spans.append(Span(start, start + rng.randrange(1, 13), rng.choice(("LOC", "ORG", "PER"))))
        position = spans[-1].end
    return spans


def random_corpus(count=100):
    rng = random.Random(3)
    texts = ["".join(rng.choices("中国", k=60)) for _ in range(count)]
    gold = [random_spans(rng) for _ in texts]
    predicted = [[(s, rng.random()) for s in (spans if rng.random() < 0.3 else random_spans(rng))] for spans in gold]
    return texts, gold, predicted


def test_counts_add_up():
    texts, gold, predicted = random_corpus()
    training = {"中国": {"LOC": 7}, "国": {"PER": 1, "ORG": 2}, "中": {"LOC": 1}}
    analysis = analyse(texts, gold, predicted, training)
    support, found = sum(map(len, gold)), sum(map(len, predicted))
    correct = sum(len(set(g) & {span for span, _ in p}) for g, p in zip(gold, predicted))
    assert sum(error.misses for error in analysis.errors) == support - correct
    assert sum(error.adds for error in analysis.errors) == found - correct
    assert {error.category for error in analysis.errors} == set(CATEGORIES)
    for table in (analysis.by_seen, analysis.by_frequency, analysis.by_length):
        assert sum(score.support for score in table.values()) == support
        assert sum(score.predicted for score in table.values()) == found
        assert sum(score.correct for score in table.values()) == correct
    assert analysis.by_seen["seen"].support == sum(s.label in training.get(t[s.start : s.end], ()) for t, g in zip(texts, gold) for s in g)


def test_lengths():
    assert [length_range(Span(0, n, "LOC")) for n in (1, 4, 5, 6, 7, 9, 10, 99)] == ["1", "4", "5-6", "5-6", "7-9", "7-9", "10+", "10+"]


def test_names_of_training():
    examples = [
        Example("长江和长江", ("B-LOC", "I-LOC", "O", "B-PER", "I-PER")),
        Example("江", ("I-LOC",)),
    ]
    assert names(examples, "BIO") == {"长江": {"LOC": 1, "PER": 1}, "江": {"LOC": 1}}


def test_times_in_training():
    training = {"一": {"LOC": 1}, "二": {"LOC": 2, "PER": 3}, "三": {"PER": 100}}
    found = [frequency_range(TEXT, Span(i, i + 1, "LOC"), training) for i in range(4)]
    assert found == ["0", "1", "5-19", "100+"]
    gold = [Span(i, i + 1, "LOC") for i in range(4)]
    analysis = analyse([TEXT], [gold], [[(gold[2], 0.5), (Span(3, 4, "PER"), 0.5)]], training)
    rows = {key: (score.support, score.predicted, score.correct) for key, score in analysis.by_frequency.items()}
    assert rows == {"0": (1, 0, 0), "1": (1, 0, 0), "5-19": (1, 1, 1), "100+": (1, 1, 0)}


def make_report():
    texts, gold, predicted = random_corpus(100)
    wrong = next(i for i, spans in enumerate(gold) if spans != [span for span, _ in predicted[i]])
    texts[wrong] = "</script><script>alert(1)</script><!--<b>" + texts[wrong][41:]
    gold_tags = [tags_from_spans(spans, 60) for spans in gold]
    examples = [Example(text, tuple(tags), "test.txt", i) for i, (text, tags) in enumerate(zip(texts, gold_tags))]
    training = {"中国": {"LOC": 7}, "国": {"PER": 1}}
    analysis = analyse(texts, gold, predicted, training)
    evaluation = evaluate(gold_tags, [tags_from_spans([span for span, _ in p], 60) for p in predicted])
    return error_report(examples, analysis, evaluation, calibrate([0.5], [True]), training), analysis, examples


def test_the_report_says_what_the_analysis_says(tmp_path):
    report, analysis, examples = make_report()
    write_error_report(report, tmp_path / "errors.json", tmp_path / "errors.html")
    assert json.loads((tmp_path / "errors.json").read_text(encoding="utf-8")) == json.loads(json.dumps(report))
    assert len(report["errors"]) == len(analysis.errors)
    for stored, error in zip(report["errors"], analysis.errors):
        assert isinstance(error, Error)
        for key in ("gold", "predicted"):
            if stored[key]:
                text = report["sentences"][str(stored["sentence"])]["text"]
                assert stored[key]["text"] == text[stored[key]["start"] : stored[key]["end"]] != ""
    assert sum(c["errors"] for c in report["categories"].values()) == len(analysis.errors)
    assert sum(sum(row.values()) for row in report["by_type"].values()) == len(analysis.errors)
    alike = report["frequent"][0]
    assert alike["count"] >= report["frequent"][-1]["count"] > 1
    assert alike["count"] == sum(
        e["category"] == alike["category"]
        and (e["gold"] and [e["gold"]["label"], e["gold"]["text"]]) == alike["gold"]
        and (e["predicted"] and [e["predicted"]["label"], e["predicted"]["text"]]) == alike["predicted"]
        for e in report["errors"]
    )


def test_the_page_holds_the_data_and_no_markup_of_it(tmp_path):
    report, _, _ = make_report()
    write_error_report(report, tmp_path / "errors.json", tmp_path / "errors.html")
    page = (tmp_path / "errors.html").read_text(encoding="utf-8")
    data = re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.DOTALL).group(1)
    assert "<" not in data
    assert "\\u003cscript>alert(1)" in data
    assert json.loads(data) == json.loads(json.dumps(report))
    # The two script elements of the page itself, and nothing fetched from anywhere.
    assert page.count("<script") == page.count("</script") == 2
    assert not re.search(r"(src|href)\s*=|@import|url\(|fetch\(|innerHTML", page)


CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium")
@pytest.mark.parametrize(
    "filters, passes",
    [
        ("", lambda error, text: True),
        ("category=nested", lambda error, text: error["category"] == "nested"),
        ("right=ORG&seen=unseen", lambda error, text: error["gold"] and error["gold"]["label"] == "ORG" and error["seen"] == "unseen"),
        (
            "predicted=PER&length=3",
            lambda error, text: error["predicted"] and error["predicted"]["label"] == "PER" and error["length"] == "3",
        ),
        ("search=<script>alert", lambda error, text: "<script>alert" in text),
        ("frequency=5-19", lambda error, text: error["frequency"] == "5-19"),
        ("category=none", lambda error, text: True),
    ],
)
def test_filters_in_a_browser(tmp_path, filters, passes):
    report, _, _ = make_report()
    write_error_report(report, tmp_path / "errors.json", tmp_path / "errors.html")
    command = [CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
    command += [f"--user-data-dir={tmp_path / 'profile'}", "--dump-dom", (tmp_path / "errors.html").as_uri() + "#" + filters]
    page = subprocess.run(command, capture_output=True, check=True, timeout=120).stdout.decode("utf-8")
    wanted = [error for error in report["errors"] if passes(error, report["sentences"][str(error["sentence"])]["text"])]
    assert wanted
    shown = re.search(r'<span id="shown">([\d,]+) of ([\d,]+) errors', page)
    assert [int(number.replace(",", "")) for number in shown.groups()] == [len(wanted), len(report["errors"])]
    counts = [int(count) for count in re.findall(r'<span class="count">(\d+) ×</span>', page)]
    assert counts == sorted(counts, reverse=True)
    assert sum(counts) == len(wanted) or len(counts) == 100
