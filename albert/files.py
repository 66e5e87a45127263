"""Files written all at once: a reader sees the old file or the whole new one, never a part."""

import contextlib
import errno
import hashlib
import json
import math
import os
import re
import secrets

from albert.errors import UserError
from albert.foreign import kind_of_bytes, missing


@contextlib.contextmanager
def atomic_write(path, mode="w"):
    """Open a temporary file beside ``path`` for writing, and rename it to ``path`` when the block ends without an exception.

    Text is UTF-8 with LF line ends on every system. If the block raises, the temporary file is removed and ``path`` stays as it was.

    Args:
      path: the file to write; its directory must exist.
      mode: ``w`` for text or ``wb`` for bytes.

    Raises:
      OSError: the directory is missing or not writable, or the disk is full.
    """
    path = os.fspath(path)
    text = {} if "b" in mode else {"encoding": "utf-8", "newline": "\n"}
    directory, name = os.path.split(path)
    temporary = os.path.join(directory, f".{name}.{secrets.token_hex(4)}.tmp")
    try:
        with open(temporary, mode.replace("w", "x"), **text) as f:
            yield f
            f.flush()
            os.fsync(f.fileno())
        os.replace(temporary, path)
    except BaseException as e:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        if isinstance(e, OSError) and e.errno is not None and e.filename is None:
            e.filename = path  # what writing to an open file does not say
        raise


class JsonError(ValueError):
    """Text that is not valid JSON, or JSON of another kind than expected. The message says what was found: ``invalid JSON (…)``.

    Attributes:
      line: the 1-based line of a multi-line text at which reading ended, None where no line is to blame.
    """

    def __init__(self, message, line=None):
        super().__init__(message)
        self.line = line


def parse_json(text, kind=dict, allow_nan=False, unique_keys=False):
    """The value of a JSON text, whatever the text holds.

    Args:
      text: str, or bytes of UTF-8 with or without a byte order mark.
      kind: class the value must be of, None for any.
      allow_nan: whether ``NaN`` and ``Infinity``, which Python writes and JSON does not have, are read.
      unique_keys: whether an object that has a key twice is refused; otherwise its last value counts.

    Raises:
      JsonError: the text is not UTF-8 or not JSON, is nested too deeply, or holds a number that no float can hold or a value of another
        kind.
    """
    options = {"parse_int": _parse_int}
    if not allow_nan:
        options.update(parse_constant=_refuse_constant, parse_float=_parse_float)
    if unique_keys:
        options["object_pairs_hook"] = _unique
    try:
        value = json.loads(text.decode("utf-8-sig") if isinstance(text, bytes) else text, **options)
    except UnicodeDecodeError as e:
        raise JsonError(f"text that is not UTF-8 (byte 0x{e.object[e.start]:02x} at offset {e.start})") from e
    except json.JSONDecodeError as e:
        place = f"character {e.pos + 1}" if e.lineno == 1 else f"character {e.colno} of line {e.lineno}"
        raise JsonError(f"invalid JSON ({e.msg} at {place})", e.lineno) from e
    except RecursionError as e:
        raise JsonError("invalid JSON (nested too deeply)") from e
    if kind and not isinstance(value, kind):
        raise JsonError(f"a JSON {json_kind(value)}, not {_KINDS[kind]}")
    return value


# JSON's names for the kinds of values, with their articles.
_KINDS = {dict: "an object", list: "a list", str: "a string", bool: "a boolean", type(None): "null", int: "a number", float: "a number"}


def json_kind(value):
    """JSON's name for the kind of a parsed value: ``object``, ``list``, ``string``, ``number``, ``boolean`` or ``null``."""
    return _KINDS[type(value)].split()[-1]


def show_json(value, most=40):
    """A parsed value as JSON for a message: its first characters."""
    try:
        # Halves of surrogate pairs cannot be printed.
        return json.dumps(value, ensure_ascii=False)[:most].encode("utf-8", "backslashreplace").decode()
    except (RecursionError, ValueError):  # nested too deeply to be written, though it was read
        return f"a JSON {json_kind(value)}"


_SURROGATE = re.compile("[\ud800-\udfff]")


def to_json(value):
    """JSON with characters as they are, but for unpaired surrogates, which no UTF-8 file can hold: they are escaped."""
    return _SURROGATE.sub(lambda match: f"\\u{ord(match.group()):04x}", json.dumps(value, ensure_ascii=False))


def _refuse_constant(name):
    raise JsonError(f"invalid JSON ({name})")


def _parse_int(digits):
    # Of more digits, none fits a float, and of thousands Python converts none or takes long.
    if len(digits) > _MAX_DIGITS:
        raise JsonError("invalid JSON (a number too long)")
    return int(digits)


def _parse_float(text):
    value = float(text)
    if not math.isfinite(value):
        raise JsonError("invalid JSON (a number too large)")
    return value


def _unique(pairs):
    values = dict(pairs)
    if len(values) < len(pairs):
        seen = set()
        twice = next(key for key, _ in pairs if key in seen or seen.add(key))
        raise JsonError(f"the key {twice[:40]!r} twice in one object")
    return values


_MAX_DIGITS = 300
# A configuration or a record takes kilobytes. What is larger is another file, or never ends.
_MAX_JSON_BYTES = 1 << 26


def read_json(path, what, kind=dict, error=UserError, allow_nan=False):
    """The value in a JSON file.

    Args:
      path: a UTF-8 file of at most 64 MB, with or without a byte order mark.
      what: what the file should have been, for messages.
      kind, allow_nan: as in :func:`parse_json`.
      error: class of the error, a ``UserError``.

    Raises:
      UserError: the file cannot be read, or does not hold such a value.
    """
    name = os.fspath(path)
    try:
        with open(path, "rb") as f:
            data = f.read(_MAX_JSON_BYTES + 1)
    except FileNotFoundError as e:
        raise error(f"{name}: {missing(path)}, expected {what}") from e
    except (OSError, ValueError) as e:  # ValueError: a NUL in the name
        raise error(f"{name}: cannot read {what}: {getattr(e, 'strerror', None) or e}") from e
    if len(data) > _MAX_JSON_BYTES:
        raise error(f"{name}: found more than {_MAX_JSON_BYTES >> 20} MB, expected {what}")
    try:
        return parse_json(data, kind, allow_nan)
    except JsonError as e:
        other = kind_of_bytes(data[:1024], len(data), texts=False)
        if other:
            raise error(f"{name}: found {other}, expected {what}") from e
        place = f"{name}:{e.line}" if e.line else name
        raise error(f"{place}: found {e}, expected {what}") from e


def write_json(path, value):
    """Write ``value`` as indented JSON, whole or not at all."""
    with atomic_write(path) as f:
        json.dump(value, f, indent=2, ensure_ascii=False)
        f.write("\n")


def sync(path):
    """Wait until a file's data, or a directory's entries where the system can do that, are on the disk."""
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except PermissionError:
        if os.name == "nt" and os.path.isdir(path):
            return  # Windows has no such thing for directories.
        raise
    try:
        os.fsync(descriptor)
    except OSError as e:
        # What some network file systems say of directories.
        if e.errno != errno.EINVAL or not os.path.isdir(path):
            raise
    finally:
        os.close(descriptor)


def sha256(path):
    """Hex SHA-256 of a file's contents."""
    digest = hashlib.sha256()
    with open(path, "rb") as f:
        for block in iter(lambda: f.read(1 << 20), b""):
            digest.update(block)
    return digest.hexdigest()
