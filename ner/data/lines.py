"""The lines of a text file that people made: UTF-8 with any line ends, and with byte order marks where files were joined."""

import codecs
import os

from ner.errors import DataError

_BLOCK = 1 << 20

# From this share and number of NUL bytes on, text has two or four bytes a character: of column files in UTF-16 about 0.4 are NUL.
_NUL_SHARE, _NULS = 0.2, 8

_WIDE = (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)

NOTE_CR = "line that ends with CR alone"
NOTE_BOM = "byte order mark at the start of a line, left out"


class TextFile:
    """A text file whose bytes were looked at once.

    Lines end with LF, CRLF or CR. A byte order mark at the start of the file is no part of it, and none at the start of a later line, where
    files were joined, unless it is the token of a column file: a separator follows it. For the same reason a CR at the start of a line
    ends no line if a separator follows it.

    Args:
      path: the file.

    Raises:
      DataError: the file cannot be read, is empty, or is UTF-16 or UTF-32 at first sight. Other bytes that are not UTF-8 show up in the
        lines, as ``errors="surrogateescape"`` makes them.
    """

    def __init__(self, path):
        self.path = os.fspath(path)
        self._plain = True
        try:
            with open(self.path, "rb") as f:
                self._look(f)
        except OSError as e:
            raise self._unreadable(e) from e

    def lines(self, notes):
        """Yield the lines with their line ends. Oddities are added to ``notes``, a Counter. Raises DataError."""
        try:
            with open(self.path, encoding="utf-8-sig", errors="surrogateescape", newline="\n" if self._plain else "") as f:
                yield from f if self._plain else _without_marks(_lines_of_any_ends(f, notes), notes)
        except OSError as e:
            raise self._unreadable(e) from e

    def _unreadable(self, error):
        return DataError(f"{self.path}: cannot read the data: {error.strerror}")

    def _look(self, f):
        head = f.read(_BLOCK)
        if not head:
            raise DataError(f"{self.path}: found an empty file, expected labelled sentences")
        if head.startswith(_WIDE) or (head.count(0) >= _NULS and head.count(0) > _NUL_SHARE * len(head)):
            width = "UTF-32" if head.startswith(_WIDE[:2]) else "UTF-16"
            raise DataError(f"{self.path}: found {width} text, expected UTF-8 (convert the file)")
        block = head.removeprefix(codecs.BOM_UTF8)
        while block and self._plain:
            # What may be one half of something whose other half is in the next block.
            block += f.read(2) if block[-1:] in b"\r\xef\xbb" else b""
            self._plain = block.count(b"\r") == block.count(b"\r\n") and codecs.BOM_UTF8 not in block
            block = f.read(_BLOCK)


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
