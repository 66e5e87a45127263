"""Files that come from elsewhere: whatever is in them, the answer is a value or one line.

Every reader of bytes that this project did not write itself works inside :func:`guard`, and :func:`kind_of` names what was given in
place of a file (a Git LFS pointer, a web page, an archive). JSON is read by ``albert.files.parse_json``.
"""

import contextlib
import os

from albert.errors import UserError

_HEAD = 1 << 10
_TAR_MAGIC = slice(257, 262)
# What a file begins with, and what it is then.
_MAGIC = (
    (b"version https://git-lfs.github.com/spec/", "a Git LFS pointer"),
    (b"\x89HDF\r\n\x1a\n", "an HDF5 file, as Keras writes it"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"BZh", "a bzip2 archive"),
    (b"\xfd7zXZ\x00", "an xz archive"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive"),
    (b"Rar!", "a RAR archive"),
    (b"PK\x03\x04", "a zip archive"),
    (b"GGUF", "a GGUF file"),
    (b"\x93NUMPY", "a NumPy array"),
    (b"%PDF", "a PDF document"),
)
# HuggingFace's other weights: nothing maintained but transformers reads them.
CONVERTED = {"tf_model.h5": "from_tf", "flax_model.msgpack": "from_flax"}
_CONVERT = ": transformers up to version 4 makes model.safetensors of it, from_pretrained(DIRECTORY, {}=True).save_pretrained(ANOTHER)"
_HINTS = {"Git LFS": ": the file itself was not fetched (git lfs pull, or download it)", " archive": ": unpack it first"}
_HTML = (b"<!doctype html", b"<html", b"<head", b"<body", b"<script")
_MOST_SHOWN = 40


@contextlib.contextmanager
def guard(path, expected, error=UserError):
    """Turn whatever broken contents make a reader raise inside into one line that names the file.

    Errors of the user (``UserError``) pass as they are. The cause stays attached.

    Args:
      path: the file, for the message.
      expected: what it should be: ``a safetensors file``.
      error: the class to raise.
    """
    path = os.fspath(path)
    try:
        yield
    except UserError:
        raise
    except FileNotFoundError as e:
        raise error(f"{path}: {missing(path)}, expected {expected}") from e
    except OSError as e:
        raise error(f"{path}: cannot read {expected}: {e.strerror or reason(e)}") from e
    except MemoryError as e:
        raise error(f"{path}: expected {expected}, found one that needs more memory than there is") from e
    except Exception as e:  # contents that are not what they should be make libraries raise anything
        raise error(f"{path}: expected {expected}, found: {reason(e)}") from e


def missing(path):
    """Words for a file that cannot be found; of a link that leads nowhere, where it leads."""
    return f"found a link to {printable(os.readlink(path))}, where nothing is" if os.path.islink(path) else "no such file"


def reason(error):
    """An exception's message as one short line; its type's name where it has none."""
    text = " ".join(str(getattr(error, "message", None) or error).split())
    return (text if len(text) <= 300 else f"{text[:300]}…") or type(error).__name__


def printable(text, most=120):
    """A string from a file for a message: on one line, without control characters, cut where it is long."""
    text = text if text.isprintable() else ascii(text)[1:-1]
    return text if len(text) <= most else f"{text[:most]}…"


def way_out(names):
    """Way to weights that are read here from HuggingFace's others among some names of files, for the end of a message; else empty."""
    return next((_CONVERT.format(option) for name, option in CONVERTED.items() if name in names), "")


def kind_of(path):
    """Kind of a file by its first bytes, if it is a known kind that no reader here reads: words for a message, or None.

    Raises:
      OSError: it cannot be read.
    """
    with open(path, "rb") as f:
        head = f.read(_HEAD)
        size = os.fstat(f.fileno()).st_size
    return kind_of_bytes(head, size)


def kind_of_bytes(head, size=None, texts=True):
    """``kind_of`` for the first bytes of a file and its whole size, by default that of these bytes.

    Without ``texts``, an empty file, JSON and short texts are nothing that is known: for readers of these.
    """
    size = len(head) if size is None else size
    if not head:
        return "an empty file" if texts else None
    words = _binary(head) or _markup(head) or (_text(head, size) if texts else None)
    hint = next((hint for name, hint in _HINTS.items() if words and name in words), "")
    return f"{words} ({size:,} bytes){hint}" if words else None


def _binary(head):
    for magic, words in _MAGIC:
        if head.startswith(magic):
            return words
    if head[_TAR_MAGIC] == b"ustar":
        return "a tar archive"
    return None if head.strip(b"\0") else "nothing but zero bytes at its beginning, as of a download that broke off"


def _markup(head):
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()[:16].lower()
    return "an HTML page" if start.startswith(_HTML) else "an XML page" if start.startswith(b"<?xml") else None


def _text(head, size):
    """JSON, or a message that a server answered with in place of the file."""
    if head.lstrip()[:1] in (b"{", b"["):
        return "a JSON text"
    try:
        text = " ".join(head.decode("utf-8").split()) if size <= _HEAD else ""
    except UnicodeDecodeError:
        return None
    return f"a text that reads {text[:_MOST_SHOWN]!r}" if text and text.isprintable() else None
