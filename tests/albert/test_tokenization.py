"""Tokenizers: one token per character, whatever the character."""

import io
import subprocess
import sys
import unicodedata

import numpy as np
import pytest

from albert import tokenization
from albert.errors import UserError, VocabularyError

SPECIAL = ["[PAD]", "[unused1]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
# U+2028 is an entry of the published Chinese vocabularies; "ᄀ" + "ᅡ" are what the Hangul syllable U+AC00 decomposes into.
CHARACTERS = [*"，。！1a中文北京ß²か\u2028\u00a0가σωａ😀𠀀", "\ufe0f", "\ufffd"]
OTHER = ["##中", "ab", "<S>"]
ENTRIES = SPECIAL + CHARACTERS + OTHER

LOW_CODE_POINTS = range(0x3000)
# All 17 planes, a prime step so that no row or column of a block is favoured; surrogates are in it.
SAMPLED_CODE_POINTS = range(0x3000, 0x110000, 97)


def write_vocab(path, entries=ENTRIES, newline="\n", end="\n", encoding="utf-8"):
    path.write_bytes((newline.join(entries) + end).encode(encoding))
    return path


@pytest.fixture
def vocab_file(tmp_path):
    return write_vocab(tmp_path / "vocab.txt")


def bert_normalise(character):
    """The steps of BERT's BasicTokenizer for one character, one after the other."""
    output = []
    for c in unicodedata.normalize("NFD", character.lower()):
        if unicodedata.category(c) == "Mn":
            continue
        output.append(c)
    return "".join(output)


def is_surrogate(code_point):
    return 0xD800 <= code_point < 0xE000


@pytest.mark.parametrize("do_lower_case", [True, False])
@pytest.mark.parametrize("code_points", [LOW_CODE_POINTS, SAMPLED_CODE_POINTS], ids=["low", "all planes"])
def test_every_character_is_what_the_slow_rule_says(vocab_file, code_points, do_lower_case):
    tokenizer = tokenization.CharTokenizer(vocab_file, do_lower_case)
    expected = []
    for code_point in code_points:
        form = bert_normalise(chr(code_point)) if do_lower_case else chr(code_point)
        known = form in ENTRIES and not is_surrogate(code_point)
        expected.append(ENTRIES.index(form if known else "[UNK]"))
    text = "".join(map(chr, code_points))
    ids = tokenizer.encode(text)
    assert ids.dtype == np.int32
    assert len(ids) == len(text)
    np.testing.assert_array_equal(ids, expected)
    np.testing.assert_array_equal(tokenizer.code_point_table()[list(code_points)], expected)
    assert tokenizer.tokenize(text) == [ENTRIES[i] for i in expected]


def test_known_characters(vocab_file):
    tokenizer = tokenization.CharTokenizer(vocab_file)
    text = "中Aà Σ\tが²\u2028\r\n😀가\U00020000𐀀"
    assert tokenizer.tokenize(text) == [
        *("中", "a", "a", "[UNK]", "σ", "[UNK]", "か", "²", "\u2028"),
        *("[UNK]", "[UNK]", "😀", "[UNK]", "𠀀", "[UNK]"),
    ]
    assert tokenizer.tokenize("") == []
    assert tokenizer.encode("").shape == (0,)


def test_each_character_is_normalised_alone(vocab_file):
    # In a word str.lower() gives the last sigma its final form; a table of characters cannot and must not.
    assert tokenization.CharTokenizer(vocab_file).tokenize("ΩΣ") == ["ω", "σ"]


def test_without_lower_casing_case_and_marks_count(vocab_file):
    tokenizer = tokenization.CharTokenizer(vocab_file, do_lower_case=False)
    assert tokenizer.tokenize("aAàが\ufe0f") == ["a", "[UNK]", "[UNK]", "[UNK]", "\ufe0f"]


def test_unpaired_surrogates_are_unknown_and_keep_their_place(vocab_file):
    tokenizer = tokenization.CharTokenizer(vocab_file)
    assert tokenizer.tokenize("中\ud83d文\ude00") == ["中", "[UNK]", "文", "[UNK]"]


def test_special_tokens_are_found_by_name(tmp_path):
    entries = [*CHARACTERS, "[MASK]", "[SEP]", "[PAD]", "[CLS]", "[UNK]"]
    tokenizer = tokenization.CharTokenizer(write_vocab(tmp_path / "vocab.txt", entries))
    ids = [tokenizer.mask_id, tokenizer.sep_id, tokenizer.pad_id, tokenizer.cls_id, tokenizer.unk_id]
    assert ids == list(range(len(CHARACTERS), len(CHARACTERS) + 5))
    assert tokenizer.encode("\x00").tolist() == [tokenizer.unk_id]
    assert tokenizer.vocab_size == len(entries)
    assert tokenizer.vocab == {token: i for i, token in enumerate(entries)}


def test_special_tokens_in_text_are_characters(vocab_file):
    assert tokenization.CharTokenizer(vocab_file).tokenize("[CLS]") == ["[UNK]"] * 5


@pytest.mark.parametrize(
    "options",
    [{"newline": "\r\n", "end": "\r\n"}, {"end": ""}, {"encoding": "utf-8-sig"}, {"newline": "\r\n", "end": "", "encoding": "utf-8-sig"}],
    ids=["CRLF", "no final newline", "BOM", "CRLF, BOM, no final newline"],
)
def test_file_variants_give_the_same_vocabulary(tmp_path, options):
    tokenizer = tokenization.CharTokenizer(write_vocab(tmp_path / "vocab.txt", **options))
    assert list(tokenizer.vocab) == ENTRIES


def test_published_size(tmp_path):
    entries = SPECIAL + [chr(0x4E00 + i) for i in range(21128 - len(SPECIAL))]
    tokenizer = tokenization.CharTokenizer(write_vocab(tmp_path / "vocab.txt", entries))
    tokenizer.check_size(21128)
    assert tokenizer.encode(entries[-1]).tolist() == [21127]


@pytest.mark.parametrize("size", [len(ENTRIES) - 1, 2 * len(ENTRIES) + 1, len(ENTRIES) + 128])
def test_size_that_differs_from_the_config_names_both_files(vocab_file, size):
    tokenizer = tokenization.CharTokenizer(vocab_file)
    message = f"{vocab_file}: vocab file has {len(ENTRIES)} entries, albert_config.json says {size}"
    with pytest.raises(VocabularyError) as e:
        tokenizer.check_size(size, "albert_config.json")
    assert str(e.value) == message
    with pytest.raises(VocabularyError, match=f"entries, config says {size}$"):
        tokenizer.check_size(size)


@pytest.mark.parametrize("token", ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"])
def test_missing_special_token(tmp_path, token):
    path = write_vocab(tmp_path / "vocab.txt", [entry for entry in ENTRIES if entry != token])
    with pytest.raises(VocabularyError) as e:
        tokenization.CharTokenizer(path)
    assert str(e.value) == f"{path}: special token {token} is missing, expected it among the {len(ENTRIES) - 1} entries"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", ": expected one vocabulary entry per line, found an empty file"),
        (b"\xef\xbb\xbf", ": expected one vocabulary entry per line, found an empty file"),
        (b"<html></html>", ": found an HTML page (13 bytes), expected a vocabulary: one entry a line"),
        (b'{"[PAD]": 0}', ": found a JSON text, expected a vocabulary: one entry a line"),
        (b"[PAD]\t7\n[UNK]\t5\n", ": found two columns, expected one entry a line, or its id from 0 to 1 beside it"),
        (b"\xef\xbb\xbf[PAD]\n[UNK]\n\xd6\xd0\n", ":3: expected UTF-8, found byte 0xd6"),
    ],
    ids=["empty", "only a BOM", "a web page", "JSON", "counts", "GBK"],
)
def test_broken_file_is_one_line_with_its_place(tmp_path, content, message):
    path = tmp_path / "vocab.txt"
    path.write_bytes(content)
    with pytest.raises(VocabularyError) as e:
        tokenization.CharTokenizer(path)
    assert str(e.value) == f"{path}{message}"


def test_missing_file(tmp_path):
    path = tmp_path / "vocab.txt"
    with pytest.raises(VocabularyError) as e:
        tokenization.CharTokenizer(path)
    assert str(e.value) == f"{path}: no such file, expected a vocabulary"


def test_table_is_one_read_only_array(vocab_file):
    tokenizer = tokenization.CharTokenizer(vocab_file)
    table = tokenizer.code_point_table()
    assert table.shape == (0x110000,)
    assert table.dtype == np.int32
    assert table is tokenizer.code_point_table()
    with pytest.raises(ValueError, match="read-only"):
        table[0] = 1


def train_sentencepiece(path, normalization_rule_name="nmt_nfkc", control_symbols="[CLS],[SEP],[MASK]", pad_piece="<pad>"):
    """A model of some twenty pieces on which the characters below occur both at a word's start and inside words."""
    import sentencepiece  # noqa: PLC0415 - the tests above must not need it

    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(["中文 文中 a京 北京 京北 ，ａ 。1"] * 7),
        model_writer=model,
        model_type="char",
        vocab_size=100,
        hard_vocab_limit=False,
        character_coverage=1.0,
        normalization_rule_name=normalization_rule_name,
        pad_id=0,
        unk_id=1,
        bos_id=-1,
        eos_id=-1,
        pad_piece=pad_piece,
        unk_piece="<unk>",
        control_symbols=control_symbols,
        user_defined_symbols="▁春,▁秋,秋",
        minloglevel=2,
    )
    path.write_bytes(model.getvalue())
    return path


@pytest.fixture(scope="module")
def spm_file(tmp_path_factory):
    return train_sentencepiece(tmp_path_factory.mktemp("spm") / "spm.model")


def pieces_of(path):
    import sentencepiece  # noqa: PLC0415 - as above

    model = sentencepiece.SentencePieceProcessor(model_file=str(path))
    return [model.id_to_piece(i) for i in range(model.get_piece_size())]


@pytest.mark.parametrize("do_lower_case", [True, False])
@pytest.mark.parametrize("code_points", [LOW_CODE_POINTS, SAMPLED_CODE_POINTS, [0x3000, 0xFF0C, 0xFF21, 0x6625, 0x79CB]])
def test_sentencepiece_is_what_the_slow_rule_says(spm_file, code_points, do_lower_case):
    pieces = pieces_of(spm_file)
    tokenizer = tokenization.SentencePieceTokenizer(spm_file, do_lower_case)
    expected = []
    for code_point in code_points:
        character = chr(code_point)
        if not is_surrogate(code_point):
            plain = bert_normalise(character) if do_lower_case else character
            forms = [plain, unicodedata.normalize("NFKC", plain)]
            candidates = [piece for form in forms if len(form) == 1 for piece in (form, "▁" + form, "▁" if form == " " else form)]
        else:
            candidates = []
        expected.append(pieces.index(next((piece for piece in candidates if piece in pieces), "<unk>")))
    text = "".join(map(chr, code_points))
    ids = tokenizer.encode(text)
    assert ids.dtype == np.int32
    assert len(ids) == len(text)
    np.testing.assert_array_equal(ids, expected)


def test_sentencepiece_prefers_the_piece_inside_words(spm_file):
    tokenizer = tokenization.SentencePieceTokenizer(spm_file)
    assert {"▁春", "▁秋", "秋"} <= set(tokenizer.vocab)
    assert tokenizer.tokenize("秋春") == ["秋", "▁春"]


def test_sentencepiece_full_width_forms_follow_the_model(spm_file, tmp_path):
    folding = tokenization.SentencePieceTokenizer(spm_file)
    assert folding.tokenize("，Ａ中\u3000é") == [",", "a", "中", "▁", "<unk>"]
    keeping = tokenization.SentencePieceTokenizer(train_sentencepiece(tmp_path / "spm.model", "identity"))
    assert keeping.tokenize("，Ａ中\u3000é") == ["，", "ａ", "中", "▁", "<unk>"]


def test_sentencepiece_special_pieces_are_found_by_name(spm_file, tmp_path):
    tokenizer = tokenization.SentencePieceTokenizer(spm_file)
    assert [tokenizer.pad_id, tokenizer.unk_id, tokenizer.cls_id, tokenizer.sep_id, tokenizer.mask_id] == [0, 1, 2, 3, 4]
    assert list(tokenizer.vocab) == pieces_of(spm_file)
    moved = train_sentencepiece(tmp_path / "moved.model", control_symbols="[MASK],[SEP],[CLS]", pad_piece="[PAD]")
    tokenizer = tokenization.SentencePieceTokenizer(moved)
    assert [tokenizer.pad_id, tokenizer.cls_id, tokenizer.sep_id, tokenizer.mask_id] == [0, 4, 3, 2]


def test_sentencepiece_missing_or_ambiguous_special_piece(tmp_path):
    path = train_sentencepiece(tmp_path / "spm.model", control_symbols="[CLS],[SEP]")
    size = len(pieces_of(path))
    with pytest.raises(VocabularyError) as e:
        tokenization.SentencePieceTokenizer(path)
    assert str(e.value) == f"{path}: special token [MASK] is missing, expected it among the {size} entries"
    path = train_sentencepiece(tmp_path / "spm.model", control_symbols="[CLS],[SEP],[MASK],[PAD]")
    with pytest.raises(VocabularyError) as e:
        tokenization.SentencePieceTokenizer(path)
    assert str(e.value) == f"{path}: expected one special token <pad> or [PAD], found <pad> and [PAD]"


@pytest.mark.parametrize("content", [b"", b"[PAD]\n[UNK]\n", b"\xff" * 31])
def test_sentencepiece_broken_model(tmp_path, content):
    path = tmp_path / "spm.model"
    path.write_bytes(content)
    with pytest.raises(VocabularyError) as e:
        tokenization.SentencePieceTokenizer(path)
    assert str(e.value) == f"{path}: expected a SentencePiece model, found {len(content)} bytes that are none"


def test_sentencepiece_truncated_model(spm_file, tmp_path):
    path = tmp_path / "spm.model"
    content = spm_file.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(VocabularyError, match="expected a SentencePiece model"):
        tokenization.SentencePieceTokenizer(path)


def test_sentencepiece_size_that_differs_from_the_config(spm_file):
    tokenizer = tokenization.SentencePieceTokenizer(spm_file)
    tokenizer.check_size(len(pieces_of(spm_file)))
    with pytest.raises(VocabularyError, match="albert_config.json says 30000"):
        tokenizer.check_size(30000, "albert_config.json")


def test_load_tokenizer_takes_exactly_one_file(vocab_file, spm_file):
    assert isinstance(tokenization.load_tokenizer(vocab_file=vocab_file), tokenization.CharTokenizer)
    tokenizer = tokenization.load_tokenizer(spm_model_file=spm_file, do_lower_case=False)
    assert isinstance(tokenizer, tokenization.SentencePieceTokenizer)
    assert tokenizer.do_lower_case is False
    with pytest.raises(UserError, match="^found neither vocab_file nor spm_model_file, expected one of them$"):
        tokenization.load_tokenizer()
    with pytest.raises(UserError, match="^found both vocab_file and spm_model_file, expected one of them$"):
        tokenization.load_tokenizer(vocab_file, spm_file)


def test_module_needs_neither_tensorflow_nor_sentencepiece():
    code = "import sys, albert.tokenization; print([m for m in ('tensorflow', 'sentencepiece') if m in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
