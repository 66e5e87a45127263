"""Text files, plain or compressed, as lines."""

import bz2
import glob
import gzip
import lzma
import os
import zlib

from albert.errors import FieldError, UserError

_OPENERS = {".xz": lzma.open, ".gz": gzip.open, ".bz2": bz2.open}
# What the decompressors raise for a file that is cut off or is not what its name says.
_BROKEN = (EOFError, lzma.LZMAError, zlib.error, gzip.BadGzipFile)


def find_files(pattern, field="input_file"):
    """The files a path or glob pattern means, sorted.

    Raises:
      FieldError: there are none; names the field.
    """
    # A name with brackets in it is first of all a name.
    found = [pattern] if os.path.isfile(pattern) else glob.glob(pattern, recursive=True)
    paths = sorted(path for path in found if not os.path.isdir(path))  # a link that leads nowhere is not left out without a word
    if not paths:
        expected = "the path or glob pattern of text files (.txt, .xz, .gz or .bz2)"
        raise FieldError(f"{{{field}}}: {{}}: no such file, expected {expected}", pattern)
    return paths


def read_lines(path):
    """Yield the lines of a UTF-8 text file without surrounding white space and byte order marks, whatever ends them.

    Files named ``.xz``, ``.gz`` and ``.bz2`` are decompressed on the way.

    Raises:
      UserError: the file cannot be read, is broken, or is not UTF-8; names the file and the line.
    """
    opener = _OPENERS.get(os.path.splitext(path)[1], open)
    number = 0
    try:
        with opener(path, "rb") as f:
            for number, line in enumerate(f, start=1):  # noqa: B007 - the messages name it
                # Line ends of CR alone split as well, and marks stand wherever files were joined.
                for part in line.decode("utf-8").rstrip("\r\n").split("\r"):
                    yield part.lstrip("\ufeff").strip()
    except UnicodeDecodeError as e:
        raise UserError(f"{path}:{number}: expected UTF-8, found byte 0x{e.object[e.start]:02x}") from e
    except (*_BROKEN, OSError) as e:
        # bz2 has no exception of its own for bad data: an OSError that no system call made.
        if isinstance(e, OSError) and e.errno is not None:
            raise UserError(f"{path}: cannot be read: {e.strerror}") from e
        raise UserError(f"{path}: broken after line {number}: {e}; expected a whole {os.path.splitext(path)[1][1:]} file") from e
