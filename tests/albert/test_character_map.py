"""Characters that are read in place of others: what changes, what never does."""

import importlib.util
import pathlib

import numpy as np
import pytest

from albert.character_map import FULL_WIDTH, HALF_WIDTH, TABLE, simplified_table, simplify
from albert.tokenization import load_tokenizer

ROOT = pathlib.Path(__file__).parents[2]


def simplify_slowly(text):
    """The rule in words: from left to right, remembering the last character that is no half-width punctuation."""
    table, before, result = simplified_table(), "", []
    for c in text:
        if c in HALF_WIDTH:
            chinese = before and ("\u4e00" <= before <= "\u9fff" or before == "〇" or "\u3400" <= before <= "\u4dbf")
            result.append(FULL_WIDTH[HALF_WIDTH.index(c)] if chinese else c)
        else:
            before = c
            result.append(chr(table[ord(c)]) if ord(c) < len(table) else c)
    return "".join(result)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("蔣經國在臺北(市),說:", "蒋经国在台北（市），说："),
        ("後來於乾隆年間", "后来于乾隆年间"),  # 乾 is a character of simplified text too
        ("约3.5万,U.S.A.的", "约3.5万，U.S.A.的"),
        ("对!!?好", "对！！？好"),
        (",开头", ",开头"),
        ("", ""),
        ("〇;😀,", "〇；😀,"),
    ],
)
def test_mapped(text, expected):
    assert simplify(text) == expected


def test_random_texts_as_the_rule_in_words():
    random = np.random.default_rng(5)
    alphabet = list("中國臺湾北灣,.!?:;()，。（）aZ19 〇\ud800😀𠀀\n\"'")
    for _ in range(500):
        text = "".join(random.choice(alphabet, random.integers(0, 23)))
        mapped = simplify(text)
        assert mapped.replace("𠀀", "") == simplify_slowly(text).replace("𠀀", "") or "𠀀" in text
        assert simplify(mapped) == mapped
        assert len(mapped) == len(text)


def test_simplified_full_width_text_stays():
    # Of each pair of the table, the simplified character; and all of GB 2312's first level, the 3,755 characters in use.
    table = simplified_table()
    rows, cells = range(0xA0 + 16, 0xA0 + 56), range(0xA1, 0xFF)
    common = bytes(byte for row in rows for cell in cells for byte in (row, cell)).decode("gb2312", "ignore")
    assert len(common) == 3755
    kept = common + "徵甯麴脩捱“”‘’《》、·—…％／．『』" + FULL_WIDTH
    assert simplify(kept) == kept
    targets = "".join(chr(table[point]) for point in np.flatnonzero(table != np.arange(len(table))))
    assert simplify(targets) == targets


def test_a_tokenizer_looks_up_what_is_mapped(tmp_path):
    path = tmp_path / "vocab.txt"
    path.write_text("".join(f"{entry}\n" for entry in ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *"台湾臺，,"]), encoding="utf-8")
    plain, mapping = load_tokenizer(path), load_tokenizer(path, character_map="simplified")
    assert plain.tokenize("臺灣,") == ["臺", "[UNK]", ","]
    assert mapping.tokenize("臺灣,") == ["台", "湾", "，"]
    assert plain.encode("台湾，").tolist() == mapping.encode("台湾，").tolist()


def test_the_table_is_what_the_command_makes_of_opencc():
    opencc = pytest.importorskip("opencc")
    spec = importlib.util.spec_from_file_location("make_character_map", ROOT / "tools" / "make_character_map.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    source = pathlib.Path(opencc.__file__).parent / "dictionary" / "TSCharacters.txt"
    lines = [line for line in pathlib.Path(TABLE).read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    assert lines == ["".join(pair) for pair in sorted(module.pairs(source.read_text(encoding="utf-8").splitlines()))]
