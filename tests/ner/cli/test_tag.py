"""Tagging as a user meets it: files, pipes, formats, bad lines, exit codes."""

import json
import os
import pathlib
import random
import re
import signal
import subprocess
import sys
import time

import pytest
from absl import flags

from albert import command
from albert.errors import UserError
from ner.cli import tag as tag_module
from ner.cli.main import find_commands
from ner.data.readers import read_examples
from ner.decoding.gazetteer import DEFAULT_WEIGHT
from ner.tagging.tagger import Tagger
from tests.commands import printed_errors
from tests.ner.tiny import CHARACTERS, tiny_model_dir

ROOT = pathlib.Path(__file__).resolve().parents[3]


@pytest.fixture(name="model", scope="module")
def _model(tmp_path_factory):
    return tiny_model_dir(tmp_path_factory.mktemp("model"))


@pytest.fixture(name="tag")
def _tag(model, tmp_path):
    """A function that tags files and returns what was written."""

    def run(*files, **changes):
        output = tmp_path / "output"
        output.unlink(missing_ok=True)
        given = {"model_dir": str(model), "output_file": str(output), "eval_batch_size": 7, **changes}
        values = flags.FlagValues()
        command.define(tag_module.SETTINGS, values=values)
        values(["tag", *(f"--{name}={value}" for name, value in given.items() if value is not None)])
        try:
            with printed_errors(values):
                tag_module.run(command.settings(tag_module.SETTINGS, values, input_file=[str(path) for path in files]))
        finally:
            run.output = output.read_text(encoding="utf-8") if output.exists() else None
        return run.output

    return run


def random_texts(count, longest=70):
    rng = random.Random(count)
    return ["".join(rng.choices(CHARACTERS, k=rng.randrange(longest))) for _ in range(count)]


def test_files_are_tagged_in_order_and_as_by_the_tagger(tag, model, tmp_path):
    texts = [*random_texts(300), "", "王" * 700]
    (tmp_path / "b.txt").write_text("\n".join(texts[:50]), encoding="utf-8")
    (tmp_path / "a.txt").write_text("\r\n".join(texts[50:]) + "\r\n", encoding="utf-8-sig", newline="")
    records = [json.loads(line) for line in tag(tmp_path / "b.txt", tmp_path / "a.tx?").splitlines()]
    assert [record["text"] for record in records] == texts
    expected = Tagger.load(model).tag_batch(texts)
    for record, entities in zip(records, expected):
        assert [(e["start"], e["end"], e["label"], e["text"]) for e in record["entities"]] == [
            (e.start, e.end, e.label, e.text) for e in entities
        ]
        assert [e["score"] for e in record["entities"]] == pytest.approx([e.score for e in entities], abs=1e-4)
    assert sum(len(record["entities"]) for record in records) > 500


def test_json_lines_keep_their_fields(tag, tmp_path):
    path = tmp_path / "in.jsonl"
    lines = [f'{{"id": {i}.0, "body": {json.dumps(text)}, "extra": [null]}}' for i, text in enumerate(random_texts(20))]
    path.write_text("\n".join(lines), encoding="utf-8")
    for line, out in zip(lines, tag(path, text_field="body", entities_field="names").splitlines()):
        assert out.startswith(line[:-1] + ', "names": [')
        record = json.loads(out)
        assert all(record["body"][e["start"] : e["end"]] == e["text"] for e in record["names"])


@pytest.mark.parametrize("text_field", [None, "text"])
def test_bad_lines_are_reported_and_do_not_stop_the_rest(tag, tmp_path, capsys, text_field):
    good = ["北京", "上海", "江苏"]
    rows = [json.dumps({"text": text}).encode() if text_field else text.encode() for text in good]
    path = tmp_path / "in"
    path.write_bytes(b"\n".join([rows[0], b"\xb1\xb1", rows[1], b"\xff", rows[2]]))
    with pytest.raises(UserError) as e:
        tag(path, text_field=text_field)
    assert str(e.value) == "2 of 5 lines were left out for the reasons above; the others were tagged"
    assert [json.loads(line)["text"] for line in tag.output.splitlines()] == good
    errors = capsys.readouterr().err.splitlines()
    assert [line.split(": found")[0] for line in errors] == [f"error: {path}:2", f"error: {path}:4"]


def test_a_file_that_cannot_be_read_does_not_stop_the_others(tag, tmp_path, capsys):
    for name, content in (("a", "北京\n".encode()), ("b", "上海\n".encode("utf-16")), ("c", b"\xff\n"), ("d", "江苏".encode())):
        (tmp_path / name).write_bytes(content)
    with pytest.raises(UserError) as e:
        tag(*(tmp_path / name for name in "abd"))
    assert str(e.value) == "1 file was left out for the reasons above; the others were tagged"
    assert capsys.readouterr().err == f"error: {tmp_path / 'b'}: found UTF-16 text, expected UTF-8 (convert the file)\n"
    with pytest.raises(UserError) as e:
        tag(*(tmp_path / name for name in "abcbd"))
    assert str(e.value) == "2 files and 1 of 3 lines were left out for the reasons above; the others were tagged"
    assert [json.loads(line)["text"] for line in tag.output.splitlines()] == ["北京", "江苏"]
    with pytest.raises(UserError) as e:
        tag(tmp_path / "b")
    assert str(e.value) == f"{tmp_path / 'b'}: found UTF-16 text, expected UTF-8 (convert the file)"
    assert tag.output is None


def test_bio_can_be_trained_on(tag, tmp_path):
    texts = [text for text in random_texts(30) if text]
    path = tmp_path / "in.txt"
    path.write_text("\n".join(texts), encoding="utf-8")
    tag(path, output_format="bio")
    assert [example.text for example in read_examples(tmp_path / "output")] == texts


def test_html_shows_a_script_as_text(tag, tmp_path):
    path = tmp_path / "in.txt"
    path.write_text("李明<script>alert('北京')</script>", encoding="utf-8")
    page = tag(path, output_format="html")
    assert "<script" not in page
    assert "script&gt;" in page


def test_lexicon(tag, tmp_path):
    path, lexicon = tmp_path / "in.txt", tmp_path / "terms.tsv"
    path.write_text("上海一二江苏", encoding="utf-8")
    lexicon.write_text(f"上海\tPER\n海一\tLOC\t0.001\n江苏\tORG\t{DEFAULT_WEIGHT}\n苏\t-\n", encoding="utf-8")
    entities = json.loads(tag(path, lexicon=str(lexicon)))["entities"]
    assert [(e["text"], e["label"]) for e in entities if e["text"] in ("上海", "江苏")] == [("上海", "PER"), ("江苏", "ORG")]


def test_mistakes_are_found_before_anything_is_written(tag, tmp_path, model):
    path = tmp_path / "in.txt"
    path.write_text("北京", encoding="utf-8")
    for changes, message in [
        ({"model_dir": str(tmp_path / "none")}, f"--model_dir: {tmp_path / 'none'} is not a directory"),
        ({"text_field": "a", "entities_field": "a"}, "--entities_field: found 'a', the field of the text (--text_field), expected another"),
        ({"lexicon": "none.tsv"}, "none.tsv: cannot read lines of a term, a tab, and an entity type or -: No such file or directory"),
        ({"output_file": str(path)}, f"--output_file: {path} exists and is not overwritten"),
        ({"output_file": str(tmp_path / "none" / "x")}, f"--output_file: cannot write {tmp_path / 'none' / 'x'}: No such file"),
    ]:
        with pytest.raises(UserError) as e:
            tag(path, **changes)
        assert str(e.value).startswith(message)
        assert tag.output is None
    with pytest.raises(UserError, match=r"none\.txt: no such file, expected text to tag"):
        tag(path, tmp_path / "none.txt")
    assert path.read_text(encoding="utf-8") == "北京"


def start(*arguments, **options):
    environment = {key: value for key, value in os.environ.items() if key != "ALBERT_NER_MODEL"}
    command = [sys.executable, "-m", "ner.cli", *arguments]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    # A job in the background of a script ignores Ctrl-C, and its children inherit that; under a handler they have the default.
    previous = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        return subprocess.Popen(command, cwd=ROOT, env={**environment, **options}, **pipes)
    finally:
        signal.signal(signal.SIGINT, previous)


def test_a_pipe_is_answered_line_by_line_whatever_the_locale(model):
    process = start("tag", "--output_format=inline", "--progress", ALBERT_NER_MODEL=str(model), PYTHONIOENCODING="gbk", LC_ALL="C")
    for text in ("北京😀", "江苏[x]"):
        process.stdin.write(f"{text}\n".encode())
        process.stdin.flush()
        # The answer comes before the next line is written; otherwise this would wait for ever.
        answer = process.stdout.readline().decode("utf-8")
        assert re.sub(r"\\|\|[A-Z]+\]|(?<!\\)\[", "", answer) == f"{text}\n"
    _, errors = process.communicate(b"\xff\n", timeout=300)
    assert process.returncode == 1
    assert b"error: standard input:3: found byte 0xff" in errors
    assert errors.decode().splitlines()[-1].startswith("error: 1 of 3 lines were left out")
    assert b"tagging" in errors
    assert b"Traceback" not in errors


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full")
def test_a_full_disk_is_said(model, tmp_path):
    (tmp_path / "in.txt").write_text("北京", encoding="utf-8")
    command = [sys.executable, "-m", "ner.cli", "tag", f"--model_dir={model}", str(tmp_path / "in.txt")]
    with open("/dev/full", "wb") as full:
        result = subprocess.run(command, cwd=ROOT, stdout=full, stderr=subprocess.PIPE, check=False)
    assert (result.returncode, result.stderr) == (1, b"error: standard output: cannot write: No space left on device\n")


def test_ctrl_c_leaves_nothing_behind(model, tmp_path):
    process = start("tag", f"--model_dir={model}", f"--output_file={tmp_path / 'out.jsonl'}", "--progress")
    process.stdin.write("北京\n".encode())
    process.stdin.flush()
    # The output is begun when the tagger has been loaded.
    end = time.monotonic() + 300
    while not (begun := [path.suffix for path in tmp_path.iterdir()]) and time.monotonic() < end:
        time.sleep(0.1)
    assert begun == [".tmp"]
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=300)
    assert (process.returncode, errors.decode().splitlines()[-1]) == (130, "error: interrupted")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "arguments, code, message",
    [
        ((), 2, "usage: albert-ner COMMAND"),
        (("untag",), 2, "error: untag: no such command; did you mean tag?\n"),
        (("xyz",), 2, f"error: xyz: no such command; expected one of {', '.join(find_commands())}\n"),
        (("tag", "--model_dri=none"), 2, "error: --model_dri: no such flag; did you mean --model_dir?\n"),
        (("tag", "--model_dir=none"), 1, "error: --model_dir: none is not a directory"),
        (("tag", "--model_dir=none", "none.txt"), 1, "error: none.txt: no such file, expected text to tag"),
        (
            ("tag", "--output_format=xml"),
            2,
            "error: flag --output_format=xml: value should be one of <jsonl|bio|inline|conll|csv|tsv|ansi|html>",
        ),
    ],
)
def test_exit_codes(arguments, code, message):
    process = start(*arguments)
    out, errors = process.communicate(b"", timeout=300)
    assert (process.returncode, out) == (code, b"")
    assert errors.decode().startswith(message)
    assert code == 2 or errors.count(b"\n") == 1


def test_help():
    process = start("tag", "--help")
    out, errors = process.communicate(b"", timeout=300)
    assert (process.returncode, errors) == (0, b"")
    for flag in ("--model_dir", "--output_format", "--text_field", "--lexicon", "--[no]constrained_decoding"):
        assert flag in out.decode()
