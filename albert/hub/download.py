"""One file from the first of several addresses that has it: goes on where an earlier attempt stopped, and is judged as it arrives.

pooch transfers; here it is told from which byte on, and its answer is looked at before anything is written. Nothing about the user
is sent: the address, the range of bytes, and the name and version of this package.
"""

import errno
import json
import os
import shutil
import time
from urllib.parse import urlsplit

import albert
from albert.files import sha256
from albert.foreign import kind_of
from albert.hub.errors import FetchError, Unreachable

MIRROR = "ALBERT_NER_MIRROR"

TIMEOUT = (5, 30)  # seconds to connect, and of silence
_PAUSE = 1.0  # seconds before a transfer that was cut off goes on
_CHUNK = 1 << 16  # what a cut loses at most
_FRUITLESS = 3  # attempts in a row that may bring nothing new
_DISK_FULL = (errno.ENOSPC, errno.EDQUOT)


def headers():
    """Headers of every request."""
    return {"User-Agent": f"albert-ner/{albert.__version__}", "Accept-Encoding": "identity"}


def with_mirror(addresses):
    """The addresses to try: first those of the mirror in ``ALBERT_NER_MIRROR``, which has the publishers' paths below its own."""
    mirror = os.environ.get(MIRROR, "").rstrip("/")
    mirrored = [mirror + urlsplit(address).path for address in addresses] if mirror else []
    return [*mirrored, *addresses]


def download(addresses, path, limit, expected_sha256=None):
    """Download a file from the first address that gives it.

    Args:
      addresses: addresses in the order to try them in.
      path: where to put the file. ``path.part`` and ``path.part.json`` hold what has arrived until then; they stay after a cut.
      limit: bytes the file may have at most.
      expected_sha256: of the file, where it is known.

    Returns:
      The address it came from.

    Raises:
      Unreachable: no address gave it; the message has the reason for each.
      FetchError: the disk is full, or the hash is another.
    """
    os.makedirs(os.path.dirname(path), exist_ok=True)
    failures = []
    for address in addresses:
        part = _Part(path, address)
        try:
            _transfer(part, limit)
        except _NotHere as e:
            failures.append(f"{address} ({e})")
            part.remove_useless()
            continue
        found = sha256(part.path)
        if expected_sha256 and found != expected_sha256:
            part.remove()
            failures.append(f"{address} (expected SHA-256 {expected_sha256}, found {found})")
            continue
        part.finish()
        return address
    raise Unreachable(", ".join(failures))


class _NotHere(Exception):
    """Why an address does not give the file."""


class _Part:
    """Part of a file that has arrived, and its address."""

    def __init__(self, path, address):
        self._final = path
        self.path, self._state = f"{path}.part", f"{path}.part.json"
        self.address = address
        self.validator = self.total = None
        self._begun = False
        state = self._read_state()
        # What came from elsewhere, or cannot be told to be the same file still, is of no use.
        if state.get("address") == address and state.get("validator") and os.path.isfile(self.path):
            self.validator, self.total = state["validator"], state.get("total")

    def _read_state(self):
        try:
            with open(self._state, encoding="utf-8") as f:
                state = json.load(f)
        except (OSError, ValueError):
            return {}
        return state if isinstance(state, dict) else {}

    @property
    def size(self):
        """Bytes that have arrived and can be gone on from."""
        return os.path.getsize(self.path) if self.validator and os.path.isfile(self.path) else 0

    def begin(self, validator, total):
        """Note what the file is, before its first byte."""
        self.validator, self.total, self._begun = validator, total, True
        with open(self._state, "w", encoding="utf-8") as f:
            json.dump({"address": self.address, "validator": validator, "total": total}, f)

    def remove(self):
        """Forget what has arrived."""
        self.validator = self.total = None
        for path in (self.path, self._state):
            if os.path.exists(path):
                os.unlink(path)

    def remove_useless(self):
        """Leave no file behind that has nothing in it, or that cannot be gone on from; what came from another address may be."""
        if os.path.isfile(self.path) and (not os.path.getsize(self.path) or (self._begun and not self.validator)):
            self.remove()

    def finish(self):
        """Give the whole file its name."""
        os.replace(self.path, self._final)
        self.remove()


def _transfer(part, limit):
    """Bring a part to its end, with as many attempts as bring something new."""
    import requests  # noqa: PLC0415 - pooch's, an optional dependency of the light package

    fruitless = 0
    while part.total is None or part.size != part.total:
        before = part.size
        try:
            _attempt(part, limit)
            break
        except requests.HTTPError as e:
            if e.response.status_code != 416 or not before:
                raise _NotHere(f"HTTP {e.response.status_code} {e.response.reason}") from e
            part.remove()  # what has arrived is longer than the file
        except requests.RequestException as e:
            fruitless = 0 if part.size > before else fruitless + 1
            if not _is_cut(e) or fruitless == _FRUITLESS:
                raise _NotHere(reason(e)) from e
            time.sleep(_PAUSE)
        except OSError as e:
            if e.errno in _DISK_FULL:
                part.remove()
                raise FetchError(f"{part.path}: {e.strerror}; what had arrived was removed") from e
            raise
    found = os.path.getsize(part.path)
    if part.total is not None and found != part.total:
        part.remove()
        raise _NotHere(f"expected {part.total:,} bytes, found {found:,}")
    kind = kind_of(part.path) or ""
    if "HTML" in kind:
        part.remove()
        raise _NotHere(f"found {kind}, perhaps a proxy's or a login")


def _attempt(part, limit):
    """One request: the file from its first byte, or from where it stopped. Nothing is touched before the answer is looked at."""
    import pooch  # noqa: PLC0415 - an optional dependency of the light package

    offset = part.size
    wanted = {"Range": f"bytes={offset}-", "If-Range": part.validator} if offset else {}

    def judge(response, **_):
        if response.is_redirect or response.status_code >= 400:
            return
        if response.headers.get("Content-Type", "").startswith("text/html"):
            raise _NotHere("found an HTML page, perhaps a proxy's or a login")
        if offset and response.status_code == 206:
            if not response.headers.get("Content-Range", "").startswith(f"bytes {offset}-"):
                raise _NotHere(f"asked for the bytes from {offset} on, found {response.headers.get('Content-Range')!r}")
            sink.open("ab")
            return
        length = _integer(response.headers.get("Content-Length"))
        if length is not None and length > limit:
            raise _NotHere(f"expected at most {limit:,} bytes for this release, found {length:,}")
        free = shutil.disk_usage(os.path.dirname(part.path)).free
        if length is not None and length > free:
            raise FetchError(f"{part.path}: needs {length:,} bytes, {free:,} are free on its disk")
        etag = response.headers.get("ETag", "")
        # A weak one promises the same meaning, not the same bytes.
        validator = etag if etag and not etag.startswith("W/") else response.headers.get("Last-Modified")
        part.begin(validator, length)
        sink.open("wb")

    transfer = pooch.HTTPDownloader(
        progressbar=True, chunk_size=_CHUNK, timeout=TIMEOUT, headers={**headers(), **wanted}, hooks={"response": judge}
    )
    with _Sink(part, limit) as sink:
        transfer(part.address, sink, None)


class _Sink:
    """A part's file, which takes a bounded number of bytes: a server need not say how many it sends."""

    def __init__(self, part, limit):
        self._part, self._limit = part, limit
        self._file = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self._file is not None:
            self._file.close()

    def open(self, mode):
        self._file = open(self._part.path, mode)  # noqa: SIM115 - closed on leaving

    def write(self, data):
        if self._file.tell() + len(data) > self._limit:
            self._part.remove()
            raise _NotHere(f"expected at most {self._limit:,} bytes for this release, found more")
        return self._file.write(data)

    def flush(self):
        self._file.flush()


def _is_cut(error):
    """True if a transfer began and then broke off, so that another attempt may bring more."""
    text = str(error)
    return any(mark in text for mark in ("IncompleteRead", "Connection broken", "Connection aborted", "Read timed out"))


def _integer(text):
    return int(text) if text and text.isdecimal() else None


def reason(error):
    """A connection's failure in a few words; the libraries' own fill a screen."""
    text = str(error)
    for mark, words in (
        ("NameResolutionError", "the host's name does not resolve: no network?"),
        ("Name or service not known", "the host's name does not resolve: no network?"),
        ("ProxyError", "the proxy does not answer"),
        ("Connection refused", "connection refused"),
        ("Network is unreachable", "no network"),
        ("timed out", "no answer in time"),
        ("CERTIFICATE_VERIFY_FAILED", "the server's certificate cannot be verified"),
        ("IncompleteRead", "cut off again and again"),
        ("Connection broken", "cut off again and again"),
        ("Connection aborted", "cut off"),
    ):
        if mark in text:
            return words
    return f"{type(error).__name__}: {' '.join(text.split())[:100]}"
