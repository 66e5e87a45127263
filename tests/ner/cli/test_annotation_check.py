"""The part of albert-ner lint that looks at the annotation."""

import json
from types import SimpleNamespace

import pytest

from albert.errors import FieldError
from ner.cli import annotation_check
from ner.cli.annotation_check import AnnotationSettings, check_annotation
from ner.data.corrections import correct, read_corrections
from ner.data.readers import read_examples
from ner.tags import Span
from ner.training import folds


@pytest.fixture(name="corpora")
def _corpora(tmp_path):
    (tmp_path / "train.txt").write_text("在\tO\n北\tB-LOC\n京\tI-LOC\n\n" * 9 + "北\tO\n京\tO\n")
    return {"train": read_examples(tmp_path / "train.txt")}


def test_odd_places(corpora, capsys):
    check_annotation(AnnotationSettings(consistency=True), corpora)
    out = capsys.readouterr().out
    assert "1 places at which a string is not annotated as nearly everywhere else" in out
    assert "train.txt:37: no entity, and LOC at 9 other places: [北京]" in out


def test_page_and_corrections(corpora, tmp_path, capsys, monkeypatch):
    def judge(settings, corpora):
        examples = list(corpora["train"])
        yield examples[:4], [SimpleNamespace(spans=[(Span(1, 3, "LOC"), 0.99)], given=[0.99])] * 4
        yield (
            examples[4:],
            [SimpleNamespace(spans=[(Span(1, 3, "LOC"), 0.99)], given=[0.99])] * 5
            + [SimpleNamespace(spans=[(Span(0, 2, "LOC"), 0.95)], given=[])],
        )

    monkeypatch.setattr(annotation_check, "_by_folds", judge)
    settings = AnnotationSettings(folds=2, report_dir=str(tmp_path / "report"))
    check_annotation(settings, corpora)
    out = capsys.readouterr().out
    assert "1 entities in 10 sentences are disputed with a probability of at least 0.9" in out
    assert "train.txt:37: 0.950 nothing → LOC '北京'" in out
    assert "train.txt:37: nothing → LOC" in (tmp_path / "report" / "lint.html").read_text()
    path = tmp_path / "report" / "corrections.jsonl"
    (line,) = map(json.loads, path.read_text().splitlines())
    path.write_text(json.dumps({**line, "accept": True}))
    corrected = correct(list(corpora["train"]), read_corrections(str(path)))
    assert corrected[9].spans() == [Span(0, 2, "LOC")]
    with pytest.raises(FieldError, match="exists and is not overwritten"):
        check_annotation(settings, corpora)


def test_the_recipe_is_a_flagfile_s_training(corpora, tmp_path, monkeypatch):
    found = []
    monkeypatch.setattr(folds, "judge_by_folds", lambda run, examples, count: found.append((run, len(examples), count)))
    monkeypatch.setattr(annotation_check, "fetch_checkpoint", lambda files: None)
    annotation_check._by_folds(AnnotationSettings(folds=3, report_dir=str(tmp_path)), corpora)
    ((run, examples, count),) = found
    assert (run.training.learning_rate, run.output_dir, examples, count) == (2e-4, str(tmp_path), 10, 3)


@pytest.mark.parametrize(
    "options, message",
    [
        ({"folds": 1, "report_dir": "x"}, "folds: found 1, expected at least 2"),
        ({"folds": 2, "model_dir": "m", "report_dir": "x"}, "found both, expected one of them"),
        ({"folds": 2}, "report_dir: not given"),
    ],
)
def test_mistakes(options, message):
    with pytest.raises(FieldError, match=message):
        AnnotationSettings(**options)
