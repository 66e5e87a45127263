"""The paper's numbers: what can be recomputed of them is, and what cannot be is what the notes of the report say."""

import pytest

from ner.data.msra import SPLITS, TYPES
from ner.reproduce import published
from ner.reproduce.experiments import EXPERIMENTS
from ner.reproduce.tables import consistency_note, reading_note

ALL = {**published.PER_TYPE, **published.SYSTEMS}


@pytest.mark.parametrize("name", ALL)
def test_f1_follows_from_precision_and_recall(name):
    scores = ALL[name]
    assert published.f1(scores.precision, scores.recall) == pytest.approx(scores.f1, abs=0.015)


def test_two_f1_are_off_in_the_last_digit():
    off = {name: f"{published.f1(s.precision, s.recall):.2f}" for name, s in ALL.items()}
    assert {name: value for name, value in off.items() if value != f"{ALL[name].f1:.2f}"} == {
        "bert_finetuning": "96.34",
        "albert_finetuning": "94.63",
    }


def test_recalls_of_table_3_fit_table_1_to_the_entity():
    counts = published.COUNTS["test"]
    found = {label: published.fitting_counts(scores.recall, counts[label]) for label, scores in published.PER_TYPE.items()}
    assert found == {"PER": [1902], "LOC": [2610], "ORG": [1246]}
    total = sum(count for (count,) in found.values())
    assert (total, f"{100 * total / sum(counts.values()):.2f}") == (5758, f"{published.SYSTEMS['albert_bilstm_crf'].recall:.2f}")
    # The conlleval reading has eleven persons more, and no number of them is 96.40 %.
    assert published.fitting_counts(published.PER_TYPE["PER"].recall, 1984) == []


def test_precisions_of_table_3_fit_no_number_of_predictions():
    counts = published.COUNTS["test"]
    for label, scores in published.PER_TYPE.items():
        assert published.fitting_pairs(scores, counts[label]) == []
        (correct,) = published.fitting_counts(scores.recall, counts[label])
        nearest = min(abs(100 * correct / n - scores.precision) for n in range(correct, 2 * correct))
        assert 0.005 < nearest < 0.035


def test_rows_of_table_4_fit_different_numbers_of_entities():
    fits = {name: [n for n in (6181, 6192) if published.fitting_pairs(scores, n)] for name, scores in published.SYSTEMS.items()}
    assert fits == {
        "lattice_lstm_crf": [],
        "bert_finetuning": [6192],
        "albert_finetuning": [6192],
        "bert_bilstm_crf": [6181],
        "albert_bilstm_crf": [6181],
    }


def test_counts_are_those_of_the_files():
    for split, counts in published.COUNTS.items():
        assert tuple(counts[label] for label in TYPES) == SPLITS[f"{split}.txt"][1]
    train, test = (sum(published.COUNTS[split].values()) for split in ("train", "test"))
    assert (train, test, f"{train / test:.2f}") == (74_703, 6_181, "12.09")
    assert f"{SPLITS['train.txt'][0] / SPLITS['test.txt'][0]:.2f}" == "10.94"


def test_the_notes_say_so():
    assert "PER 1,902 of 1,973, LOC 2,610 of 2,877, ORG 1,246 of 1,331), together 5,758 of 6,181, the 93.16 % of Table 4" in reading_note()
    note = consistency_note()
    assert "The precisions of PER, LOC, ORG in Table 3" in note
    assert (
        "neither number of entities: Lattice-LSTM-CRF; 6,192 entities: BERT-fine-tuning, ALBERT-fine-tuning; 6,181 entities: BERT-" in note
    )
    assert "BERT-fine-tuning 96.33, for 96.34; ALBERT-fine-tuning 94.62, for 94.63." in note


def test_every_published_system_is_an_experiment():
    assert set(published.SYSTEMS) == {experiment.name for experiment in EXPERIMENTS if experiment.published}
