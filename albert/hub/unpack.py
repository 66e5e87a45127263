"""Archives of unknown origin into a directory: nothing outside it, nothing but plain files, no more than a bound."""

import contextlib
import fnmatch
import gzip
import os
import re
import shutil
import stat
import tarfile
import zipfile
import zlib

from albert.foreign import kind_of
from albert.hub.errors import FetchError

# What a checkpoint is made of; the graph (.meta) and whatever else a publisher packs is left out.
_WANTED = ("*.index", "*.data-?????-of-?????", "checkpoint", "*.json", "vocab*.txt", "*.model")
_MAX_MEMBERS = 10_000
_MAX_HEADER = 1 << 20  # a header with a long name or extended attributes is read into memory whole
_DAMAGED = (zipfile.BadZipFile, tarfile.TarError, zlib.error, gzip.BadGzipFile, EOFError, NotImplementedError, RuntimeError, ValueError)


def unpack(archive, directory, limit):
    """Unpack the checkpoint in a zip file or a gzipped tar file.

    Args:
      archive: path of the archive.
      directory: an empty directory to unpack into.
      limit: bytes that the members may have in all.

    Returns:
      The directory, ``directory`` or one below it, that holds the checkpoint's files.

    Raises:
      FetchError: the archive is damaged or no archive; a member is absolute, leads outside, is a link or a device, or is there twice;
        the members exceed ``limit``; or there is not exactly one checkpoint.
    """
    with open(archive, "rb") as f:
        start = f.read(4)
    try:
        if start.startswith(b"PK\x03\x04"):
            _unzip(archive, directory, limit)
        elif start.startswith(b"\x1f\x8b"):
            _untar(archive, directory, limit)
        else:
            raise FetchError(f"{archive}: expected a zip or tar.gz archive, found {kind_of(archive) or 'neither'}")
    except _DAMAGED as e:
        raise FetchError(f"{archive}: expected a whole archive, found it damaged: {' '.join(str(e).split()) or type(e).__name__}") from e
    folders = [folder for folder, _, names in os.walk(directory) if fnmatch.filter(names, "*.index")]
    if len(folders) != 1:
        raise FetchError(f"{archive}: expected one folder with a TensorFlow checkpoint (*.index), found {len(folders)}")
    return folders[0]


def _unzip(archive, directory, limit):
    with zipfile.ZipFile(archive) as members:
        listing = _Listing(archive, directory, limit)
        for info in members.infolist():
            mode = info.external_attr >> 16
            regular = not stat.S_IFMT(mode) or stat.S_ISREG(mode)
            path = listing.admit(info.filename, info.file_size, info.is_dir(), regular)
            if path:
                with members.open(info) as source:
                    _copy(source, path)


def _untar(archive, directory, limit):
    listing = _Listing(archive, directory, limit)
    with gzip.open(archive) as stream:
        bounded = _Bounded(stream, archive, limit)
        # As a stream: what has been counted is never read again.
        with tarfile.open(fileobj=bounded, mode="r|", tarinfo=_Header) as members:
            for info in members:
                path = listing.admit(info.name, info.size, info.isdir(), info.isreg())
                if path:
                    with contextlib.closing(members.extractfile(info)) as source:
                        _copy(source, path)
        while bounded.read(1 << 20):  # to the end, where the check sum is
            pass


class _Listing:
    """Members as they come: each is refused, left out, or given a place."""

    def __init__(self, archive, directory, limit):
        self._archive, self._directory, self._limit = archive, directory, limit
        self._total = 0
        self._names = set()

    def admit(self, name, size, is_directory, is_regular):
        """The path to unpack a member to, None for one that is not wanted."""
        parts = name.rstrip("/").split("/")
        if not name or name.startswith("/") or re.search(r"[\\:\x00-\x1f]", name) or ".." in parts:
            raise self._refused(name, "a path inside the archive", "one that leads outside, or that not every system has")
        if not is_directory and not is_regular:
            raise self._refused(name, "plain files", "a link or a device")
        self._total += size
        if self._total > self._limit:
            raise self._refused(name, f"at most {self._limit:,} bytes unpacked", f"{self._total:,} or more")
        if is_directory:
            return None
        # As systems see it that do not tell upper from lower case.
        if "/".join(parts).lower() in self._names:
            raise self._refused(name, "each member once", "it twice")
        self._names.add("/".join(parts).lower())
        if len(self._names) > _MAX_MEMBERS:
            raise self._refused(name, f"at most {_MAX_MEMBERS:,} members", "more")
        base = parts[-1]
        if base.startswith(".") or "__MACOSX" in parts or not any(fnmatch.fnmatchcase(base, pattern) for pattern in _WANTED):
            return None
        path = os.path.join(self._directory, *parts)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        return path

    def _refused(self, name, expected, found):
        return FetchError(f"{self._archive}: member {name!r}: expected {expected}, found {found}; nothing was unpacked")


class _Header(tarfile.TarInfo):
    """A member's header, which may claim the size of a further one."""

    _EXTENDED = (tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.SOLARIS_XHDTYPE, tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK)

    @classmethod
    def frombuf(cls, buf, encoding, errors):
        header = super().frombuf(buf, encoding, errors)
        if header.type in cls._EXTENDED and header.size > _MAX_HEADER:
            raise tarfile.ReadError(f"a header of {header.size:,} bytes")
        return header


class _Bounded:
    """A stream that ends with an error when more comes out of it than an archive of the release could hold."""

    def __init__(self, stream, archive, limit):
        self._stream, self._archive = stream, archive
        self._left = limit + _MAX_MEMBERS * 1024  # headers and padding

    def read(self, size):
        data = self._stream.read(size)
        self._left -= len(data)
        if self._left < 0:
            raise FetchError(f"{self._archive}: expected no more than the release's files, found more; nothing was unpacked")
        return data


def _copy(source, path):
    with open(path, "xb") as target:
        try:
            shutil.copyfileobj(source, target, 1 << 20)
        except OSError as e:
            e.filename = e.filename or path
            raise
