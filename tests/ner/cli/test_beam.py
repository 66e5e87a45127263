"""Bulk tagging on Beam's direct runner: every line once, whatever fails on the way."""

import base64
import collections
import json
import random

import pytest

beam = pytest.importorskip("apache_beam")

import ner.beam  # noqa: E402

import ner  # noqa: E402
from albert.errors import UserError  # noqa: E402
from tests.commands import run_ner_here  # noqa: E402
from tests.ner.export.exporting import CHARACTERS, EDGE_TEXTS, random_texts, save_tagger  # noqa: E402


@pytest.fixture(name="model", scope="module")
def _model(tmp_path_factory):
    work = tmp_path_factory.mktemp("beam")
    save_tagger(work / "model")
    run_ner_here(do_export=True, model_dir=str(work / "model"), export_dir=str(work / "base"))
    return work


class FailOnce(ner.beam.Tag):
    """Stops in the middle of a bundle, once, as a worker does that is lost."""

    lines = 0

    def process(self, line, window=beam.DoFn.WindowParam, timestamp=beam.DoFn.TimestampParam):
        FailOnce.lines += 1
        if FailOnce.lines == 30:
            raise RuntimeError("this worker is lost")
        yield from super().process(line, window, timestamp)


def run(model, tmp_path, lines, *flags):
    (tmp_path / "in.txt").write_bytes(b"".join(line + b"\n" for line in lines))
    output = tmp_path / "out" / "part"
    ner.beam.main([f"--input={tmp_path}/in.txt", f"--output={output}", f"--model={model}/base", *flags])

    def read(pattern):
        return [
            json.loads(line)
            for path in sorted(output.parent.glob(pattern))
            for line in path.read_text(encoding="utf-8").split("\n")
            if line
        ]

    return read("part-*.jsonl"), read("part.dead-letter-*.jsonl")


def usable(texts):
    """Texts that are one line each."""
    return ["".join(c for c in text if c not in "\r\n") for text in texts]


def test_entities_and_dead_letters(model, tmp_path):
    texts = usable([*EDGE_TEXTS, *random_texts(100, seed=7)])
    lines = [*(text.encode() for text in texts), b"\xff\xfe", "京".encode() * 1000]
    records, dead = run(model, tmp_path, lines, "--batch_size=7", "--max_line_length=2000")
    assert collections.Counter(r["text"] for r in records) == collections.Counter(texts)
    tagger = ner.Tagger.load(model / "model")
    for record, expected in zip(records, tagger.tag_batch([r["text"] for r in records])):
        assert [(e["start"], e["end"], e["label"], e["text"]) for e in record["entities"]] == [
            (e.start, e.end, e.label, e.text) for e in expected
        ]
    assert len(dead) == 2
    errors = {letter["error"]: letter["line"] for letter in dead}
    assert next(base64.b64decode(line) for error, line in errors.items() if "can't decode byte" in error) == b"\xff\xfe"
    assert "found a line of 3000 bytes, expected at most 2000" in errors


def test_mistakes_are_one_line(model, tmp_path, capsys):
    flags = [f"--output={tmp_path}/part", f"--model={model}/base"]
    with pytest.raises(UserError, match=f"^--input: found no files {tmp_path}/none, expected files of texts: [^\n]*$"):
        ner.beam.main([f"--input={tmp_path}/none", *flags])
    with pytest.raises(UserError, match="^--input: found no files none://a, expected files of texts: [^\n]*$"):
        ner.beam.main(["--input=none://a", *flags])
    for found in ("0", "-1", "x"):
        with pytest.raises(SystemExit):
            ner.beam.main([f"--input={tmp_path}/none", *flags, f"--batch_size={found}"])
        message = f"error: argument --batch_size: found '{found}', expected a whole number of at least 1\n"
        assert capsys.readouterr().err.endswith(message)
    assert list(tmp_path.iterdir()) == []


def test_several_worker_processes(model, tmp_path):
    texts = usable(random_texts(150, seed=9))
    flags = ("--runner=DirectRunner", "--direct_running_mode=multi_processing", "--direct_num_workers=2")
    records, dead = run(model, tmp_path, [text.encode() for text in texts], *flags)
    assert dead == []
    assert collections.Counter(r["text"] for r in records) == collections.Counter(texts)


def check_each_once(model, tmp_path, monkeypatch, count):
    monkeypatch.setattr(ner.beam, "Tag", FailOnce)
    FailOnce.lines = 0
    choose = random.Random(3)
    texts = [f"{i}" + "".join(choose.choices(CHARACTERS, k=choose.randrange(30))) for i in range(count)]
    # Of the direct runners, the one that does a bundle again when it fails; it has a worker thread per processor.
    records, dead = run(model, tmp_path, [text.encode() for text in texts], "--runner=BundleBasedDirectRunner")
    assert FailOnce.lines > count  # some were done again
    assert dead == []
    assert collections.Counter(r["text"] for r in records) == collections.Counter(texts)


def test_each_line_once_though_a_worker_fails(model, tmp_path, monkeypatch):
    check_each_once(model, tmp_path, monkeypatch, 500)


@pytest.mark.slow
def test_100000_lines_each_once_though_a_worker_fails(model, tmp_path, monkeypatch):
    check_each_once(model, tmp_path, monkeypatch, 100_000)
