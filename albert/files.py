"""Files written all at once: a reader sees the old file or the whole new one, never a part."""

import contextlib
import errno
import hashlib
import json
import os
import secrets

from albert.errors import UserError


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


def read_json(path, what):
    """The parsed JSON object in ``path``; UserError naming the file and ``what`` it should have been."""
    try:
        with open(path, encoding="utf-8-sig") as f:
            return json.load(f)
    except FileNotFoundError as e:
        raise UserError(f"{os.fspath(path)}: no such file, expected {what}") from e
    except (OSError, UnicodeDecodeError) as e:
        raise UserError(f"{os.fspath(path)}: cannot read {what}: {e}") from e
    except json.JSONDecodeError as e:
        raise UserError(f"{os.fspath(path)}:{e.lineno}: not JSON ({e.msg}), expected {what}") from e


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
