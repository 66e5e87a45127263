"""Every kind of release, fetched by its name from a server on the loopback address, computes what it should."""

import json
import os
import re

import numpy as np
import pytest

import albert
from albert import checkpoints, hub
from albert.checkpoints.proof import fetch
from albert.hub import registry, resolving
from tests.albert.checkpoint_files import DATA
from tests.albert.checkpoints.test_outputs import assert_encoder_matches, run
from tests.albert.hub import stand_ins


def golden_of(layout):
    return np.load(DATA / stand_ins.LAYOUTS[layout][0] / "golden.npz")


def fetch_all(server, cache, rows):
    stand_ins.publish(server, rows)
    for row in rows:
        directory = fetch(row.name)
        assert directory == str(cache / "checkpoints" / row.key)
        assert checkpoints.find(directory).layout == row.layout
    server.requests.clear()
    for row in rows:
        for name in (row.name, *row.aliases):
            assert fetch(name) == str(cache / "checkpoints" / row.key)
    assert server.requests == []
    assert os.listdir(cache / "downloads") == os.listdir(cache / "staging") == []


def test_every_archive_and_each_kind_of_repository_is_fetched_and_proved(server, cache):
    rows = registry.releases()
    kinds = {(row.layout, row.task, row.revision == "main"): row for row in rows if row.huggingface}
    fetch_all(server, cache, [row for row in rows if row.addresses] + list(kinds.values()))


@pytest.mark.slow
def test_every_name_in_the_registry_is_fetched_and_proved(server, cache):
    fetch_all(server, cache, registry.releases())


@pytest.mark.parametrize(
    "name", ["albert_base_zh", "google_albert_base_zh", "bert_base_chinese", "voidful/albert_chinese_base", "bert_wwm"]
)
def test_each_kind_gives_the_golden_outputs(server, name):
    row = registry.lookup(name)
    stand_ins.publish(server, [row])
    assert_encoder_matches(run(albert.load_encoder(name), golden_of(row.layout)), golden_of(row.layout))
    model = albert.load_pretraining_model(name) if row.layout != "huggingface_albert" else None
    if model is not None:
        assert_encoder_matches(run(model, golden_of(row.layout)), golden_of(row.layout))


def test_only_what_a_checkpoint_needs_is_kept(server, cache):
    stand_ins.publish(server, [registry.lookup("albert_base_zh"), registry.lookup("hfl/rbt3")])
    assert sorted(os.listdir(fetch("albert_base_zh"))) == [
        "albert_config_base.json",
        "albert_model.ckpt.data-00000-of-00001",
        "albert_model.ckpt.index",
        "checkpoint",
        "vocab.txt",
    ]
    assert sorted(os.listdir(fetch("hfl/rbt3"))) == ["config.json", "model.safetensors", "vocab.txt"]
    assert sorted(os.listdir(cache)) == ["checkpoints", "downloads", "locks", "records", "staging"]


def test_a_path_goes_before_a_name(server, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    os.symlink(DATA / "google_albert", "albert_base_zh")
    assert fetch("albert_base_zh") == "albert_base_zh"
    assert checkpoints.find("albert_base_zh").layout == "google"
    prefix = str(DATA / "bert" / "bert_model.ckpt")
    assert fetch(prefix) == prefix
    assert server.requests == []


def test_it_says_which_of_two_releases_it_is(server, capsys):
    stand_ins.publish(server, [registry.lookup("albert_base_zh"), registry.lookup("google_albert_base_zh")])
    fetch("albert_base_zh")
    fetch("google_albert_base_zh")
    lines = [line for line in capsys.readouterr().err.splitlines() if "; in " in line]
    assert re.match(r"albert_base_zh: brightmart's, https://github.com/brightmart/albert_zh; in .*/albert_base_zh$", lines[0])
    assert re.match(r"google_albert_base_zh: Google's, https://github.com/google-research/albert; in ", lines[1])


def test_any_huggingface_repository(server):
    server.repository("someone/model", stand_ins.files_of("huggingface_albert"))
    assert_encoder_matches(run(albert.load_encoder("hf:someone/model"), golden_of("huggingface_albert")), golden_of("huggingface_albert"))


def test_rows_that_the_vocabulary_has_no_entries_for(server):
    files = stand_ins.files_of("huggingface_bert")
    rows = json.loads(files["config.json"])["vocab_size"]
    files["vocab.txt"] = b"".join(files["vocab.txt"].splitlines(keepends=True)[: rows - 3])
    server.repository("someone/padded", files)
    found = checkpoints.find("hf:someone/padded")
    assert_encoder_matches(run(albert.load_encoder(found), golden_of("huggingface_bert")), golden_of("huggingface_bert"))
    tokenizer = albert.CharTokenizer(found.vocab_file)
    tokenizer.check_size(found.config.vocab_size)
    assert tokenizer.remarks == (f"{found.vocab_file}: {rows - 3} entries for {rows} rows: the last 3 rows are spare",)


def test_a_moving_revision_stays_what_it_was_at_first_use(server, cache, capsys):
    server.repository("someone/model", stand_ins.files_of("huggingface_albert"), "1" * 40)
    directory = fetch("hf:someone/model")
    assert f"commit {'1' * 40}" in capsys.readouterr().err
    server.repositories["someone/model"]["commit"] = "2" * 40
    server.requests.clear()
    assert fetch("hf:someone/model") == directory
    assert server.requests == []
    # That commit is asked for again when the files are gone.
    for name in os.listdir(directory):
        os.unlink(os.path.join(directory, name))
    os.rmdir(directory)
    server.repositories["someone/model"]["commit"] = "1" * 40
    fetch("hf:someone/model")
    assert any(path == f"/api/models/someone/model/revision/{'1' * 40}" for _, path, _ in server.requests)
    assert json.loads((cache / "records" / "someone--model@main.json").read_text())["commit"] == "1" * 40


def test_a_pinned_revision_has_a_directory_of_its_own(server, cache):
    server.repository("someone/model", stand_ins.files_of("huggingface_albert"), "1" * 40)
    assert fetch(f"hf:someone/model@{'1' * 40}") == str(cache / "checkpoints" / f"someone--model@{'1' * 40}")
    with pytest.raises(hub.FetchError, match="the repository has no such revision"):
        fetch(f"hf:someone/model@{'3' * 40}")


def test_what_huggingfaces_own_cache_has_is_used(server, cache, tmp_path):
    import huggingface_hub  # noqa: PLC0415

    row = registry.lookup("hfl/rbt3")
    stand_ins.publish(server, [row])
    place = str(tmp_path / "huggingface" / "hub")
    there = [
        huggingface_hub.hf_hub_download("hfl/rbt3", name, endpoint=server.address, cache_dir=place)
        for name in stand_ins.files_of(row.layout)
    ]
    server.requests.clear()
    assert fetch("hfl/rbt3", offline=True) == os.path.dirname(there[0])
    assert server.requests == []
    assert not (cache / "checkpoints").exists()


def test_nothing_about_the_user_is_sent(server):
    stand_ins.publish(server, [registry.lookup("albert_base_zh"), registry.lookup("hfl/rbt3")])
    fetch("albert_base_zh")
    fetch("hfl/rbt3")
    allowed = {"host", "user-agent", "accept", "accept-encoding", "connection", "x-amzn-trace-id", "x-hf-download-counter"}
    for _, path, headers in server.requests:
        assert set(headers) <= allowed, headers
        if path.endswith(".zip"):
            assert headers["user-agent"] == f"albert-ner/{albert.__version__}"
        else:
            assert re.fullmatch(rf"albert-ner/{re.escape(albert.__version__)}; hf_hub/[\d.]+; python/[\d.]+", headers["user-agent"])


def test_offline_uses_the_cache_and_never_the_network(server, monkeypatch):
    stand_ins.publish(server, [registry.lookup("albert_base_zh"), registry.lookup("hfl/rbt3")])
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    for name in ("albert_base_zh", "hfl/rbt3"):
        with pytest.raises(hub.FetchError, match=f"^{name}: not on this machine, and cannot be fetched: offline. By hand: get "):
            fetch(name)
    assert server.requests == []
    directory = fetch("albert_base_zh", offline=False)
    server.requests.clear()
    assert fetch("albert_base_zh") == directory
    assert server.requests == []


def test_files_put_there_by_hand(server, cache):
    """The advice in the message for a machine without network works: the archive as it is, or a repository's files."""
    row = registry.lookup("albert_base_zh")
    with pytest.raises(hub.FetchError) as error:
        fetch(row.name, offline=True)
    place = re.search(r"put it, as it is, at (\S+), or", str(error.value)).group(1)
    os.makedirs(os.path.dirname(place), exist_ok=True)
    with open(place, "wb") as f:
        f.write(stand_ins.archive_of(row))
    assert checkpoints.find(fetch(row.name, offline=True)).layout == "brightmart"
    assert os.path.isfile(place)  # a person's own file

    with pytest.raises(hub.FetchError) as error:
        fetch("hfl/rbt3", offline=True)
    place = re.search(r"put them into (\S+), or", str(error.value)).group(1)
    os.makedirs(place)
    for name, data in stand_ins.files_of("huggingface_bert").items():
        with open(os.path.join(place, name), "wb") as f:
            f.write(data)
    assert fetch("hfl/rbt3", offline=True) == place
    assert json.loads((cache / "records" / "hfl--rbt3@main.json").read_text())["source"] == "put there by hand"


def test_the_cache_is_in_the_platforms_place(monkeypatch, tmp_path):
    monkeypatch.delenv("ALBERT_NER_CACHE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert hub.cache_dir().startswith(str(tmp_path)) or os.sep == "\\"
    assert os.path.basename(hub.cache_dir().rstrip("/\\")) in ("albert-ner", "Cache")


def test_a_missing_library_is_named_with_the_extra(server, monkeypatch):
    import builtins  # noqa: PLC0415

    real = builtins.__import__

    def without(name, *args, **kwargs):
        if name == "pooch":
            raise ImportError("No module named 'pooch'", name="pooch")
        return real(name, *args, **kwargs)

    stand_ins.publish(server, [registry.lookup("albert_base_zh")])
    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(hub.FetchError, match=re.escape("albert_base_zh: fetching it needs pooch: pip install 'albert-ner[hub]'")):
        fetch("albert_base_zh")
    assert resolving.is_offline() is False
