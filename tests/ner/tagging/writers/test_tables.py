"""Tables, CoNLL columns and colours: what is written for a text in pieces, and offsets in UTF-16."""

import csv
import io

import pytest

from ner.data.readers import read_examples
from ner.long_text.joining import Piece
from ner.tagging.text_input import InputText
from ner.tagging.writers import find_writer
from ner.tagging.writers.base import WriterOptions, offsets_in
from ner.tags import Span

TEXT = '😀王,明\t在"北\n京'
PIECES = (
    Piece(0, ["O", "B-PER", "I-PER", "I-PER", "O"], [(Span(1, 4, "PER"), 0.75)], False),
    Piece(5, ["O", "O", "B-LOC", "I-LOC", "I-LOC"], [(Span(7, 10, "LOC"), 0.5)], True),
)


def write(name, **options):
    out = io.StringIO()
    writer = find_writer(name)(out, WriterOptions(("LOC", "PER"), **options))
    writer.start()
    for text, pieces in ((TEXT, PIECES), ("", (Piece(0, [], [], True),))):
        writer.begin(InputText(text, None, 9, "a.txt", 3))
        for piece in pieces:
            writer.piece(text, piece)
        writer.end()
    writer.finish()
    return out.getvalue()


@pytest.mark.parametrize(("name", "delimiter"), [("csv", ","), ("tsv", "\t")])
def test_tables_are_read_back(name, delimiter):
    rows = list(csv.reader(io.StringIO(write(name)), delimiter=delimiter))
    assert rows == [
        ["file", "line", "start", "end", "label", "text", "score"],
        ["a.txt", "3", "1", "4", "PER", "王,明", "0.750000"],
        ["a.txt", "3", "7", "10", "LOC", "北\n京", "0.500000"],
    ]


def test_offsets_in_utf16():
    rows = list(csv.reader(io.StringIO(write("csv", offsets="utf16"))))
    assert [row[2:4] for row in rows[1:]] == [["2", "5"], ["8", "11"]]
    assert '"start": 2, "end": 5' in write("jsonl", offsets="utf16")
    assert '"start": 1, "end": 4' in write("jsonl")
    text = "a😀b😀😀c"
    offset = offsets_in(text, "utf16")
    assert [offset(i) for i in range(len(text) + 1)] == [len(text[:i].encode("utf-16-le")) // 2 for i in range(len(text) + 1)]
    assert offsets_in("王明", "utf16")(2) == 2


def test_conll_has_a_line_per_character_and_is_read_as_training_data(tmp_path):
    lines = write("conll").split("\n")
    assert lines[:5] == ["😀 -X- _ O", "王 -X- _ B-PER", ", -X- _ I-PER", "明 -X- _ I-PER", "␣ -X- _ O"]
    assert len(lines) == len(TEXT) + 3
    (tmp_path / "train.txt").write_text(write("conll"), encoding="utf-8")
    (example,) = read_examples(tmp_path / "train.txt").examples
    assert example.tags == tuple(PIECES[0].tags + PIECES[1].tags)


def test_colours_hide_nothing_and_run_nothing():
    text = "\x1b[31m王明"
    out = io.StringIO()
    writer = find_writer("ansi")(out, WriterOptions(("LOC", "PER")))
    writer.begin(InputText(text, None, 9))
    writer.piece(text, Piece(0, ["O"] * 5 + ["B-PER", "I-PER"], [(Span(5, 7, "PER"), 0.5)], True))
    writer.end()
    assert out.getvalue() == "\u241b[31m\x1b[38;5;16m\x1b[48;5;215m王明\x1b[0m\n"


def test_more_types_than_colours_have_their_names_behind_them():
    out = io.StringIO()
    writer = find_writer("ansi")(out, WriterOptions(tuple("ABCDEFG")))
    writer.piece("王", Piece(0, ["B-G"], [(Span(0, 1, "G"), 0.5)], True))
    assert "王/G\x1b" in out.getvalue()
