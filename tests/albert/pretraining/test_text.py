"""Files as a user has them: compressed, in several pieces, or broken."""

import bz2
import gzip
import json
import lzma
import pathlib
import re

import numpy as np
import pytest

from albert.errors import UserError
from albert.pretraining import segmentation, token_cache
from albert.pretraining.text import find_files, read_lines

COMPRESSORS = [("a.txt.xz", lzma.compress), ("a.gz", gzip.compress), ("a.bz2", bz2.compress)]
TEXT = "第一句。\n第二句。\n\n  第三句。\r\n"


@pytest.mark.parametrize(
    ("name", "compress"), [("a.txt", bytes), ("a.txt.xz", lzma.compress), ("a.gz", gzip.compress), ("a.bz2", bz2.compress)]
)
def test_compressed_files_read_alike(tmp_path, name, compress):
    (tmp_path / name).write_bytes(compress(("\ufeff" + TEXT).encode()))
    assert list(read_lines(str(tmp_path / name))) == ["第一句。", "第二句。", "", "第三句。"]


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r", "\r\r\n"])
def test_line_ends_and_marks_of_joined_files(tmp_path, newline):
    content = ("\ufeff" + TEXT.replace("\r", "").replace("\n", newline)) * 2
    (tmp_path / "a.txt").write_bytes(content.encode())
    found = list(read_lines(str(tmp_path / "a.txt")))
    assert found == ["第一句。", "第二句。", "", "第三句。"] * 2


@pytest.mark.parametrize(("name", "compress"), COMPRESSORS)
@pytest.mark.parametrize("damage", ["cut", "other", "changed"])
def test_broken_files_are_one_line(tmp_path, name, compress, damage):
    data = compress((TEXT * 1000).encode())
    middle = len(data) // 2
    data = {"cut": data[:-9], "other": TEXT.encode(), "changed": data[:middle] + bytes(5) + data[middle + 5 :]}[damage]
    path = tmp_path / name
    path.write_bytes(data)
    with pytest.raises(UserError) as e:
        list(read_lines(str(path)))
    # gzip's check sum comes at its end: the first sign of damage may be what the bytes mean.
    expected = r"(: broken after line \d+: .*; expected a whole \w+ file|:\d+: expected UTF-8, .*)$"
    assert re.match(re.escape(str(path)) + expected, str(e.value))
    assert "\n" not in str(e.value)


def test_other_encodings_are_named_by_line(tmp_path):
    (tmp_path / "a.txt").write_bytes(b"ok\n" + "第二句".encode("gbk"))
    with pytest.raises(UserError, match=r"a\.txt:2: expected UTF-8, found byte 0xb5"):
        list(read_lines(str(tmp_path / "a.txt")))


def test_find_files(tmp_path):
    for name in ("b.txt", "a.txt", "a[1].txt"):
        (tmp_path / name).touch()
    assert find_files(f"{tmp_path}/?.txt") == [f"{tmp_path}/a.txt", f"{tmp_path}/b.txt"]
    assert find_files(f"{tmp_path}/a[1].txt") == [f"{tmp_path}/a[1].txt"]
    with pytest.raises(UserError, match="^input_file: nothing.*: no such file, expected"):
        find_files("nothing*")


def _open(corpus, paths, **given):
    log = []
    cache = token_cache.open_cache(corpus.directory / "cache", [str(path) for path in paths], corpus.tokenizer, log=log.append, **given)
    return cache, log


def test_cache_is_made_once_for_the_same_contents(corpus):
    cache, log = _open(corpus, [corpus.path])
    assert len(log) == 1
    moved = corpus.directory / "other_name.txt"
    moved.write_bytes(corpus.path.read_bytes())
    again, log = _open(corpus, [moved])
    assert (again.path, log) == (cache.path, [])
    moved.write_text("今天。\n" * 9, encoding="utf-8")
    changed, log = _open(corpus, [moved])
    assert changed.path != cache.path
    assert len(log) == 1


def test_a_files_end_ends_its_document(corpus):
    first, second = corpus.directory / "1.txt", corpus.directory / "2.txt"
    first.write_text("今天。\n明天", encoding="utf-8")
    second.write_text("\n\n昨天。", encoding="utf-8")
    cache, _ = _open(corpus, [first, second])
    assert cache.sentences.tolist() == [0, 3, 5]
    assert cache.documents.tolist() == [0, 5]


def test_batches_of_lines_join(corpus, monkeypatch):
    whole, _ = _open(corpus, [corpus.path])
    tokens, sentences = np.array(whole.tokens), whole.sentences
    monkeypatch.setattr(token_cache, "_LINES", 3)
    monkeypatch.setattr(token_cache, "_VERSION", 0)
    pieces, _ = _open(corpus, [corpus.path])
    assert pieces.path != whole.path
    assert np.array_equal(pieces.tokens, tokens)
    assert np.array_equal(pieces.sentences, sentences)


def test_empty_text_leaves_nothing(corpus):
    empty = corpus.directory / "empty.txt"
    empty.write_text("\n \n\n", encoding="utf-8")
    with pytest.raises(UserError, match=r"^input_file: no text in .*empty\.txt, expected sentences"):
        _open(corpus, [empty])
    assert list((corpus.directory / "cache").iterdir()) == []


def test_broken_input_leaves_nothing(corpus):
    path = corpus.directory / "broken.txt.xz"
    path.write_bytes(lzma.compress(TEXT.encode())[:-4])
    with pytest.raises(UserError, match=r"broken\.txt\.xz: broken after line \d"):
        _open(corpus, [path])
    assert list((corpus.directory / "cache").iterdir()) == []


@pytest.mark.parametrize("name", ["tokens.bin", "cache.json", "sentences.npy"])
def test_damaged_cache_says_what_to_do(corpus, name):
    cache, _ = _open(corpus, [corpus.path])
    file = corpus.directory / "cache" / cache.path / name
    file.write_bytes(file.read_bytes()[:-3])
    with pytest.raises(UserError, match="is damaged .*; remove it and it will be made again") as e:
        _open(corpus, [corpus.path])
    assert "\n" not in str(e.value)


@pytest.mark.parametrize(
    "change",
    [
        {"dtype": "float3"},
        {"dtype": ["uint16"]},
        {"dtype": "object"},
        {"tokens": "9"},
        {"tokens": None},
        {"tokens": 10**300},
        {"words": "yes"},
    ],
)
def test_a_cache_whose_record_is_damaged(corpus, change):
    cache, _ = _open(corpus, [corpus.path])
    file = pathlib.Path(cache.path) / "cache.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), **change}))
    with pytest.raises(UserError, match="is damaged .*; remove it and it will be made again"):
        _open(corpus, [corpus.path])


@pytest.mark.parametrize("text", ["[" * 100_000, "[1]", "{}", "<html>", "", '{"tokens": ' + "9" * 5000 + "}"])
def test_a_cache_whose_record_is_none(corpus, text):
    cache, _ = _open(corpus, [corpus.path])
    (pathlib.Path(cache.path) / "cache.json").write_text(text)
    with pytest.raises(UserError, match="is damaged .*; remove it and it will be made again"):
        _open(corpus, [corpus.path])


def test_most_of_a_text_unknown(corpus):
    """Nothing was trained under a vocabulary of another language: it stops before."""
    corpus.tokenizer.check_known(np.array([corpus.tokenizer.unk_id, 7]), "the text")
    with pytest.raises(UserError, match=r"vocab.txt: found 67% of the characters of the text unknown, expected at most half$"):
        corpus.tokenizer.check_known(np.array([corpus.tokenizer.unk_id] * 2 + [7]), "the text")


def test_word_list_takes_the_longest_word(corpus):
    words = corpus.directory / "words.txt"
    words.write_text("学校\n小明\n米饭\n吃米饭\n", encoding="utf-8")
    segmenter = segmentation.load_segmenter(str(words))
    assert segmenter.word_starts("小明去学校吃米饭。").tolist() == [1, 0, 1, 1, 0, 1, 0, 0, 1]
    assert segmenter.word_starts("").tolist() == []
    cache, _ = _open(corpus, [corpus.path], segmenter=segmenter)
    plain, _ = _open(corpus, [corpus.path])
    assert plain.word_starts is None
    assert plain.path != cache.path
    assert np.all(cache.word_starts[cache.sentences] == 1)
    assert 0.5 < cache.word_starts.mean() < 1


def test_word_list_without_words(corpus):
    (corpus.directory / "words.txt").write_text("学\n", encoding="utf-8")
    with pytest.raises(UserError, match="^segmenter: .*: found no words of two or more characters, expected one a line"):
        segmentation.load_segmenter(str(corpus.directory / "words.txt"))
