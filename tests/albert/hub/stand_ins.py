"""Small checkpoints in the place of every published release: the same names, addresses and kinds of archive."""

import gzip
import io
import json
import pathlib
import tarfile
import urllib.parse
import zipfile

from albert.hub import registry
from tests.albert.checkpoint_files import DATA

# layout → the reference files that stand for it, and what its publishers call them.
LAYOUTS = {
    "brightmart": ("brightmart_postln", {"albert_config.json": "albert_config_base.json"}),
    "google": ("google_albert", {"vocab.txt": "vocab_chinese.txt"}),
    "bert": ("bert", {}),
    "huggingface_albert": ("hf_albert", {}),
    "huggingface_bert": ("hf_bert_pretraining", {}),
}


def files_of(layout):
    """The files of a layout's stand-in: dict from name to bytes."""
    directory, names = LAYOUTS[layout]
    files = {}
    for path in sorted((DATA / directory).iterdir()):
        if path.suffix != ".npz" and path.name != "pytorch_model.bin":
            files[names.get(path.name, path.name)] = path.read_bytes()
    files.setdefault("vocab.txt" if "vocab_chinese.txt" not in files else "vocab_chinese.txt", (DATA / "bert" / "vocab.txt").read_bytes())
    return files


def zipped(files, folder=""):
    """Bytes of a zip file."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        if folder:
            archive.writestr(folder, b"")
        for name, data in files.items():
            archive.writestr(folder + name, data)
    return buffer.getvalue()


def tarred(files, folder="", change=None):
    """Bytes of a gzipped tar file; ``change`` may edit each member's ``TarInfo``."""
    buffer = io.BytesIO()
    with gzip.GzipFile(fileobj=buffer, mode="wb", mtime=0) as packed, tarfile.open(fileobj=packed, mode="w") as archive:
        if folder:
            info = tarfile.TarInfo(folder.rstrip("/"))
            info.type = tarfile.DIRTYPE
            archive.addfile(info)
        for name, data in files.items():
            info = tarfile.TarInfo(folder + name)
            info.size = len(data)
            if change:
                change(info)
            archive.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


def archive_of(release):
    """The archive of a release as its publisher packs it: flat, or in a folder; with a graph nobody needs."""
    files = {**files_of(release.layout), "model.ckpt.meta": b"graph"}
    if release.addresses[0].endswith(".tar.gz"):
        return tarred(files, "albert_base/")
    return zipped(files, "chinese_L-12_H-768_A-12/" if release.layout == "bert" and release.archives else "")


def write_registry(path):
    """A table with the names and addresses of the package's and the stand-ins' architectures."""
    table = json.loads((pathlib.Path(registry.__file__).parent / "releases.json").read_text(encoding="utf-8"))
    table["architectures"] = {layout: _architecture(layout) for layout in LAYOUTS}
    for row in table["releases"]:
        row["architecture"] = row["layout"]
    path.write_text(json.dumps(table), encoding="utf-8")


def _architecture(layout):
    directory = DATA / LAYOUTS[layout][0]
    (config,) = directory.glob("*config*.json")
    values = json.loads(config.read_text(encoding="utf-8"))
    fields = ("num_hidden_layers", "hidden_size", "embedding_size", "intermediate_size", "vocab_size")
    return {field: values.get(field, values["hidden_size"]) for field in fields}


def publish(loopback, releases):
    """Serve the stand-ins of some releases."""
    for release in releases:
        if release.huggingface:
            commit = release.revision if len(release.revision) == 40 else "c" * 40
            loopback.repository(release.huggingface, {**files_of(release.layout), "README.md": b"card"}, commit)
        else:
            loopback.files[urllib.parse.urlsplit(release.addresses[0]).path] = archive_of(release)
