"""The cache: one directory for each release, put there whole by one rename, and a record of what it holds.

Layout of the cache directory:

- ``checkpoints/KEY/``: the files of a release, proved to load.
- ``records/KEY.json``: where they came from, and their sizes and SHA-256; it stays when the directory is removed.
- ``downloads/``: archives on their way, and those that a person put there.
- ``staging/KEY/``: a release that is being unpacked and proved.
- ``locks/KEY.lock``: held by the process that fetches it.
"""

import contextlib
import os
import shutil
import time

from albert.files import read_json, sha256, sync, write_json
from albert.hub.errors import FetchError
from albert.lock import LockedError
from albert.lock import lock as file_lock

VARIABLE = "ALBERT_NER_CACHE"


def cache_dir():
    """The cache directory: that of ``ALBERT_NER_CACHE``, else the platform's place for caches."""
    given = os.environ.get(VARIABLE)
    if given:
        return os.path.abspath(os.path.expanduser(given))
    import platformdirs  # noqa: PLC0415 - an optional dependency of the light package

    return platformdirs.user_cache_dir("albert-ner", appauthor=False)


def checkpoint_dir(key):
    """Directory of a release, which need not exist."""
    return os.path.join(cache_dir(), "checkpoints", key)


def download_path(name):
    """Path that an archive is downloaded to; a person may put it there as well."""
    return os.path.join(cache_dir(), "downloads", name)


def present(key):
    """The directory of a release that is there and as it was when it was fetched, else None.

    Raises:
      FetchError: a file is missing or has changed since.
    """
    directory, record = checkpoint_dir(key), read_record(key)
    if record is None or not os.path.isdir(directory):
        return None
    touched = False
    for name, expected in record["files"].items():
        path = os.path.join(directory, name)
        try:
            stat = os.stat(path)
            if stat.st_size != expected["bytes"]:
                raise _changed(path, f"{expected['bytes']} bytes", f"{stat.st_size}", directory)
            if stat.st_mtime_ns != expected["mtime_ns"]:
                found = sha256(path)
                if found != expected["sha256"]:
                    raise _changed(path, f"SHA-256 {expected['sha256']}", found, directory)
                expected["mtime_ns"] = stat.st_mtime_ns
                touched = True
        except FileNotFoundError as e:
            raise _changed(path, "the file that was fetched", "none", directory) from e
    if touched:
        with contextlib.suppress(OSError):  # somebody else's cache: the sum is taken again next time
            write_json(_record_path(key), record)
    return directory


def _changed(path, expected, found, directory):
    return FetchError(f"{path}: changed since it was fetched: expected {expected}, found {found}; remove {directory} to fetch it again")


@contextlib.contextmanager
def lock(key, say):
    """Hold a release's lock; it is the system's, and so ends with the process that holds it.

    Args:
      key: the release's.
      say: function of a line, told once when another process holds the lock and this one waits.
    """
    path = os.path.join(cache_dir(), "locks", f"{key}.lock")
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with contextlib.ExitStack() as stack:
        try:
            stack.enter_context(file_lock(path, wait=False))
        except LockedError as e:
            say(f"{key}: {e.holder} is fetching it; waiting for that")
            stack.enter_context(file_lock(path))
        yield


@contextlib.contextmanager
def staging(key, keep_on=()):
    """A directory for a release's files until they are proved; removed afterwards, whatever happens.

    Args:
      key: the release's, whose lock is held.
      keep_on: exceptions after which the files stay, for the next attempt to go on from; without any, the directory is empty.
    """
    directory = os.path.join(cache_dir(), "staging", key)
    if not keep_on:
        shutil.rmtree(directory, ignore_errors=True)  # a killed process's
    os.makedirs(directory, exist_ok=True)
    try:
        yield directory
    except keep_on:
        with contextlib.suppress(OSError):
            os.rmdir(directory)  # if there is nothing in it
        raise
    except BaseException:
        shutil.rmtree(directory, ignore_errors=True)
        raise
    shutil.rmtree(directory, ignore_errors=True)


def publish(key, directory, source):
    """Make a directory of proved files the release's, after noting what it holds.

    Args:
      key: the release's, whose lock is held.
      directory: where the files are, on the cache's file system.
      source: JSON-ready dict of where they came from.

    Returns:
      Their directory from now on.
    """
    final = checkpoint_dir(key)
    os.makedirs(os.path.dirname(final), exist_ok=True)
    for name in _names(directory):
        sync(os.path.join(directory, name))
    # The record first: a directory that has none counts as put there by hand.
    write_record(key, directory, source)
    if os.path.normpath(directory) != os.path.normpath(final):
        os.rename(directory, final)
    sync(os.path.dirname(final))
    return final


def write_record(key, directory, source):
    """Note where a release's files came from, and their sizes and SHA-256."""
    files = {}
    for name in _names(directory):
        path = os.path.join(directory, name)
        stat = os.stat(path)
        files[name] = {"bytes": stat.st_size, "sha256": sha256(path), "mtime_ns": stat.st_mtime_ns}
    os.makedirs(os.path.dirname(_record_path(key)), exist_ok=True)
    write_json(_record_path(key), {**source, "fetched": time.strftime("%Y-%m-%d"), "files": files})


def read_record(key):
    """Record of a release, or None."""
    path = _record_path(key)
    if not os.path.isfile(path):
        return None
    record = read_json(path, "the record of a fetched release", error=FetchError)
    files = record.get("files")
    if not isinstance(files, dict) or not all(isinstance(f, dict) and set(f) == {"bytes", "sha256", "mtime_ns"} for f in files.values()):
        raise FetchError(f"{path}: expected the record of a fetched release, found something else; remove it")
    return record


def _record_path(key):
    return os.path.join(cache_dir(), "records", f"{key}.json")


def _names(directory):
    return sorted(name for name in os.listdir(directory) if os.path.isfile(os.path.join(directory, name)))
