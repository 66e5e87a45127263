"""The tagger that comes with the package: used where no other is named, and never written to."""

import json
import os
import pathlib
import re
import subprocess
import sys

import pytest

import ner
from albert.errors import UserError
from albert.files import sha256
from ner import pretrained
from ner.data.readers import read_split
from tests.commands import run_ner_here

ROOT = pathlib.Path(__file__).resolve().parents[3]
DIRECTORY = pathlib.Path(pretrained.DIRECTORY)
MSRA = ROOT / "data" / "msra"
SENTENCE = "江苏省委书记到上海交通大学看望李明教授。"


@pytest.fixture(name="tagger", scope="module")
def _tagger():
    return ner.Tagger.load()


def contents(directory):
    return {path.name: sha256(path) for path in directory.iterdir()}


@pytest.mark.numbers
def test_finds_what_anybody_would(tagger):
    found = {(e.text, e.label) for e in tagger.tag(SENTENCE)}
    assert {("上海交通大学", "ORG"), ("李明", "PER")} <= found
    assert tagger.tag("") == []
    assert ("北京", "LOC") in {(e.text, e.label) for e in tagger.tag("他昨天从北京回来。")}
    assert tagger.labels == ("LOC", "ORG", "PER")


@pytest.mark.numbers
def test_scores_are_those_of_the_readme(tagger):
    """On every Python and TensorFlow."""
    command = "echo 江苏省委书记到上海交通大学看望李明教授。 | albert-ner tag"
    printed = (ROOT / "README.md").read_text(encoding="utf-8").split(command)[1]
    expected = json.loads(next(line for line in printed.splitlines() if line.startswith("{")))["entities"]
    found = tagger.tag(SENTENCE)
    assert [(e.start, e.end, e.label, e.text) for e in found] == [tuple(e[k] for k in ("start", "end", "label", "text")) for e in expected]
    assert [e.score for e in found] == pytest.approx([e["score"] for e in expected], abs=1e-4)


@pytest.mark.numbers
def test_commands_use_it_by_default(tagger, tmp_path, capsys):
    text, tagged = tmp_path / "text.txt", tmp_path / "tagged.jsonl"
    text.write_text(f"{SENTENCE}\n", encoding="utf-8")
    before = contents(DIRECTORY)
    assert run_ner_here(do_predict=True, input_file=[str(text)], output_file=str(tagged)) == 0
    record = json.loads(tagged.read_text(encoding="utf-8"))
    assert [e["text"] for e in record["entities"]] == [e.text for e in tagger.tag(SENTENCE)]

    (tmp_path / "test.txt").write_text("李\tB-PER\n明\tI-PER\n在\tO\n北\tB-LOC\n京\tI-LOC\n。\tO\n", encoding="utf-8")
    assert run_ner_here(do_eval=True, data_dir=str(tmp_path)) == 0
    assert "overall" in capsys.readouterr().out
    with pytest.raises(UserError, match="--error_report: found the tagger that comes with the package, expected --model_dir"):
        run_ner_here(do_eval=True, data_dir=str(tmp_path), error_report=True)
    assert contents(DIRECTORY) == before


@pytest.mark.numbers
def test_export_without_a_model_is_of_it(tagger, tmp_path):
    assert run_ner_here(do_export=True, export_dir=str(tmp_path / "export")) == 0
    exported = ner.Tagger.load(tmp_path / "export")
    assert [(e.text, e.label) for e in exported.tag(SENTENCE)] == [(e.text, e.label) for e in tagger.tag(SENTENCE)]
    provenance = json.loads((tmp_path / "export" / "1" / "assets" / "provenance.json").read_text())
    assert provenance["weights"]["sha256"] == sha256(DIRECTORY / "best.safetensors")


@pytest.mark.numbers
def test_console_command_needs_no_model(tagger, tmp_path):
    environment = {name: value for name, value in os.environ.items() if name != "ALBERT_NER_MODEL"}
    result = subprocess.run(
        [sys.executable, "-m", "ner.cli", "tag", "--output_format=inline"],
        input=SENTENCE.encode(),
        cwd=tmp_path,
        env={**environment, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        check=False,
    )
    assert (result.returncode, result.stderr) == (0, b"")
    assert [tuple(m) for m in re.findall(r"\[(.+?)\|(.+?)\]", result.stdout.decode())] == [(e.text, e.label) for e in tagger.tag(SENTENCE)]


@pytest.mark.slow
@pytest.mark.skipif(not MSRA.is_dir(), reason="no data/msra: python -m ner.data.msra --output_dir=data/msra")
def test_scores_are_those_of_the_card(tagger):
    test = read_split(MSRA, "test", types=tagger.labels)
    scheme = tagger.predictor.tag_set.scheme
    overall = ner.evaluate([e.tags for e in test], tagger.predictor.tags([e.text for e in test]), scheme).strict.overall
    card = (DIRECTORY / "README.md").read_text(encoding="utf-8")
    (stated,) = re.findall(r"^\| \*\*overall\*\* \|.*\| \*\*([\d.]+)\*\* \| 6,181 \|$", card, re.MULTILINE)
    assert overall.support == 6181
    assert 100 * overall.f1 == pytest.approx(float(stated), abs=0.05)
