"""Vocabularies as people have them: read where they can only mean one thing, with a remark."""

import pathlib

import pytest

from albert.errors import VocabularyError
from albert.tokenization import CharTokenizer
from albert.vocabulary import copy_vocabulary
from albert.vocabulary_file import read_vocabulary, read_with_remarks

ENTRIES = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "的", "\u2028", "\u3000", "a", "##a", "5"]
CASES = pathlib.Path(__file__).resolve().parents[3] / "shared" / "cases"


def lines(entries, end="\n", last=None):
    return (end.join(entries) + (end if last is None else last)).encode()


@pytest.mark.parametrize(
    ("content", "remark"),
    [
        (lines(ENTRIES), None),
        (lines(ENTRIES, "\r\n"), None),
        (lines(ENTRIES, "\r"), "its lines end with CR alone"),
        (lines(ENTRIES, last="\n\n\r\n\n"), "3 empty lines at its end are left out"),
        (lines([f"{entry} " for entry in ENTRIES]), "blanks around 11 entries, first on line 1, are left out"),
        (lines([f"\t{entry} \t" for entry in ENTRIES]), "blanks around 11 entries, first on line 1, are left out"),
        (lines([*ENTRIES[:5], "的 ", *ENTRIES[6:]]), "blanks around 1 entries, first on line 6, are left out"),
        (lines([f"{entry}\t{i}" for i, entry in enumerate(ENTRIES)]), "its second column is taken for the ids"),
        (lines([f"{entry}\t{i} " for i, entry in enumerate(ENTRIES)], "\r\n"), "its second column is taken for the ids"),
        (lines([f"{i}\t{entry}" for i, entry in enumerate(ENTRIES)][::-1]), "its first column is taken for the ids"),
        (
            lines([f"{entry} {i}" for i, entry in enumerate(ENTRIES)][3:] + [f"{e} {i}" for i, e in enumerate(ENTRIES[:3])]),
            "its second column is taken for the ids",
        ),
    ],
)
def test_files_that_say_the_same(tmp_path, content, remark):
    path = tmp_path / "vocab.txt"
    path.write_bytes(content)
    assert read_with_remarks(path) == (ENTRIES, (f"{path}: {remark}",) if remark else ())
    tokenizer = CharTokenizer(path)
    assert tokenizer.encode("的\u2028x").tolist() == [5, 6, 1]
    assert tokenizer.remarks == ((f"{path}: {remark}",) if remark else ())
    # The copy beside a model has nothing odd about it.
    copy_vocabulary(path, tmp_path / "copy.txt")
    assert read_with_remarks(tmp_path / "copy.txt") == (ENTRIES, ())


def test_an_empty_line_keeps_its_id(tmp_path):
    path = tmp_path / "vocab.txt"
    path.write_bytes(lines([*ENTRIES[:6], "", *ENTRIES[7:], "", "b"]))
    tokenizer = CharTokenizer(path)
    assert tokenizer.vocab_size == 13 and "" not in tokenizer.vocab
    assert tokenizer.encode("的a\u2028b").tolist() == [5, 8, 1, 12]
    assert tokenizer.remarks == (f"{path}: line 7 is empty: its id stands for nothing (and 1 more)",)


def test_of_an_entry_that_occurs_twice_the_last_counts(tmp_path):
    """As in load_vocab of the original code and of transformers."""
    path = tmp_path / "vocab.txt"
    path.write_bytes(lines([*ENTRIES, "的", "5"]))
    tokenizer = CharTokenizer(path)
    assert tokenizer.encode("的5a").tolist() == [11, 12, 8]
    assert tokenizer.remarks == (f"{path}: entry '的' is on the lines 6 and 12: the last one counts (and 1 more)",)


def test_blanks_that_make_an_entry_are_kept(tmp_path):
    path = tmp_path / "vocab.txt"
    path.write_bytes(lines([*ENTRIES, " ", "的 "]))
    assert CharTokenizer(path).encode("的 ").tolist() == [5, 11]


def test_ids_that_are_none(tmp_path):
    path = tmp_path / "vocab.txt"
    for content in (
        lines([f"{entry}\t{i + 1}" for i, entry in enumerate(ENTRIES)]),
        lines([f"{entry}\t{9**30}" for entry in ENTRIES]),
        lines([f"{entry}\t-3.5" for entry in ENTRIES]),
        lines([f"{entry}\t0" for entry in ENTRIES]),
    ):
        path.write_bytes(content)
        with pytest.raises(VocabularyError, match="found two columns, expected one entry a line, or its id from 0 to 10 beside it"):
            read_vocabulary(path)


def test_spare_rows(tmp_path):
    path = tmp_path / "vocab.txt"
    entries = [*ENTRIES, *(chr(0x4E00 + i) for i in range(289))]
    path.write_bytes(lines(entries))
    for rows in (301, 320, 427):
        tokenizer = CharTokenizer(path)
        tokenizer.check_size(rows)
        assert tokenizer.remarks == (f"{path}: 300 entries for {rows} rows: the last {rows - 300} rows are spare",)
    for rows in (299, 428, 21128):
        with pytest.raises(VocabularyError, match=f"vocab file has 300 entries, config says {rows}"):
            CharTokenizer(path).check_size(rows)


@pytest.mark.skipif(not CASES.is_dir(), reason="needs the collected cases")
@pytest.mark.parametrize(
    ("case", "remark"),
    [
        ("10a-vocab-2-short", "198 entries for 200 rows: the last 2 rows are spare"),
        ("11a-vocab-blank-entry", "line 151 is empty: its id stands for nothing"),
        ("12-vocab-tab-id", "its second column is taken for the ids"),
        ("49-vocab-trailing-space", "blanks around "),
    ],
)
def test_cases(case, remark):
    path = CASES / case / "vocab.txt"
    tokenizer = CharTokenizer(path)
    tokenizer.check_size(200)
    assert [text for text in tokenizer.remarks if text.startswith(f"{path}: {remark}")]
