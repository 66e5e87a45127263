"""From a name to a local directory: the cache, else fetched, checked, unpacked, proved, and put into the cache in one step."""

import contextlib
import functools
import os
import sys

from albert import pretrained
from albert.files import sha256
from albert.hub import huggingface, store
from albert.hub.download import download, with_mirror
from albert.hub.errors import FetchError, Unreachable
from albert.hub.registry import lookup
from albert.hub.unpack import unpack
from albert.process import Terminated

_OFFLINE = ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE")


def is_offline():
    """True if the environment forbids the network: ``HF_HUB_OFFLINE`` or ``TRANSFORMERS_OFFLINE``, as in HuggingFace's libraries."""
    return any(os.environ.get(name, "").upper() in ("1", "ON", "YES", "TRUE") for name in _OFFLINE)


def resolve(name, prove, offline=None):
    """The local directory of a release, which is fetched if it has to be.

    Args:
      name: a path that exists, which goes before everything else; a name, alias or HuggingFace id of the registry; or
        ``hf:owner/name[@revision]``.
      prove: function of a ``Release`` and the directory of its files, which raises ``FetchError`` for what is not that release. It is
        called before anything fetched counts as there.
      offline: True to use what is on this machine only; by default as the environment says.

    Returns:
      The directory, or the path as it was given.

    Raises:
      FetchError: the name is unknown; it cannot be fetched, with what was tried and where a person can get it; or it is not what the
        registry says.
    """
    if os.path.exists(name) or os.path.isfile(f"{name}.index"):
        return name
    if name == pretrained.NAME:
        return pretrained.DIRECTORY  # comes with the package
    release = lookup(name)
    directory = _obtain(release, prove, is_offline() if offline is None else offline)
    of = f", commit {commit}" if (commit := (store.read_record(release.key) or {}).get("commit")) else ""
    _tell(f"{name}: {release.publisher}'s, {release.page}{of}; in {directory}")
    return directory


def _obtain(release, prove, offline):
    try:
        directory = store.present(release.key)
        if directory:
            return directory
        if release.huggingface:
            directory = _in_huggingface_cache(release, prove)
            if directory:
                return directory
        with store.lock(release.key, _tell):
            directory = store.present(release.key)  # another process may have been first
            if directory:
                return directory
            directory = store.checkpoint_dir(release.key)
            if os.path.isdir(directory):
                prove(release, directory)
                return store.publish(release.key, directory, {"name": release.name, "source": "put there by hand"})
            return _from_hub(release, prove, offline) if release.huggingface else _from_archive(release, prove, offline)
    except ImportError as e:
        raise FetchError(f"{release.name}: fetching it needs {e.name}: pip install 'albert-ner[hub]'") from e


def _in_huggingface_cache(release, prove):
    directory = huggingface.cached(release.huggingface, release.revision)
    if directory:
        with contextlib.suppress(FetchError):  # fetched for another purpose, without what is needed here
            prove(release, directory)
            return directory
    return None


def _from_archive(release, prove, offline):
    archive = store.download_path(os.path.basename(release.addresses[0]))
    address = None
    if not os.path.isfile(archive):
        if offline:
            raise _unreachable(release, "offline", archive)
        _tell(f"fetching {release.name}: {release.publisher}'s, licence: {release.licence}")
        try:
            address = download(with_mirror(release.addresses), archive, release.largest_unpacked, release.sha256)
        except Unreachable as e:
            raise _unreachable(release, e, archive) from e
    try:
        digest = sha256(archive)
        expected = release.sha256 or (store.read_record(release.key) or {}).get("sha256")
        if expected and digest != expected:
            raise FetchError(f"{archive}: expected SHA-256 {expected}, as when it was first fetched, found {digest}")
        with store.staging(release.key) as staging:
            found = unpack(archive, staging, release.largest_unpacked)
            prove(release, found)
            source = {"name": release.name, "source": address or "put there by hand", "sha256": digest}
            directory = store.publish(release.key, found, source)
    except FetchError:
        if address:
            os.unlink(archive)  # not what it should be
        raise
    if address:
        os.unlink(archive)
    return directory


def _from_hub(release, prove, offline):
    record = store.read_record(release.key) or {}
    if offline:
        raise _unreachable(release, "offline", store.checkpoint_dir(release.key))
    _tell(f"fetching {release.name}: {release.publisher}'s, licence: {release.licence}")
    with store.staging(release.key, keep_on=(Unreachable, KeyboardInterrupt, Terminated)) as staging:
        try:
            commit = huggingface.fetch(release.huggingface, record.get("commit") or release.revision, staging)
        except Unreachable as e:
            raise _unreachable(release, e, store.checkpoint_dir(release.key)) from e
        prove(release, staging)
        return store.publish(release.key, staging, {"name": release.name, "source": release.page, "commit": commit})


def _unreachable(release, tried, place):
    """The one line that tells a person what to do where there is no network."""
    if release.huggingface:
        way = f"get its files (config.json, vocab.txt, weights) from {release.page} and put them into {place}"
    else:
        way = f"get {release.addresses[0]} (its page: {release.page}) and put it, as it is, at {place}"
    return Unreachable(
        f"{release.name}: not on this machine, and cannot be fetched: {tried}. By hand: {way}, or give a directory of your own"
    )


@functools.cache
def _tell(line):
    """Say a line on standard error, once."""
    print(line, file=sys.stderr, flush=True)
