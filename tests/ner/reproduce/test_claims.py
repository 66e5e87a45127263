"""Claims of section 4.5: published differences, verdicts from intervals, and what is said where nothing was measured."""

import pytest

from ner.reproduce import places
from ner.reproduce.claims import CLAIMS, HOLDS, OPEN, REFUTED, claims
from ner.reproduce.document import Paragraph, Table
from ner.reproduce.experiments import EXPERIMENTS
from ner.reproduce.nested import OUTCOMES

BY_NAME = {experiment.name: experiment for experiment in EXPERIMENTS}


def _run(correct, found=3, seed=1):
    """A run on 41 sentences of 2 entities, of which ``correct`` of each are found."""
    counts = dict.fromkeys(OUTCOMES, 0)
    return {
        "seed": seed,
        "sentences": {"strict": [[correct if i % 3 else 1, 2, 2] for i in range(41)]},
        "organisations": {"nested": {**counts, "found": found, "missed": 5 - found}, "plain": {**counts, "found": 4, "missed": 1}},
        "places": {kind: {"found": found, "other entity": 1, "missed": i} for i, kind in enumerate(places.AGREEMENTS)},
    }


def _rows(results, costs=None):
    table = next(block for block in claims(results, costs or {}) if isinstance(block, Table))
    assert all(len(row) == len(table.columns) and all(row) for row in table.rows)
    return {row[0]: row[1:] for row in table.rows}


def test_published_differences():
    found = [claim.published() for claim in CLAIMS]
    assert found[-1] is None
    assert [f"{value:.2f}" for value in found[:-1]] == ["3.15", "1.71", "2.18", "1.07", "0.60", "0.95"]


def test_nothing_measured():
    rows = _rows({})
    assert len(rows) == len(CLAIMS) + 4
    assert rows["BERT is ahead of ALBERT (“by 1 to 2 %”): fine-tuning"] == ["+1.71", "not measured", "-", "not measured"]
    assert {row[-1] for row in rows.values()} == {"not measured"}
    sentences = [block.text for block in claims({}, {}) if isinstance(block, Paragraph)]
    assert len(sentences) == 1 + len(rows)
    assert sum("not measured here" in sentence for sentence in sentences) == len(rows)


@pytest.mark.parametrize(
    ("ahead", "behind", "verdict"),
    [(2, 0, HOLDS), (0, 2, REFUTED), (1, 1, OPEN)],
)
def test_verdict_is_that_of_the_interval(ahead, behind, verdict):
    results = {BY_NAME["bert_finetuning"]: [_run(ahead)], BY_NAME["albert_finetuning"]: [_run(behind)]}
    row = _rows(results)["BERT is ahead of ALBERT (“by 1 to 2 %”): fine-tuning"]
    assert row[-1] == verdict
    assert float(row[1]) == pytest.approx(100 * (ahead - behind) * 27 / 82, abs=0.01)


def test_other_seeds_are_not_compared():
    results = {BY_NAME["bert_finetuning"]: [_run(2)], BY_NAME["albert_finetuning"]: [_run(0, seed=2)]}
    assert _rows(results)["BERT is ahead of ALBERT (“by 1 to 2 %”): fine-tuning"][1:] == ["other seeds", "-", "not measured"]


def test_places_and_costs():
    costs = {
        BY_NAME[name]: {"step_seconds": seconds, "peak_memory": memory << 20, "parameters": parameters}
        for name, seconds, memory, parameters in (("bert_bilstm_crf", 3.0, 700, 1000), ("albert_bilstm_crf", 2.0, 300, 100))
    }
    rows = _rows({BY_NAME["albert_bilstm_crf"]: [_run(2)]}, costs)
    assert rows["ALBERT trains faster than BERT"] == ["no figure", "1.50 times as fast", "-", HOLDS]
    assert rows["ALBERT has fewer parameters and takes less memory"][1:] == ["10.0 times fewer parameters, 300 for 700 MiB", "-", HOLDS]
    assert rows["Organisations that open with a place are missed for it"][1] == "found 60.0 %, others 80.0 %"
    assert rows["Places are missed where the annotation is inconsistent"][1] == "found 60.0 %, always a place 75.0 %, unseen 50.0 %"


@pytest.mark.parametrize(
    ("nested", "plain", "interval", "verdict"),
    [
        # Of 100 and 400: 50 - 90 = -40, and 1.96 times the root of 25 + 2.25 is 10.23.
        (50, 360, "-50.23 to -29.77", HOLDS),
        (99, 200, "+43.73 to +54.27", REFUTED),
        (90, 360, "-6.57 to +6.57", OPEN),
    ],
)
def test_shares_are_compared_by_their_interval(nested, plain, interval, verdict):
    def counts(found, number):
        return {**dict.fromkeys(OUTCOMES, 0), "found": found, "missed": number - found}

    # Two seeds are twice the test set, and no more of it.
    run = {**_run(2), "organisations": {"nested": counts(nested, 100), "plain": counts(plain, 400)}}
    row = _rows({BY_NAME["albert_bilstm_crf"]: [run, run]})["Organisations that open with a place are missed for it"]
    assert row[2:] == [interval, verdict]
