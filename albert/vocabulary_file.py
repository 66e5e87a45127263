"""``vocab.txt`` as it is found: one entry a line, its line number its id; and the ways in which files differ from that and still say the
same."""

import codecs
import os

from albert import tokenizer_json
from albert.errors import VocabularyError
from albert.foreign import kind_of_bytes, missing, printable

# White space that editors and scripts leave at the ends of lines. Wider spaces are entries of published vocabularies.
_BLANKS = " \t\r\x0b\x0c"


def read_vocabulary(path):
    """The entries of a vocab.txt or a tokenizer.json in the order of their ids: list of strings. See :func:`read_with_remarks`."""
    return read_with_remarks(path)[0]


def read_with_remarks(path):
    """The entries of a vocabulary, and what was odd about its file.

    A line that is empty keeps its id and stands for nothing; of an entry that occurs twice the last one counts, as in the original code
    (``load_vocab`` of google-research/bert and of transformers). Blanks around entries, empty lines at the end, a column of ids beside the
    entries, and the line ends of old Macs are left out.

    Args:
      path: UTF-8 text file, with or without BOM; or a ``tokenizer.json``.

    Returns:
      (list of the entries in the order of their ids, tuple of remarks: what the file has that a vocabulary should not have).

    Raises:
      VocabularyError: the file cannot be read, is not UTF-8, is something else, or its lines have two columns of which none is the ids.
    """
    name = os.fspath(path)
    if name.endswith(".json"):
        return tokenizer_json.read_entries(path), ()
    lines, remarks = _split(_decode(read_bytes(path), name), name)
    lines, remark = _without_ids(lines, name)
    remarks += remark
    lines, remark = _without_blanks(lines)
    remarks += remark + _find_empty_and_repeated(lines)
    return lines, tuple(f"{name}: {remark}" for remark in remarks)


def read_bytes(path):
    """The contents of a vocabulary's file."""
    try:
        with open(path, "rb") as f:
            return f.read()
    except FileNotFoundError as e:
        raise VocabularyError(f"{os.fspath(path)}: {missing(path)}, expected a vocabulary") from e
    except OSError as e:
        raise VocabularyError(f"{os.fspath(path)}: cannot read the vocabulary: {e.strerror}") from e


def _decode(data, name):
    kind = kind_of_bytes(data[:1024], len(data), texts=False) or ("a JSON text" if data.lstrip()[:1] == b"{" else None)
    if kind:
        raise VocabularyError(f"{name}: found {kind}, expected a vocabulary: one entry a line")
    if data.startswith(codecs.BOM_UTF8):
        data = data[len(codecs.BOM_UTF8) :]
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as e:
        line = data.count(b"\n", 0, e.start) + 1
        raise VocabularyError(f"{name}:{line}: expected UTF-8, found byte 0x{data[e.start]:02x}") from e


def _split(text, name):
    # Not splitlines: the published Chinese vocabularies have the line separator U+2028 as an entry.
    if "\n" not in text and "\r" in text:
        lines, remarks = text.split("\r"), ["its lines end with CR alone"]
    else:
        lines, remarks = [line[:-1] if line.endswith("\r") else line for line in text.split("\n")], []
    if lines[-1] == "":
        lines.pop()
    count = len(lines)
    while lines and not lines[-1]:
        lines.pop()
    if not lines:
        raise VocabularyError(f"{name}: expected one vocabulary entry per line, found an empty file")
    if len(lines) < count:
        remarks.append(f"{count - len(lines):,} empty lines at its end are left out")
    return lines, remarks


def _without_ids(lines, name):
    """Entries in the order of the ids that stand beside them, if they do."""
    for separator in ("\t", " "):
        pairs = [line.strip(_BLANKS).rsplit(separator, 1) for line in lines]
        if len(lines) < 2 or not all(len(pair) == 2 for pair in pairs):
            continue
        for entry, number in ((0, 1), (1, 0)):
            if all(pair[number].isascii() and pair[number].isdigit() for pair in pairs):
                ids = {int(pair[number][:9]): pair[entry] for pair in pairs}
                if set(ids) == set(range(len(lines))):
                    return [ids[i] for i in range(len(lines))], [f"its {('first', 'second')[number]} column is taken for the ids"]
        if separator == "\t":
            raise VocabularyError(f"{name}: found two columns, expected one entry a line, or its id from 0 to {len(lines) - 1} beside it")
    return lines, []


def _without_blanks(lines):
    present = set(lines)
    stripped = [line.strip(_BLANKS) for line in lines]
    # What would be nothing then, or another entry, is meant as it stands.
    kept = [new if new and (new == line or new not in present) else line for line, new in zip(lines, stripped)]
    changed = [i for i, (line, new) in enumerate(zip(lines, kept)) if line != new]
    if not changed:
        return lines, []
    return kept, [f"blanks around {len(changed):,} entries, first on line {changed[0] + 1}, are left out"]


def _find_empty_and_repeated(lines):
    remarks, seen = [], {}
    empty = [i + 1 for i, line in enumerate(lines) if not line]
    if empty:
        remarks.append(f"line {empty[0]} is empty: its id stands for nothing" + (f" (and {len(empty) - 1:,} more)" if empty[1:] else ""))
    repeated = [(seen[line], i + 1) for i, line in enumerate(lines) if line and (line in seen or seen.setdefault(line, i + 1) != i + 1)]
    if repeated:
        first, again = repeated[0]
        more = f" (and {len(repeated) - 1:,} more)" if repeated[1:] else ""
        remarks.append(f"entry {printable(lines[again - 1], 40)!r} is on the lines {first} and {again}: the last one counts{more}")
    return remarks
