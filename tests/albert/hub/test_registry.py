"""The table of releases: every row is well formed, every name unique, every flagfile's name in it."""

import json
import pathlib
import re

import pytest

from albert import hub
from albert.hub import registry

ROOT = pathlib.Path(__file__).parents[3]
OWN_HOSTS = ("https://storage.googleapis.com/",)


def test_every_row_is_well_formed():
    rows = registry.releases()
    assert len(rows) > 60
    for row in rows:
        assert re.match(r"https://(github\.com|huggingface\.co)/[\w.-]+/[\w.-]+$", row.page), row.name
        assert row.licence and row.publisher, row.name
        assert row.layout in ("google", "brightmart", "bert", "huggingface_albert", "huggingface_bert"), row.name
        assert row.layout.startswith("huggingface") == bool(row.huggingface), row.name
        for address in row.addresses:
            assert address.startswith(OWN_HOSTS) and address.endswith((".zip", ".tar.gz")), address
        assert row.revision == "main" or re.fullmatch("[0-9a-f]{40}", row.revision), row.name
        assert len(row.copies) == len(row.copied_by) and all(row.copied_by), row.name


def test_names_addresses_and_cache_directories_are_unique():
    rows = registry.releases()
    names = [name for row in rows for name in (row.name, *row.aliases)]
    addresses = [address for row in rows for address in row.addresses]
    files = [address.rsplit("/", 1)[1] for address in addresses]
    for values in (names, addresses, files, [row.key.lower() for row in rows]):
        assert len(values) == len(set(values))


def test_every_flagfile_names_a_release_and_every_release_its_flagfile():
    for row in registry.releases():
        if row.flagfile:
            text = (ROOT / "flags" / row.flagfile).read_text(encoding="utf-8")
            assert re.search(r"^--init_checkpoint=(\S+)$", text, re.MULTILINE).group(1) in (row.name, *row.aliases), row.flagfile
    for path in (ROOT / "flags").rglob("*.flags"):
        for name in re.findall(r"^--init_checkpoint=(\S+)$", path.read_text(encoding="utf-8"), re.MULTILINE):
            assert name == "albert_mini_zh" or name.startswith("output/") or hub.lookup(name), path


@pytest.mark.parametrize(
    ("name", "millions"),
    # Of the files HuggingFace shows: 16.6, 42.7, 888, 412 and 156 MB, four bytes each.
    [("albert_tiny_zh", 4.15), ("albert_base_zh", 10.7), ("google_albert_xxlarge_zh", 222), ("bert_base_chinese", 103), ("hfl/rbt3", 39)],
)
def test_sizes_are_those_of_the_weights(name, millions):
    assert registry.lookup(name).size / 4e6 == pytest.approx(millions, rel=0.03)


def test_bert_wwm_is_the_publishers_repository_for_want_of_an_address():
    row = registry.lookup("bert_wwm")
    assert (row.huggingface, row.publisher, row.addresses) == ("hfl/chinese-bert-wwm", "HFL", ())
    copy = registry.lookup("chinese_wwm_ext_L-12_H-768_A-12")
    assert (copy.archives, copy.copied_by) == ((), ("CLUE",))


def test_the_papers_encoder_is_brightmarts():
    assert registry.lookup("albert_base_zh").publisher == "brightmart"
    assert registry.lookup("google_albert_base_zh").publisher == "Google"


@pytest.mark.parametrize(
    ("text", "repository", "revision", "known"),
    [
        ("hf:someone/model", "someone/model", "main", False),
        ("hf://someone/model", "someone/model", "main", False),
        ("hf:someone/model@v1.0", "someone/model", "v1.0", False),
        ("hf:someone/model@" + "a" * 40, "someone/model", "a" * 40, False),
        ("hf:hfl/rbt3", "hfl/rbt3", "main", True),
        ("hfl/rbt3", "hfl/rbt3", "main", True),
        ("hf:hfl/rbt3@" + "b" * 40, "hfl/rbt3", "b" * 40, False),
        ("hf:bert-base-chinese", "google-bert/bert-base-chinese", "main", True),
        ("hf:hfl/chinese-bert-wwm", "hfl/chinese-bert-wwm", "ab0aa81da273504efc8540aa4d0bbaa3016a1bb5", True),
    ],
)
def test_huggingface_ids(text, repository, revision, known):
    row = registry.lookup(text)
    assert (row.huggingface, row.revision) == (repository, revision)
    # Of another commit nothing is known.
    assert bool(row.architecture) == known


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("albert_base_hz", "the nearest: albert_base_zh"),
        ("checkpoints/albert_base_zh", "the nearest: albert_base_zh"),
        ("albert_base", "the nearest: albert_base_"),
        ("hfl/chinese-bert-wmm", "hfl/chinese-bert-wwm"),
        ("someone/model", "hf:someone/model for a HuggingFace repository"),
        ("zzz", "albert-ner download --list"),
        ("hf:../../etc", "found nothing of that name"),
    ],
)
def test_an_unknown_name_gets_the_nearest(name, message):
    with pytest.raises(hub.FetchError, match=re.escape(message)) as error:
        registry.lookup(name)
    assert "\n" not in str(error.value)


def row(**changes):
    values = {"name": "ours", "publisher": "us", "page": "https://us.example", "licence": "MIT", "layout": "bert", "architecture": "small"}
    return {**values, "archives": ["https://us.example/ours.zip"], **changes}


SMALL = {"num_hidden_layers": 2, "hidden_size": 8, "embedding_size": 8, "intermediate_size": 16, "vocab_size": 31}


def write(path, rows):
    path.write_text(json.dumps({"architectures": {"small": SMALL}, "releases": rows}), encoding="utf-8")


def test_a_table_of_ones_own_goes_first(tmp_path, monkeypatch):
    write(tmp_path / "own.json", [row(), row(name="albert_base_zh", archives=["https://us.example/b.zip"])])
    monkeypatch.setenv("ALBERT_NER_REGISTRY", str(tmp_path / "own.json"))
    assert registry.lookup("ours").architecture == SMALL
    assert registry.lookup("albert_base_zh").publisher == "us"
    assert registry.lookup("albert_tiny_zh").publisher == "brightmart"


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([row(name="a b")], "release 1: expected a name of letters"),
        ([row(name="../up")], "release 1: expected a name of letters"),
        ([row(), row()], "release 2: the name 'ours' is already another's"),
        ([row(sise=3)], "release 1: expected the keys of a release, found 'sise'"),
        ([{"name": "x"}], "release 1: expected the keys of a release, found 'no publisher'"),
        ([row(architecture="huge")], "release 1: 'huge'"),
        ([row(architecture=None)], "release 1: expected the architecture of an archive"),
        ([row(archives=["ftp://us.example/ours.zip"])], "release 1: expected addresses http"),
        ([row(archives=[])], "release 1: expected archives, copies, or a HuggingFace repository"),
        ([row(huggingface="us/ours")], "release 1: expected archives, copies, or a HuggingFace repository"),
        ([7], "release 1: "),
    ],
)
def test_a_broken_table_is_told_by_its_row(tmp_path, monkeypatch, rows, message):
    write(tmp_path / "own.json", rows)
    monkeypatch.setenv("ALBERT_NER_REGISTRY", str(tmp_path / "own.json"))
    with pytest.raises(registry.UserError, match=re.escape(f"own.json: {message}")):
        registry.lookup("ours")
