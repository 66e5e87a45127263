"""Words that get vectors, their sources, and the input that is refused."""

import re
import sys

import pytest

from albert.errors import UserError
from ner.errors import DataError
from ner.lattice.lexicon import WordLexicon
from ner.lattice.sources import cohesive_ngrams, lexicon_words, read_words


def test_words_seen_twice_have_vectors_of_their_own():
    texts = ["甲乙丙", "甲乙", "丙丁", "甲乙丁"]
    lexicon = WordLexicon.choose(["丙丁", "乙丙", "甲乙", "戊己", "甲", "甲乙丙丁戊"], texts, 3)
    assert (lexicon.words, lexicon.num_words) == (["甲乙", "丙丁", "乙丙", "戊己"], 1)
    # 2: the first word with a vector; 1: the one that the others share.
    assert lexicon.match(["甲乙丙丁", "戊己"]).tolist() == [[2, 0], [1, 0], [1, 0], [0, 0], [1, 0], [0, 0]]


def test_pretrained_words_have_vectors_of_their_own():
    lexicon = WordLexicon.choose(["丙丁", "甲乙"], ["甲乙", "甲乙"], 2, with_vectors={"丙丁"})
    assert (lexicon.words, lexicon.num_words) == (["甲乙", "丙丁"], 2)


def test_a_lexicon_survives_its_file(tmp_path):
    lexicon = WordLexicon.choose(["甲乙", "丙丁", "乙\u2028丙"], ["甲乙甲乙"], 4)
    lexicon.write(tmp_path / "lexicon.txt")
    again = WordLexicon.read(tmp_path / "lexicon.txt", lexicon.num_words, 4)
    assert (again.words, again.num_words) == (lexicon.words, 1)
    assert again.match(["丙丁甲乙"]).tolist() == lexicon.match(["丙丁甲乙"]).tolist()


def test_a_lexicon_that_is_not_the_models(tmp_path):
    path = tmp_path / "lexicon.txt"
    with pytest.raises(UserError, match="cannot read the lexicon"):
        WordLexicon.read(path, 1, 4)
    path.write_text("甲乙\n", encoding="utf-8")
    with pytest.raises(UserError, match="found 1 words, expected at least the 2"):
        WordLexicon.read(path, 2, 4)


def test_no_word_of_a_fitting_length():
    with pytest.raises(UserError, match="^word_lexicon: found no word of 2 to 3 characters, expected some"):
        WordLexicon.choose(["甲", "甲乙丙丁"], ["甲乙"], 3)


def test_word_files(tmp_path):
    path = tmp_path / "words.txt"
    path.write_bytes("\ufeff长江\r\n\n大桥 37\n南京市 5 ns\n".encode())
    assert read_words(path) == ["长江", "大桥", "南京市"]
    assert list(lexicon_words(str(path), [], 4)) == ["长江", "大桥", "南京市"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("长江\n大桥 many n\n".encode(), "2: found '大桥 many n', expected a word, or a word, its frequency and its part of speech"),
        ("长江 1 n x\n".encode(), "1: found '长江 1 n x', expected a word"),
        (b"\xe9\x95\xbf\n\xff\n", "2: expected UTF-8, found byte 0xff"),
    ],
)
def test_a_damaged_word_file_names_the_line(tmp_path, content, message):
    path = tmp_path / "words.txt"
    path.write_bytes(content)
    with pytest.raises(DataError, match=re.escape(f"{path}:{message}")):
        read_words(path)


def test_a_missing_word_file(tmp_path):
    with pytest.raises(DataError, match="cannot read the lexicon: No such file"):
        read_words(tmp_path / "none")


def test_jieba_is_asked_for_by_the_extras_name(monkeypatch):
    monkeypatch.setitem(sys.modules, "jieba", None)
    with pytest.raises(UserError, match=r"^word_lexicon=jieba: needs jieba: pip install 'albert-ner\[lattice\]'$"):
        lexicon_words("jieba", [], 4)


def test_words_of_the_training_text_are_runs_of_letters_that_keep_together():
    # 长江大桥 always together; 的 beside anything; digits and punctuation between.
    texts = [f"{c}的长江大桥，{c}12" for c in "甲乙丙丁戊己庚辛壬癸子丑寅卯辰巳午未申酉"]
    words = cohesive_ngrams(texts, 4, min_count=10, min_cohesion=2.0)
    assert {"长江", "江大", "大桥", "长江大", "江大桥", "长江大桥"} <= set(words)
    assert not any(set(word) & set("，12甲乙") for word in words)
    assert all(2 <= len(word) <= 4 for word in words)
    assert len(words) == len(set(words))
    # Of 20 occurrences none is left when 21 are asked for.
    assert cohesive_ngrams(texts, 4, min_count=21, min_cohesion=0.0) == []


def test_cohesion_is_the_worst_of_all_cuts():
    # 160 letters, 甲乙 20 times, 甲 and 乙 20 times each: 20 * 160 / (20 * 20) = 8 times what chance would give.
    texts = ["甲乙" + "丙丁戊己庚辛"] * 20
    assert "甲乙" in cohesive_ngrams(texts, 2, min_count=1, min_cohesion=7.9)
    assert "甲乙" not in cohesive_ngrams(texts, 2, min_count=1, min_cohesion=8.1)
