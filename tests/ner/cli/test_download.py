"""``albert-ner download`` and ``convert-tagger``, in processes of their own."""

import os
import pathlib
import re
import shutil
import subprocess
import sys
import time

import pytest

from albert.hub import registry
from ner.model.directory import ModelDir
from tests.albert.hub import stand_ins
from tests.albert.hub.conftest import _server  # noqa: F401 - the loopback server

ROOT = pathlib.Path(__file__).parents[3]
TAGGER = ROOT / "tests" / "ner" / "model" / "data" / "albert-tagger-bio"


def albert_ner(*arguments, prefix=(), **changes):
    """(exit code, standard output, standard error) of the command; ``changes`` are environment variables."""
    environment = {**os.environ, **changes}
    result = subprocess.run(
        [*prefix, sys.executable, "-m", "ner.cli", *arguments], capture_output=True, text=True, cwd=ROOT, env=environment, check=False
    )
    return result.returncode, result.stdout, result.stderr


def test_fetches_lists_and_says_where(server, tmp_path):
    stand_ins.publish(server, [registry.lookup("albert_base_zh"), registry.lookup("hfl/rbt3")])
    places = [str(tmp_path / "cache" / "checkpoints" / name) for name in ("albert_base_zh", "hfl--rbt3@main")]
    code, out, errors = albert_ner("download", "--where", "albert_base_zh", "bert_wwm")
    assert (code, out) == (1, "")
    assert errors == "error: albert_base_zh, hfl/chinese-bert-wwm: not here; albert-ner download albert_base_zh hfl/chinese-bert-wwm\n"
    code, out, errors = albert_ner("download", "albert_base_zh", "hf:hfl/rbt3")
    assert (code, out.splitlines()) == (0, places)
    assert "fetching albert_base_zh: brightmart's, licence: not stated" in errors
    assert albert_ner("download", "--where", "hfl/rbt3", "albert_base_zh") == (0, "".join(f"{p}\n" for p in reversed(places)), "")
    assert albert_ner("download", "--where") == (0, f"{tmp_path / 'cache'}\n", "")
    code, out, _ = albert_ner("download", "--list")
    assert code == 0
    assert len(out.splitlines()) == 1 + len(registry.releases())
    assert re.search(r"^albert_base_zh +brightmart +\S+ MB +yes +not stated", out, re.MULTILINE)
    assert re.search(r"^albert_tiny_zh +brightmart +\S+ MB +no +not stated", out, re.MULTILINE)


def test_goes_on_to_the_others_after_one_that_fails(server):
    stand_ins.publish(server, [registry.lookup("hfl/rbt3")])
    code, out, errors = albert_ner("download", "hf:someone/nothing", "hfl/rbt3")
    assert (code, len(out.splitlines())) == (1, 1)
    assert "error: someone/nothing@main: no such repository" in errors
    assert errors.splitlines()[-1] == "error: hf:someone/nothing: not fetched, for the reasons above; the others were"


def test_checks_addresses(server):
    stand_ins.publish(server, [registry.lookup(name) for name in ("albert_base_zh", "hfl/rbt3")])
    code, out, errors = albert_ner("download", "--check", "albert_base_zh", "hfl/rbt3", "albert_tiny_zh")
    lines = out.splitlines()
    size = len(server.files["/albert_zh/albert_base_zh.zip"])
    assert lines[0] == f"ok  albert_base_zh  {server.address}/albert_zh/albert_base_zh.zip  {size:,} bytes"
    assert lines[1].startswith("NO  albert_base_zh  https://storage.googleapis.com/albert_zh/albert_base_zh.zip  ")
    assert re.fullmatch(r"ok  hfl/rbt3  https://huggingface.co/hfl/rbt3  [\d,]+ bytes, commit c{40}", lines[2])
    assert lines[3] == f"NO  albert_tiny_zh  {server.address}/albert_zh/albert_tiny.zip  HTTP 404 Not Found"
    assert (code, errors) == (1, "error: 1 of 3 releases have no address that answers: albert_tiny_zh\n")
    assert all(method == "HEAD" or "/api/" in path for method, path, _ in server.requests)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "expected the names of releases to fetch, or --list, which prints them"),
        (("--list", "--where"), "--list, --where and --check: found more than one of them, expected at most one"),
        (("--check", "--offline"), "--check: found it with --offline, expected a network"),
        (("albert_bsae_zh",), "albert_bsae_zh: expected a directory, a checkpoint prefix, a weights file or the name of a release"),
        (("--offline", "albert_base_zh"), "albert_base_zh: not on this machine, and cannot be fetched: offline. By hand: get https://"),
    ],
)
def test_mistakes_are_one_line(server, arguments, message):
    code, out, errors = albert_ner("download", *arguments)
    assert (code, out, len(errors.splitlines())) == (1, "", 1)
    assert errors.startswith(f"error: {message}")
    assert server.requests == []


def without_network():
    """The prefix of a command that is to have no network, not even a loopback address; skips where that cannot be had."""
    prefix = ("unshare", "--net", "--map-root-user")
    if shutil.which("unshare") is None or subprocess.run([*prefix, "true"], capture_output=True, check=False).returncode:
        pytest.skip("this machine does not let a process be cut off from the network")
    return prefix


@pytest.mark.parametrize("name", ["albert_base_zh", "bert_wwm"])
@pytest.mark.parametrize("command", ["train", "pretrain"])
def test_without_a_network_a_person_is_told_what_to_do(tmp_path, name, command):
    prefix = without_network()
    environment = {"ALBERT_NER_CACHE": str(tmp_path / "cache"), "HF_HOME": str(tmp_path / "huggingface")}
    (tmp_path / "text.txt").write_text("text\n")
    if command == "train":
        arguments = ["-m", "ner.cli", "train", "--data_dir=data", f"--output_dir={tmp_path / 'out'}"]
    else:
        arguments = ["run_pretraining.py", f"--input_file={tmp_path / 'text.txt'}", f"--output_dir={tmp_path / 'out'}"]
    before = os.times()
    start = time.monotonic()
    result = subprocess.run(
        [*prefix, sys.executable, *arguments, f"--init_checkpoint={name}"],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={**os.environ, **environment},
        check=False,
    )
    seconds, after = time.monotonic() - start, os.times()
    processor = after.children_user + after.children_system - before.children_user - before.children_system
    lines = result.stderr.splitlines()
    assert result.returncode == 1
    assert len(lines) <= 3
    assert re.search(
        r"By hand: get .* https://(github|huggingface).* and put (it, as it is, at|them into) " + re.escape(str(tmp_path)), lines[-1]
    )
    # The machine may be busy with other things; what it did for this is less than 10 seconds' work at any rate.
    assert seconds < 10 or processor < 5
    assert not (tmp_path / "out").exists()


def test_converts_a_tagger_both_ways(tmp_path):
    from ner.model import token_classification  # noqa: PLC0415

    code, out, errors = albert_ner("convert-tagger", f"--input_path={TAGGER}", f"--output_path={tmp_path / 'ours'}")
    assert (code, errors) == (0, "")
    assert out == f"{TAGGER} -> {tmp_path / 'ours'}: a tagger of ORG, LOC, PER (BIO)\n"
    config = ModelDir(tmp_path / "ours").read_config()
    assert (config.rnn, config.use_crf, config.max_seq_length) == ("none", False, 67)
    code, out, errors = albert_ner("convert-tagger", f"--input_path={tmp_path / 'ours'}", f"--output_path={tmp_path / 'theirs'}")
    assert (code, out) == (0, f"{tmp_path / 'ours'} -> {tmp_path / 'theirs'}: a HuggingFace model, AlbertForTokenClassification\n")
    first, second = token_classification.read(TAGGER), token_classification.read(tmp_path / "theirs")
    assert first.config == second.config
    assert all((second.weights[name] == value).all() for name, value in first.weights.items())
    # Nothing half-written, and nothing written over.
    code, out, errors = albert_ner("convert-tagger", f"--input_path={TAGGER}", f"--output_path={tmp_path / 'ours'}")
    assert (code, errors) == (1, f"error: --output_path: {tmp_path / 'ours'} exists, expected the name of a new directory\n")
    code, out, errors = albert_ner("convert-tagger", "--input_path=ner/pretrained/msra_albert_mini", f"--output_path={tmp_path / 'no'}")
    assert code == 1
    assert re.match("error: this tagger has a (recurrent layer|CRF); a HuggingFace token classification model is an encoder", errors)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["ours", "theirs"]
