"""albert-ner compare: taggers and labelled files."""

import json

import pytest

from albert.errors import FieldError, UserError
from ner.cli import compare
from ner.cli.compare import CompareCommand, run
from ner.tags import Span


@pytest.fixture
def files(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.txt").write_text("北\tB-LOC\n京\tI-LOC\n\n王\tB-PER\n明\tI-PER\n")
    (tmp_path / "b.txt").write_text("北\tB-LOC\n京\tI-LOC\n\n王\tB-LOC\n明\tO\n")
    return tmp_path


def test_two_labelled_files(files, capsys):
    run(CompareCommand(("a.txt", "b.txt")))
    assert "1 entities are the same, F1 between the readings 50.00; 1 of 2 sentences differ" in capsys.readouterr().out
    numbers = json.loads((files / "compare.json").read_text())
    assert (numbers["both"], numbers["first"], numbers["second"], numbers["kinds"]["nested"]) == (1, 2, 2, 1)
    assert "a.txt:4: nested" in (files / "compare.html").read_text()
    with pytest.raises(FieldError, match="compare.html exists and is not overwritten"):
        run(CompareCommand(("a.txt", "b.txt")))


def test_two_taggers_and_gold(files, capsys, monkeypatch):
    answers = {
        "one": [[(Span(0, 2, "LOC"), 0.9)], [(Span(0, 2, "PER"), 0.8)]],
        "two": [[(Span(0, 2, "LOC"), 0.9)], []],
    }
    monkeypatch.setattr(compare, "_tag", lambda path, texts, _: answers[path])
    (files / "a.txt").rename(files / "test.txt")
    run(CompareCommand(("one", "two"), data=compare.DataSettings(str(files)), output_file="x.html"))
    out = capsys.readouterr().out
    assert "difference of F1, first less second: +33.33 points" in out
    assert json.loads((files / "x.json").read_text())["difference"]["f1"] == pytest.approx(100 / 3)
    (files / "texts.txt").write_text("北京\n\n王明\n")
    run(CompareCommand(("one", "two"), input_file="texts.txt", output_file="y.html"))
    assert "texts.txt:3: only the first" in (files / "y.html").read_text()
    # A tagger and gold.
    run(CompareCommand(("two", "test.txt"), output_file="z.html"))
    assert json.loads((files / "z.json").read_text())["kinds"]["only the second"] == 1


def test_mistakes(files):
    with pytest.raises(FieldError, match="readings: found 1, expected two"):
        CompareCommand(("a.txt",))
    with pytest.raises(FieldError, match="found both, expected one of them"):
        CompareCommand(("a", "b"), data=compare.DataSettings("d"), input_file="t")
    with pytest.raises(FieldError, match="expected a name that ends with .html"):
        CompareCommand(("a", "b"), output_file="t.txt")
    with pytest.raises(FieldError, match="found two taggers and no texts, expected data_dir or input_file"):
        run(CompareCommand(("a", "b")))
    with pytest.raises(FieldError, match="found one beside a labelled file"):
        run(CompareCommand(("a", "b.txt"), input_file="t"))
    (files / "c.txt").write_text("北\tO\n")
    with pytest.raises(UserError, match="c.txt: found other texts than in the other file"):
        run(CompareCommand(("a.txt", "c.txt")))
    assert not (files / "compare.html").exists()
