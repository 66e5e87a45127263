"""Commands around annotation with real taggers: compare, suggest, lint with a tagger and with folds, a learning curve."""

import json

import pytest

from ner import Tagger
from ner.cli import suggest
from ner.cli.annotation_check import AnnotationSettings, check_annotation
from ner.cli.compare import CompareCommand
from ner.cli.compare import run as compare
from ner.data.examples import Corpus, Example
from ner.data.formats import find_format
from ner.data.readers import read_examples
from ner.data.settings import DataSettings
from ner.tagging.settings import ModelSettings
from ner.tags import Span, tags_from_spans
from ner.training.folds import judge_by_folds
from ner.training.learning_curve import learn
from ner.training.settings import NetworkSettings, TrainingRun, TrainingSettings
from tests.ner.tiny import CHARACTERS, tiny_model_dir

TEXTS = [CHARACTERS[first : first + 11 + first % 23] for first in range(0, 250, 7)]


@pytest.fixture(scope="module", name="taggers")
def _taggers(tmp_path_factory):
    return [str(tiny_model_dir(tmp_path_factory.mktemp("taggers") / f"seed{seed}", seed=seed)) for seed in (3, 5)]


def test_compare_of_two_seeds_agrees_with_an_independent_count(taggers, tmp_path):
    (tmp_path / "in.txt").write_text("\n".join(TEXTS))
    compare(CompareCommand(tuple(taggers), input_file=str(tmp_path / "in.txt"), output_file=str(tmp_path / "c.html")))
    numbers = json.loads((tmp_path / "c.json").read_text())
    sets = []
    for path in taggers:
        found = Tagger.load(path).tag_batch(TEXTS)
        sets.append({(n, e.start, e.end, e.label) for n, entities in enumerate(found) for e in entities})
    assert (numbers["first"], numbers["second"], numbers["both"]) == (len(sets[0]), len(sets[1]), len(sets[0] & sets[1]))
    assert numbers["sentences_that_differ"] == len({n for n, *_ in sets[0] ^ sets[1]})


def test_suggest(taggers, tmp_path):
    (tmp_path / "in.txt").write_text("\n".join([*TEXTS, *TEXTS]))
    (tmp_path / "known.txt").write_text("".join(f"{c}\tO\n" for c in TEXTS[0]))
    suggest.run(
        suggest.SuggestCommand(
            str(tmp_path / "in.txt"),
            annotated=(str(tmp_path / "known.txt"),),
            model=ModelSettings(taggers[0]),
            limit=7,
            output_file=str(tmp_path / "out.jsonl"),
        )
    )
    found = read_examples(tmp_path / "out.jsonl")
    assert len({example.text for example in found}) == 7
    assert TEXTS[0] not in {example.text for example in found}
    doubts = [example.details.fields["doubt"] for example in found if example.details.fields["chosen_by"] == "doubt"]
    assert doubts == sorted(doubts, reverse=True)
    assert len(doubts) == 6
    tagger = Tagger.load(taggers[0])
    for example in found:
        assert example.spans() == [Span(e.start, e.end, e.label) for e in tagger.tag(example.text)]
    assert not (tmp_path / "out.jsonl.state").exists()


def test_lint_with_a_tagger(taggers, tmp_path, capsys):
    tagger = Tagger.load(taggers[0])
    examples = [Example(p_text, tuple(p.tags), "a.txt", n) for n, (p_text, p) in enumerate(zip(TEXTS, tagger.predict(TEXTS)), 1)]
    sure = next(n for n, e in enumerate(examples) if any(entity.score > 0.99 for entity in tagger.tag(e.text)))
    removed = next(entity for entity in tagger.tag(examples[sure].text) if entity.score > 0.99)
    spans = [span for span in examples[sure].spans() if span.start != removed.start]
    examples[sure] = Example(examples[sure].text, tuple(tags_from_spans(spans, len(examples[sure].text))), "a.txt", sure + 1)
    settings = AnnotationSettings(model_dir=taggers[0], report_dir=str(tmp_path / "report"))
    check_annotation(settings, {"train": Corpus(examples)})
    assert f"a.txt:{sure + 1}: " in capsys.readouterr().out
    corrections = list(map(json.loads, (tmp_path / "report" / "corrections.jsonl").read_text().splitlines()))
    assert {"start": removed.start, "end": removed.end, "label": removed.label, "text": removed.text} in [c["add"] for c in corrections]


@pytest.fixture(name="run")
def _run(tmp_path):
    examples = [Example(f"{a}{b}市", ("B-LOC", "I-LOC", "O")) for a in CHARACTERS[:7] for b in CHARACTERS[10:19]]
    (tmp_path / "data").mkdir()
    find_format("columns").write(examples, str(tmp_path / "data" / "train.txt"))
    return TrainingRun(
        output_dir=str(tmp_path / "out"),
        data=DataSettings(str(tmp_path / "data")),
        dev_fraction=0.2,
        network=NetworkSettings(max_seq_length=17, encoder="char", char_embedding_size=5, lstm_units=3),
        training=TrainingSettings(train_batch_size=7, num_train_epochs=2),
    )


@pytest.mark.slow
def test_folds_and_a_learning_curve_train_judge_and_go_on(run, tmp_path, capsys):
    examples = read_examples(tmp_path / "data" / "train.txt").examples
    parts = list(judge_by_folds(run, examples, 2))
    assert sum(len(posteriors) for _, posteriors in parts) == len(examples)
    assert all(len(p.given) == 1 and 0.0 <= p.given[0] <= 1.0 for _, posteriors in parts for p in posteriors)
    again = list(judge_by_folds(run, examples, 2))
    assert [p.given for _, own in again for p in own] == [p.given for _, own in parts for p in own]
    assert "this run is finished" in capsys.readouterr().out
    assert learn(run) == 0
    points = json.loads((tmp_path / "out" / "learning_curve.json").read_text())["points"]
    assert [point["sentences"] for point in points] == [5, 12, 25, 50]
