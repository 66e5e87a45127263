"""The lines of a text file that people made: UTF-8 with any line ends, and with byte order marks where files were joined."""

import codecs
import contextlib
import io
import os
import re
import stat

from albert.errors import UserError
from albert.foreign import kind_of_bytes

_BLOCK = 1 << 20
_HEAD = 1 << 10
_MOST_HELD = 1 << 30

# What errors="surrogateescape" makes of the bytes that are not UTF-8: a way to read on and still know the line and the byte.
_INVALID_BYTE = re.compile("[\udc80-\udcff]")

# From this share and number of NUL bytes on, text has two or four bytes a character: of column files in UTF-16 about 0.4 are NUL.
_NUL_SHARE, _NULS = 0.2, 8

_WIDE = (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)

NOTE_CR = "line that ends with CR alone"
NOTE_BOM = "byte order mark at the start of a line, left out"


class TextFile:
    """A text file, whose bytes were looked at once.

    Lines end with LF, CRLF or CR. A byte order mark at the start of the file is no part of it, and none at the start of a later line, where
    files were joined, unless it is the token of a column file: a separator follows it. For the same reason a CR at the start of a line
    ends no line if a separator follows it.

    Args:
      path: the file; what is no regular file, as a pipe, is held in memory.
      what: what it should be, for messages.
      error: class of the errors, a ``UserError``.

    Raises:
      UserError: the file cannot be read, is empty, or is UTF-16 or UTF-32 at first sight. Other bytes that are not UTF-8 show up in the
        lines, as ``errors="surrogateescape"`` makes them; see :func:`invalid_byte`.
    """

    def __init__(self, path, what, error=UserError):
        self.path, self._what, self._error = os.fspath(path), what, error
        self._contents, self._plain = None, True
        with self._told():
            with open(self.path, "rb") as f:
                if not stat.S_ISREG(os.fstat(f.fileno()).st_mode):
                    self._contents = f.read(_MOST_HELD + 1)
            if self._contents and len(self._contents) > _MOST_HELD:
                raise error(f"{self.path}: found more than {_MOST_HELD >> 20} MB in what is no file, expected {what}")
            with self._open() as f:
                self._look(f)

    def lines(self, notes):
        """Yield the lines with their line ends. Oddities are added to ``notes``, a Counter. Raises the error of the class."""
        newline = "\n" if self._plain else ""
        with self._told(), io.TextIOWrapper(self._open(), encoding="utf-8-sig", errors="surrogateescape", newline=newline) as f:
            yield from f if self._plain else _without_marks(_lines_of_any_ends(f, notes), notes)

    def _open(self):
        return open(self.path, "rb") if self._contents is None else io.BytesIO(self._contents)

    @contextlib.contextmanager
    def _told(self):
        try:
            yield
        except (OSError, ValueError) as e:  # ValueError: a NUL in the name
            raise self._error(f"{self.path}: cannot read {self._what}: {getattr(e, 'strerror', None) or e}") from e

    def _look(self, f):
        head = f.read(_BLOCK)
        if not head:
            raise self._error(f"{self.path}: found an empty file, expected {self._what}")
        if head.startswith(_WIDE) or (head.count(0) >= _NULS and head.count(0) > _NUL_SHARE * len(head)):
            width = "UTF-32" if head.startswith(_WIDE[:2]) else "UTF-16"
            raise self._error(f"{self.path}: found {width} text, expected UTF-8 (convert the file)")
        kind = kind_of_bytes(head[:_HEAD], os.fstat(f.fileno()).st_size if self._contents is None else len(self._contents), texts=False)
        if kind:
            raise self._error(f"{self.path}: found {kind}, expected {self._what}")
        block = head.removeprefix(codecs.BOM_UTF8)
        while block and self._plain:
            # What may be one half of something whose other half is in the next block.
            block += f.read(2) if block[-1:] in b"\r\xef\xbb" else b""
            self._plain = block.count(b"\r") == block.count(b"\r\n") and codecs.BOM_UTF8 not in block
            block = f.read(_BLOCK)


def invalid_byte(line):
    """The first byte of a line that is not UTF-8 and its place, counted in bytes from 1; None if all are."""
    match = _INVALID_BYTE.search(line)
    return match and (ord(match.group()) - 0xDC00, len(line[: match.start()].encode("utf-8", "surrogatepass")) + 1)


def _lines_of_any_ends(parts, notes):
    """Lines ended by LF, CRLF, CRCRLF or CR, of a file opened with ``newline=""``, which ends a part after each CR."""
    begun = ""
    for part in parts:
        if begun and part != "\r\n" and not (begun == "\r" and part[0] in "\t "):
            notes[NOTE_CR] += 1
            yield begun
            begun = ""
        begun += part
        if not begun.endswith("\r"):
            yield begun
            begun = ""
    if begun:
        notes[NOTE_CR] += 1
        yield begun


def _without_marks(lines, notes):
    for line in lines:
        bare = line.lstrip("\ufeff")
        if bare != line and not bare.startswith(("\t", " ")):
            notes[NOTE_BOM] += 1
            yield bare
        else:
            yield line
