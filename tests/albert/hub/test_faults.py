"""Downloading as it happens in life: each fault ends in a fetched release or in one line, and nothing half-written is left."""

import contextlib
import io
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import tarfile
import threading
import time
import warnings
import zipfile

import pytest

from albert import checkpoints, hub
from albert.checkpoints.proof import fetch
from albert.hub import download as downloading
from albert.hub import registry, store
from tests.albert.hub import stand_ins

NAME, PATH = "albert_base_zh", "/albert_zh/albert_base_zh.zip"
PINNED = "hfl/chinese-bert-wwm"


@pytest.fixture(name="archive")
def _archive(server):
    stand_ins.publish(server, [registry.lookup(NAME)])
    return server.files[PATH]


@pytest.fixture(name="two_addresses")
def _two_addresses(server, tmp_path, monkeypatch):
    """A release of that name with two addresses on the server, and no mirror."""
    monkeypatch.delenv("ALBERT_NER_MIRROR")
    stand_ins.publish(server, [registry.lookup(NAME)])
    server.files = {"/first.zip": server.files[PATH], "/second.zip": server.files[PATH]}
    rewrite(tmp_path / "registry.json", archives=[f"{server.address}/first.zip", f"{server.address}/second.zip"])
    return server


def rewrite(path, **changes):
    """Change the row of ``NAME`` in the tests' table."""
    table = json.loads(path.read_text(encoding="utf-8"))
    for row in table["releases"]:
        if row["name"] == NAME:
            row.update(changes)
    path.write_text(json.dumps(table), encoding="utf-8")
    registry._read.cache_clear()


def refused(message, name=NAME):
    with pytest.raises(hub.FetchError, match=message) as error:
        fetch(name)
    assert "\n" not in str(error.value)
    return str(error.value)


def assert_nothing_left(cache, *allowed):
    """No checkpoint, no record, no part of either: only what the fault may leave."""
    left = sorted(str(path.relative_to(cache)) for path in cache.rglob("*") if path.is_file() and path.parent.name != "locks")
    assert left == sorted(allowed)
    assert not any((cache / "staging").glob("*"))


def assert_fetched(name=NAME):
    assert checkpoints.find(fetch(name)).layout == registry.lookup(name).layout


def test_a_transfer_that_is_cut_goes_on_where_it_was(server, archive):
    server.faults[PATH] = [("cut", 1000), ("cut", 70_000)]
    assert_fetched()
    assert [headers.get("range") for headers in server.gets(PATH)] == [None, "bytes=1000-", "bytes=71000-"]


def test_the_next_process_goes_on_where_it_was(server, cache, archive):
    server.faults[PATH] = [("cut", 1000), *[("cut", 0)] * 3]
    message = refused(rf"^{NAME}: not on this machine, and cannot be fetched: {server.address}{PATH} \(cut off")
    assert "By hand: get https://storage.googleapis.com/albert_zh/albert_base_zh.zip" in message
    assert_nothing_left(cache, "downloads/albert_base_zh.zip.part", "downloads/albert_base_zh.zip.part.json")
    server.requests.clear()
    assert_fetched()
    assert [headers.get("range") for headers in server.gets(PATH)] == ["bytes=1000-"]
    assert_nothing_but_the_release(cache)


def assert_nothing_but_the_release(cache, key=NAME):
    assert sorted(os.listdir(cache / "checkpoints")) == [key]
    assert os.listdir(cache / "downloads") == os.listdir(cache / "staging") == []


def test_a_server_without_ranges_begins_anew(server, cache, archive):
    server.ranges = False
    server.faults[PATH] = [("cut", 1000)]
    assert_fetched()
    assert_nothing_but_the_release(cache)


def test_another_file_at_the_same_address_begins_anew(server, cache, archive):
    server.faults[PATH] = [("cut", 1000), *[("cut", 0)] * 3]
    refused("cut off")
    files = {**stand_ins.files_of("brightmart"), "README.md": b"a new edition"}
    server.files[PATH] = stand_ins.zipped(files)
    assert_fetched()


def test_a_part_longer_than_the_file_begins_anew(server, cache, archive):
    server.faults[PATH] = [("cut", 1000), *[("cut", 0)] * 3]
    refused("cut off")
    with open(cache / "downloads" / "albert_base_zh.zip.part", "ab") as f:
        f.write(b"x" * len(archive))
    assert_fetched()


def test_a_page_with_status_200_is_no_archive(server, cache, archive):
    server.faults[PATH] = ["html"]
    refused("found an HTML page, perhaps a proxy's or a login")
    assert_nothing_left(cache)
    # What had arrived before the page came is kept.
    server.faults[PATH] = [("cut", 1000), "html"]
    refused("found an HTML page, perhaps a proxy's or a login")
    assert (cache / "downloads" / "albert_base_zh.zip.part").stat().st_size == 1000
    # The same from a server that calls it something else.
    server.files[PATH] = b"\n<html><body>Please log in</body></html>"
    refused(r"found an HTML page \(40 bytes\), perhaps a proxy's or a login")
    assert_nothing_left(cache)


def test_the_second_address_is_tried(two_addresses, cache):
    two_addresses.faults["/first.zip"] = [404]
    assert_fetched()
    assert json.loads((cache / "records" / f"{NAME}.json").read_text())["source"] == f"{two_addresses.address}/second.zip"
    assert_nothing_but_the_release(cache)


@pytest.mark.parametrize("fault", [404, 403, 500, "html", ("cut", 0), ("length", 10**13)])
def test_each_address_is_told_with_its_reason(two_addresses, cache, fault):
    two_addresses.faults = {"/first.zip": [404], "/second.zip": [fault] * 3}
    message = refused("cannot be fetched")
    assert f"{two_addresses.address}/first.zip (HTTP 404 Not Found), {two_addresses.address}/second.zip (" in message
    assert not (cache / "checkpoints").exists()


def test_a_wrong_length_is_refused(server, cache, archive):
    server.faults[PATH] = [("length", len(archive) - 500)]
    refused("albert_base_zh.zip: expected a whole archive, found it damaged")
    assert_nothing_left(cache)


def test_more_than_the_release_can_have_is_refused(server, cache, archive, monkeypatch):
    monkeypatch.setattr(downloading, "_CHUNK", 1 << 20)
    limit = registry.lookup(NAME).largest_unpacked
    server.faults[PATH] = [("length", limit + 1)]
    refused(rf"expected at most {limit:,} bytes for this release, found {limit + 1:,}")
    assert_nothing_left(cache)
    server.faults[PATH] = [("endless", 0)]
    refused(rf"expected at most {limit:,} bytes for this release, found more")
    assert not (cache / "checkpoints").exists()


def test_a_known_hash_is_checked_and_the_next_address_tried(two_addresses, cache, tmp_path):
    import hashlib  # noqa: PLC0415

    good = two_addresses.files["/second.zip"]
    two_addresses.files["/first.zip"] = stand_ins.zipped({"other": b"x"})
    rewrite(tmp_path / "registry.json", sha256=hashlib.sha256(good).hexdigest())
    assert_fetched()
    assert_nothing_but_the_release(cache)


def test_a_hash_seen_at_first_use_is_checked_from_then_on(server, cache, archive):
    import shutil  # noqa: PLC0415

    directory = fetch(NAME)
    shutil.rmtree(directory)
    server.files[PATH] = stand_ins.zipped({**stand_ins.files_of("brightmart"), "README.md": b"not what it was"})
    refused("expected SHA-256 [0-9a-f]{64}, as when it was first fetched, found")
    assert_nothing_left(cache, f"records/{NAME}.json")
    server.files[PATH] = archive
    assert_fetched()


@pytest.mark.parametrize("damage", ["shorter", "another", "missing"])
def test_a_file_that_changes_in_the_cache_is_told(server, cache, archive, damage):
    path = pathlib.Path(fetch(NAME)) / "vocab.txt"
    data = path.read_bytes()
    if damage == "missing":
        path.unlink()
    else:
        path.write_bytes(data[:-1] if damage == "shorter" else b"x" + data[1:])
    message = refused(rf"^{path}: changed since it was fetched: ")
    assert f"remove {path.parent} to fetch it again" in message


def test_a_file_that_was_only_copied_is_the_same(server, archive, monkeypatch):
    directory = fetch(NAME)
    for name in os.listdir(directory):
        os.utime(os.path.join(directory, name))
    assert fetch(NAME) == directory
    monkeypatch.setattr(store, "sha256", None)  # not taken again once the record is right
    assert fetch(NAME) == directory


def fetcher(name=NAME):
    code = f"from albert.checkpoints.proof import fetch; print(fetch({name!r}))"
    return subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def wait_for(condition):
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@contextlib.contextmanager
def held(server):
    """Transfers stop in their middle while the block runs."""
    server.hold = threading.Event()
    try:
        yield
    finally:
        server.hold.set()
        server.hold = None


def test_of_two_processes_one_fetches_and_the_other_waits(server, cache):
    # A repository, whose proof needs no TensorFlow in the two processes.
    stand_ins.publish(server, [registry.lookup(PINNED)])
    with held(server):
        first = fetcher(PINNED)
        wait_for(lambda: server.requests)
        second = fetcher(PINNED)
        wait_for(lambda: "is fetching it; waiting" in second.stderr.readline())
    outputs = [process.communicate(timeout=60)[0] for process in (first, second)]
    assert outputs == [f"{cache / 'checkpoints' / registry.lookup(PINNED).key}\n"] * 2
    assert len([path for method, path, _ in server.requests if method == "GET" and path.endswith(".safetensors")]) == 1


@pytest.mark.parametrize("moment", ["fetching", "unpacking"])
def test_a_process_that_is_killed_holds_up_nobody(server, cache, archive, moment):
    with held(server):
        first = fetcher()
        wait_for(lambda: server.gets(PATH))
        if moment == "fetching":
            wait_for((cache / "downloads" / "albert_base_zh.zip.part").exists)
        first.send_signal(signal.SIGKILL)
        first.communicate()
    if moment == "unpacking":  # what such a process leaves behind
        os.makedirs(cache / "staging" / NAME / "old")
        (cache / "staging" / NAME / "old" / "model.ckpt.index").write_bytes(b"half")
    assert_fetched()
    assert_nothing_but_the_release(cache)


def test_no_room_for_the_archive(server, cache, archive, monkeypatch):
    import shutil  # noqa: PLC0415

    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(10, 5, 5))
    refused(f"needs {len(archive):,} bytes, 5 are free on its disk")
    assert not (cache / "checkpoints").exists()


@pytest.mark.skipif(sys.platform != "linux" or os.geteuid() != 0, reason="mounts a small file system, which takes root on Linux")
@pytest.mark.parametrize("kilobytes", [64, 300])  # not enough for the archive; enough for it, and not for what is in it
def test_a_full_disk(server, tmp_path, archive, kilobytes):
    cache = tmp_path / "small"
    cache.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={kilobytes}k", "tmpfs", cache], check=False, capture_output=True)
    if mounted.returncode:
        pytest.skip("this machine does not let a file system be mounted")
    # As a server that does not say how much will come.
    server.faults[PATH] = ["unknown"]
    try:
        os.environ["ALBERT_NER_CACHE"] = str(cache)
        with pytest.raises((hub.FetchError, OSError), match="No space left on device"):
            fetch(NAME)
        left = [path.name for path in cache.rglob("*") if path.is_file() and path.parent.name != "locks"]
        assert left in ([], ["albert_base_zh.zip"])
        os.environ["ALBERT_NER_CACHE"] = str(tmp_path / "cache")
        assert_fetched()
    finally:
        subprocess.run(["umount", cache], check=True)


FILES = stand_ins.files_of("brightmart")


def linked(kind):
    def change(info):
        if info.name == "vocab.txt":
            info.type, info.linkname, info.size = kind, "/etc/passwd", 0

    return change


def zip_with(name, mode=0, **options):
    buffer = io.BytesIO(stand_ins.zipped(FILES))
    with zipfile.ZipFile(buffer, "a") as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of a name that is there twice
        info = zipfile.ZipInfo(name, **options)
        info.external_attr = mode << 16
        archive.writestr(info, b"/etc/passwd")
    return buffer.getvalue()


def claiming(size):
    """A zip file whose directory claims another size for a member."""
    data = bytearray(stand_ins.zipped(FILES))
    at = data.rindex(b"PK\x01\x02")
    data[at + 24 : at + 28] = size.to_bytes(4, "little")
    return bytes(data)


def tar_with_header(kind, size):
    buffer = io.BytesIO()
    import gzip  # noqa: PLC0415

    info = tarfile.TarInfo("x")
    info.type, info.size = kind, size
    with gzip.GzipFile(fileobj=buffer, mode="wb") as packed:
        packed.write(info.tobuf(tarfile.USTAR_FORMAT))
        for _ in range(40):
            packed.write(bytes(1 << 20))
    return buffer.getvalue()


HOSTILE = {
    "absolute": (stand_ins.tarred({**FILES, "/etc/evil.json": b"x"}), "member '/etc/evil.json': expected a path inside the archive"),
    "parent": (stand_ins.zipped({**FILES, "../evil.json": b"x"}), "member '../evil.json': expected a path inside the archive"),
    "parent deep": (stand_ins.tarred({**FILES, "a/../../evil.json": b"x"}), "expected a path inside the archive"),
    "backslash": (zip_with("a\\evil.json"), "expected a path inside the archive"),
    "drive": (stand_ins.zipped({**FILES, "C:evil.json": b"x"}), "expected a path inside the archive"),
    "control character": (stand_ins.tarred({**FILES, "a\x1b[2Jb.json": b"x"}), "expected a path inside the archive"),
    "symbolic link": (stand_ins.tarred(FILES, change=linked(tarfile.SYMTYPE)), "member 'vocab.txt': expected plain files, found a link or"),
    "hard link": (stand_ins.tarred(FILES, change=linked(tarfile.LNKTYPE)), "expected plain files, found a link or a device"),
    "device": (stand_ins.tarred(FILES, change=linked(tarfile.CHRTYPE)), "expected plain files, found a link or a device"),
    "pipe": (stand_ins.tarred(FILES, change=linked(tarfile.FIFOTYPE)), "expected plain files, found a link or a device"),
    "zip link": (zip_with("link.json", 0o120777), "member 'link.json': expected plain files, found a link or a device"),
    "zip device": (zip_with("dev.json", 0o020666), "member 'dev.json': expected plain files, found a link or a device"),
    "twice": (zip_with("vocab.txt"), "member 'vocab.txt': expected each member once, found it twice"),
    "twice in another case": (zip_with("VOCAB.txt"), "expected each member once, found it twice"),
    "bomb": (stand_ins.zipped({**FILES, "big.json": bytes(70_000_000)}), "member 'big.json': expected at most 67,"),
    "tar bomb": (stand_ins.tarred({**FILES, "big.json": bytes(70_000_000)}), "member 'big.json': expected at most 67,"),
    "claims more": (claiming(4_000_000_000), "expected at most 67,"),
    "claims less": (claiming(5), "found it damaged"),
    "header bomb": (tar_with_header(tarfile.XHDTYPE, 3_000_000_000), "found it damaged: a header of 3,000,000,000 bytes"),
    "name bomb": (tar_with_header(tarfile.GNUTYPE_LONGNAME, 40 << 20), "found it damaged: a header of 41,943,040 bytes"),
    "padding bomb": (stand_ins.tarred(FILES) + __import__("gzip").compress(bytes(90_000_000)), "expected no more than the release's files"),
    "truncated zip": (stand_ins.zipped(FILES)[:-300], "expected a whole archive, found it damaged"),
    "truncated tar": (stand_ins.tarred(FILES)[:-300], "expected a whole archive, found it damaged"),
    "nothing": (b"", "expected a zip or tar.gz archive, found an empty file"),
    "text": (
        b"version https://git-lfs.github.com/spec/v1\noid sha256:1\nsize 5\n",
        "expected a zip or tar.gz archive, found a Git LFS pointer",
    ),
    "empty zip": (stand_ins.zipped({"README": b"x"}), r"expected one folder with a TensorFlow checkpoint \(\*.index\), found 0"),
    "two checkpoints": (
        stand_ins.zipped({**FILES, **{f"second/{name}": data for name, data in FILES.items()}}),
        r"expected one folder with a TensorFlow checkpoint \(\*.index\), found 2",
    ),
}


def test_a_damaged_record_is_told(server, cache, archive):
    fetch(NAME)
    path = cache / "records" / f"{NAME}.json"
    for text in ("{}", '{"files": {"a": 1}}', "[]", "{"):
        path.write_text(text)
        refused(f"^{path}:.*expected the record of a fetched release")


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_hostile_archive_leaves_nothing_behind(server, cache, tmp_path, kind):
    before = set(tmp_path.rglob("*"))
    server.files[PATH], message = HOSTILE[kind]
    refused(message if kind in ("empty zip", "two checkpoints") else re.escape(message))
    assert_nothing_left(cache)
    assert {path for path in tmp_path.rglob("*") if cache not in (path, *path.parents)} == before


def test_an_encrypted_archive_is_refused(server, cache):
    data = bytearray(stand_ins.zipped(FILES))
    for mark, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(mark) + at] |= 1
    server.files[PATH] = bytes(data)
    refused("found it damaged: .*password")
    assert_nothing_left(cache)


def test_another_release_than_the_name_says_is_refused(server, cache):
    """The archive opens, and is not this release: another layout, another size, a tensor less."""
    server.files[PATH] = stand_ins.zipped(stand_ins.files_of("google"))
    refused(f"^{NAME}: what was fetched is not this release: .*expected weights in the layout brightmart, found google")
    assert_nothing_left(cache)
    files = dict(FILES)
    config = json.loads(files["albert_config_base.json"])
    files["albert_config_base.json"] = json.dumps({**config, "num_hidden_layers": 24}).encode()
    server.files[PATH] = stand_ins.zipped(files)
    refused("albert_config_base.json: num_hidden_layers: expected 3, found 24")
    assert_nothing_left(cache)
    files["albert_config_base.json"] = json.dumps({**config, "max_position_embeddings": 65}).encode()
    server.files[PATH] = stand_ins.zipped(files)
    refused(r"tensor bert/embeddings/position_embeddings: expected shape \[65, 32\]")
    assert_nothing_left(cache)


@pytest.fixture(name="repository")
def _repository(server):
    stand_ins.publish(server, [registry.lookup(PINNED)])
    return server.repositories[PINNED]


def test_a_repository_that_is_cut_goes_on(server, repository):
    path = f"/{PINNED}/resolve/{repository['commit']}/model.safetensors"
    server.faults[path] = [("cut", 5000)]
    assert_fetched(PINNED)
    assert len(server.gets(path)) == 2


def test_a_repository_fetched_in_part_goes_on_with_the_next_file(server, cache, repository, monkeypatch):
    path = f"/{PINNED}/resolve/{repository['commit']}/model.safetensors"
    server.faults[path] = [500] * 20
    monkeypatch.setattr("huggingface_hub.utils._http.time.sleep", lambda _: None)
    refused(f"^{PINNED}: not on this machine, and cannot be fetched: ", PINNED)
    assert not (cache / "checkpoints").exists()
    server.faults.clear()
    server.requests.clear()
    assert_fetched(PINNED)
    assert {path.rsplit("/", 1)[1] for method, path, _ in server.requests if method == "GET" and "/resolve/" in path} == {
        "model.safetensors"
    }


def test_a_repository_with_a_wrong_hash(server, cache, repository):
    repository["sha256"] = {"model.safetensors": "0" * 64}
    refused(f"model.safetensors: the hub lists SHA-256 {'0' * 64}, found", PINNED)
    assert_nothing_left(cache)


def test_a_repository_of_another_architecture(server, cache, repository):
    repository["files"] = stand_ins.files_of("huggingface_albert")
    refused("what was fetched is not this release: .*expected weights in the layout huggingface_bert, found huggingface_albert", PINNED)
    assert_nothing_left(cache)


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"config.json": b"{}"}, "expected model.safetensors, pytorch_model.bin or an index of shards, found no weights"),
        ({"config.json": b"{}", "tf_model.h5": b"x"}, "found tf_model.h5: transformers up to version 4 makes model.safetensors of it, "),
        ({"model.safetensors": b"x"}, "expected a model with a config.json, found none"),
        (
            {"config.json": b"{}", "model.safetensors.index.json": b'{"weight_map": {"a": "model-1.safetensors"}}'},
            "its index names model-1.safetensors, which it does not hold",
        ),
        (
            {"config.json": b"{}", "model.safetensors.index.json": b'{"weight_map": {"a": "../../x"}}'},
            "expected names of files beside it, found '../../x'",
        ),
        ({"config.json": b"{}", "model.safetensors.index.json": b"{}"}, "expected a 'weight_map' from tensors to files, found none"),
        ({"config.json": b"{}", "model.safetensors.index.json": b"[]"}, "found a JSON list, not an object, expected an index of weights"),
    ],
)
def test_a_repository_without_a_checkpoint(server, cache, files, message):
    server.repository("someone/model", files)
    refused(re.escape(message), "hf:someone/model")
    assert_nothing_left(cache)


def test_repositories_that_are_not_to_be_had(server, cache):
    refused("no such repository, or a private one", "hf:someone/nothing")
    server.repository("someone/gated", {"config.json": b"{}"})
    server.repositories["someone/gated"]["gated"] = True
    refused("its owner asks for consent: give it on https://huggingface.co/someone/gated", "hf:someone/gated")
    server.faults["/api/models/someone/page/revision/main"] = ["html"]
    refused("what answers is no HuggingFace hub, perhaps a proxy's page", "hf:someone/page")
    assert_nothing_left(cache)


def test_a_closed_port_is_told_at_once(server, tmp_path, monkeypatch):
    monkeypatch.setenv("ALBERT_NER_MIRROR", "http://127.0.0.1:9")
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    start = time.monotonic()
    with pytest.raises(hub.Unreachable, match=r"^http://127.0.0.1:9/x.zip \(connection refused\)$"):
        downloading.download(["http://127.0.0.1:9/x.zip"], str(tmp_path / "x.zip"), 1000)
    refused("^hfl/rbt3: not on this machine, and cannot be fetched: hfl/rbt3@main: .*Connection refused", "hfl/rbt3")
    assert time.monotonic() - start < 10
