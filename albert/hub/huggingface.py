"""Repositories of the HuggingFace hub: which files of one make a checkpoint, and that they arrive as the hub lists them.

huggingface_hub does the fetching: revisions, mirrors (``HF_ENDPOINT``), tokens, retries. It is told to report nothing about the
machine; a token the user has stored for the hub goes to the hub alone, as with every program that uses that library.
"""

import contextlib
import hashlib
import logging
import os
import re
import shutil
import time

import albert
from albert.files import sha256
from albert.foreign import CONVERTED, way_out
from albert.formats.huggingface import FILES, SHARD_INDEX, read_shard_index
from albert.hub.errors import FetchError, Unreachable
from albert.hub.registry import HUB

WEIGHTS = (FILES.weights, *FILES.other_weights)
_COMPANIONS = (
    "config.json",
    "vocab.txt",
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "spiece.model",
)
_TIMEOUT = 10  # seconds
_ATTEMPTS, _PAUSE = 3, 1.0  # at one file, and seconds between
_PROGRAM = {"library_name": "albert-ner", "library_version": albert.__version__}
_COMMIT = re.compile(r"[0-9a-f]{40}")


def fetch(repository, revision, directory):
    """Fetch the files of a checkpoint.

    Args:
      repository: ``owner/name``.
      revision: branch, tag or commit.
      directory: where to put them; files of an earlier attempt in it are not fetched again.

    Returns:
      The 40 digits of the commit they are of.

    Raises:
      Unreachable: the hub does not answer.
      FetchError: there is no such repository or revision, it holds no checkpoint, or a file is not as the hub lists it.
    """
    hub, what = _library(), f"{repository}@{revision}"
    with _errors(hub, repository, what):
        commit, listed = _list(hub, repository, revision, what)
        names = choose(listed, what)
        for name in names:
            _get(hub, repository, listed[name], commit, directory)
        index = os.path.join(directory, names[-1])
        shards = sorted(set(read_shard_index(index, FetchError).values())) if index.endswith(SHARD_INDEX) else []
        for name in shards:
            if name not in listed:
                raise FetchError(f"{what}: its index names {name}, which it does not hold")
            _get(hub, repository, listed[name], commit, directory)
    shutil.rmtree(os.path.join(directory, ".cache"), ignore_errors=True)
    for name in set(os.listdir(directory)) - {*names, *shards}:
        os.unlink(os.path.join(directory, name))  # an earlier commit's
    return commit


def describe(repository, revision):
    """(commit, bytes of the files that would be fetched, shards aside); raises as :func:`fetch`."""
    hub, what = _library(), f"{repository}@{revision}"
    with _errors(hub, repository, what):
        commit, listed = _list(hub, repository, revision, what)
    return commit, sum(listed[name].size or 0 for name in choose(listed, what))


def _list(hub, repository, revision, what):
    """(commit, dict from the name of each file to what the hub says of it)."""
    api = hub.HfApi(endpoint=_endpoint(), **_PROGRAM)
    info = api.model_info(repository, revision=revision, files_metadata=True, timeout=_TIMEOUT)
    if not _COMMIT.fullmatch(info.sha or ""):
        raise Unreachable(f"{what}: the hub answered without a commit")
    return info.sha, {sibling.rfilename: sibling for sibling in info.siblings or ()}


def _get(hub, repository, listed, commit, directory):
    """Fetch one file and compare it with what the hub lists."""
    name, options = listed.rfilename, {"local_dir": directory, "endpoint": _endpoint(), "etag_timeout": _TIMEOUT, **_PROGRAM}
    for left in reversed(range(_ATTEMPTS)):
        try:
            hub.hf_hub_download(repository, name, revision=commit, **options)
            break
        except hub.errors.HTTPError as e:
            # Versions before 2 do not themselves go on after a cut; an answer with a status is no cut.
            if not left or isinstance(e, hub.errors.HfHubHTTPError):
                raise
            time.sleep(_PAUSE)
    _compare(os.path.join(directory, name), listed)


@contextlib.contextmanager
def _errors(hub, repository, what):
    """The library's errors as ours."""
    try:
        yield
    except hub.errors.GatedRepoError as e:
        raise FetchError(f"{what}: its owner asks for consent: give it on {HUB}/{repository}, then log in with 'hf auth login'") from e
    except hub.errors.RevisionNotFoundError as e:
        raise FetchError(f"{what}: the repository has no such revision") from e
    except hub.errors.RepositoryNotFoundError as e:
        raise FetchError(f"{what}: no such repository, or a private one (log in with 'hf auth login')") from e
    except hub.errors.EntryNotFoundError as e:
        raise FetchError(f"{what}: {_line(e)}") from e
    except hub.errors.HTTPError as e:  # of the library it transfers with, whose name depends on its version
        raise Unreachable(f"{what}: {_line(e)}") from e
    except hub.errors.FileMetadataError as e:
        raise Unreachable(f"{what}: what answers is no HuggingFace hub, perhaps a proxy's page") from e
    except ValueError as e:  # a page where JSON was promised
        raise Unreachable(f"{what}: what answers is no HuggingFace hub, perhaps a proxy's page ({_line(e)})") from e


def cached(repository, revision):
    """A directory in HuggingFace's own cache that has this revision, as other programs fetched it; None without one."""
    hub = _library()
    try:
        directory = hub.snapshot_download(repository, revision=revision, local_files_only=True, allow_patterns=[*WEIGHTS, *_COMPANIONS])
    except (hub.errors.LocalEntryNotFoundError, OSError, ValueError):
        return None
    return directory if set(WEIGHTS) & set(os.listdir(directory)) else None


def choose(names, what):
    """Files of a repository that make a checkpoint, except its shards: list of names, the weights or their index last.

    Args:
      names: names of all files.
      what: the repository, for the message.

    Raises:
      FetchError: no config, or no weights this library reads.
    """
    if "config.json" not in names:
        raise FetchError(f"{what}: expected a model with a config.json, found none")
    weights = [name for name in WEIGHTS if name in names]
    if not weights:
        found = [name for name in CONVERTED if name in names][:1] or ["no weights"]
        raise FetchError(f"{what}: expected {', '.join(WEIGHTS[::2])} or an index of shards, found {found[0]}{way_out(names)}")
    return [name for name in _COMPANIONS if name in names] + weights[:1]


def _compare(path, listed):
    """Refuse a file whose size or hash is not what the hub lists."""
    size = os.path.getsize(path)
    if listed.size is not None and size != listed.size:
        raise _differs(path, f"{listed.size:,} bytes", f"{size:,}")
    if listed.lfs is not None:
        found = sha256(path)
        if found != listed.lfs.sha256:
            raise _differs(path, f"SHA-256 {listed.lfs.sha256}", found)
    elif listed.blob_id:
        with open(path, "rb") as f:
            found = hashlib.sha1(b"blob %d\0" % size + f.read()).hexdigest()
        if found != listed.blob_id:
            raise _differs(path, f"git hash {listed.blob_id}", found)


def _differs(path, expected, found):
    return FetchError(f"{os.path.basename(path)}: the hub lists {expected}, found {found}")


def _library():
    # Read when the library is imported.
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    import huggingface_hub  # noqa: PLC0415 - an optional dependency of the light package
    import huggingface_hub.errors  # noqa: PLC0415

    # It would write a line for each request to standard error, through absl.
    for client in ("httpx", "httpx2"):
        logging.getLogger(client).setLevel(logging.WARNING)
    return huggingface_hub


def _endpoint():
    return os.environ.get("HF_ENDPOINT") or None


def _line(error):
    return " ".join(str(error).split())[:200] or type(error).__name__
