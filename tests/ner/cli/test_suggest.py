"""albert-ner suggest, with a tagger that doubts texts by their lengths."""

import json
from types import SimpleNamespace

import pytest

from albert.errors import FieldError
from ner.cli import suggest
from ner.cli.suggest import SuggestCommand, _State, read_texts, write
from ner.errors import DataError
from ner.tagging.choosing import Chooser
from ner.tags import Span

TEXTS = [chr(0x4E00 + 50 * n) * (1 + n % 17) + "北京" for n in range(100)]


class Posteriors:
    """Counts the texts it reads; ends at ``most``."""

    def __init__(self, most=1000):
        self.read_texts, self._most = 0, most

    def read(self, texts):
        for text in texts:
            if self.read_texts == self._most:
                raise KeyboardInterrupt
            self.read_texts += 1
            yield SimpleNamespace(doubt=float(len(text)), spans=[(Span(len(text) - 2, len(text), "LOC"), 0.75)])


def settings(tmp_path, **options):
    return SuggestCommand(str(tmp_path / "in.txt"), output_file=str(tmp_path / "out.jsonl"), limit=10, **options)


class NoState:
    def save(self, *_):
        pass


def test_outputs(tmp_path):
    (tmp_path / "in.txt").write_text("\n".join([*TEXTS[:3], "", "\t", *TEXTS[3:]]) + "\n")
    chooser = Chooser(10)
    assert read_texts([str(tmp_path / "in.txt")], None, Posteriors(), chooser, NoState()) == 0
    write(str(tmp_path / "out.jsonl"), "doccano", chooser.choose())
    found = list(map(json.loads, (tmp_path / "out.jsonl").read_text().splitlines()))
    assert len(found) == 10
    assert found[0] == {"text": TEXTS[16], "label": [[17, 19, "LOC"]], "doubt": 19.0, "chosen_by": "doubt"}
    assert [value["chosen_by"] for value in found].count("random") == 1
    write(str(tmp_path / "out.json"), "label-studio", chooser.choose())
    first = json.loads((tmp_path / "out.json").read_text())[0]
    assert first["data"] == {"text": TEXTS[16], "doubt": 19.0, "chosen_by": "doubt"}
    assert "annotations" not in first
    (result,) = first["predictions"][0]["result"]
    assert result["value"] == {"start": 17, "end": 19, "text": "北京", "labels": ["LOC"]}
    assert result["score"] == 0.75


def test_what_was_interrupted_goes_on(tmp_path, monkeypatch):
    monkeypatch.setattr(suggest, "_SAVE_EVERY", 7)
    path = tmp_path / "in.txt"
    path.write_text("".join(f"{text}\n" for text in TEXTS))
    monkeypatch.setattr(suggest, "read_chunks", lambda path: ([SimpleNamespace(source="", number=0, data=t.encode())] for t in TEXTS))
    whole, first, second = Chooser(10), Chooser(10), Chooser(10)
    read_texts([str(path)], None, Posteriors(), whole, NoState())
    with pytest.raises(KeyboardInterrupt):
        read_texts([str(path)], None, Posteriors(50), first, _State(settings(tmp_path), [str(path)], "none"))
    state = _State(settings(tmp_path), [str(path)], "none")
    done = state.restore(second)
    assert done == 49
    posteriors = Posteriors()
    read_texts([str(path)], None, posteriors, second, state, done)
    assert posteriors.read_texts == len(TEXTS) - 49
    assert second.choose() == whole.choose()
    with pytest.raises(DataError, match="found the state of other inputs, settings or another tagger"):
        _State(settings(tmp_path, seed=3), [str(path)], "none").restore(Chooser(10))
    state.remove()
    assert state.restore(Chooser(10)) == 0
    (tmp_path / "out.jsonl.state").write_text('{"identity": 3}')
    with pytest.raises(DataError, match="out.jsonl.state: found the state of other"):
        state.restore(Chooser(10))


def test_lines_that_cannot_be_read_are_left_out(tmp_path, capsys):
    path = tmp_path / "in.txt"
    path.write_bytes(b"\xff\xfe\n".replace(b"\xff\xfe", b"a\xd6") + "北京上海\n".encode())
    chooser = Chooser(10)
    assert read_texts([str(path)], None, Posteriors(), chooser, NoState()) == 1
    assert [candidate.text for candidate, _ in chooser.choose()] == ["北京上海"]
    assert "in.txt:1: found byte 0xd6" in capsys.readouterr().err


def test_mistakes(tmp_path):
    with pytest.raises(FieldError, match="input_file: not given"):
        SuggestCommand(output_file="x")
    with pytest.raises(FieldError, match="found standard input"):
        SuggestCommand("-", output_file="x")
    (tmp_path / "out.jsonl").write_text("old")
    with pytest.raises(FieldError, match="exists and is not overwritten"):
        suggest.run(settings(tmp_path))
