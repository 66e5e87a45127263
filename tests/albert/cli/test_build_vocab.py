"""The vocabulary builder."""

import lzma
import pathlib
import subprocess
import sys

import pytest

from albert.cli.build_vocab import build_vocabulary
from albert.errors import UserError
from albert.tokenization import CharTokenizer

ROOT = pathlib.Path(__file__).resolve().parents[3]
SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]


@pytest.fixture(name="text")
def _text(tmp_path):
    (tmp_path / "a.txt").write_text("人人人 大大\n", encoding="utf-8")
    (tmp_path / "b.txt.xz").write_bytes(lzma.compress("人5%Ab\u3000\n中".encode()))
    return tmp_path


def test_characters_by_frequency(text):
    tokens, counts = build_vocabulary([str(text / "*.txt*")], 11, full_width_forms=False)
    # Ties in order of code point.
    assert tokens == [*SPECIAL, "人", "大", "%", "5", "a", "b"]
    assert (counts["人"], counts["a"], counts.get(" "), counts.get("\u3000")) == (4, 1, None, None)


def test_full_width_forms_and_included_characters_come_first(text):
    tokens, _ = build_vocabulary([str(text / "*.txt*")], 15, include_characters="『』％")
    assert tokens == [*SPECIAL, "『", "』", "％", "５", "ａ", "ｂ", "人", "大", "%", "5"]


def test_case_is_kept_where_the_tokenizer_keeps_it(text):
    tokens, _ = build_vocabulary([str(text / "b.txt.xz")], 11, do_lower_case=False, full_width_forms=False)
    assert "A" in tokens
    assert "a" not in tokens


def test_rare_characters_stay_out(text):
    tokens, _ = build_vocabulary([str(text / "*")], 9, full_width_forms=False, min_count=2)
    assert tokens == [*SPECIAL, "人", "大", "[unused1]", "[unused2]"]


def _run(*arguments):
    command = [sys.executable, "-m", "albert.build_vocab", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def test_command(text):
    output = text / "vocab.txt"
    result = _run(f"--input={text}/a.txt,{text}/b.txt.xz", "--vocab_size=31", f"--output={output}")
    assert (result.returncode, result.stderr) == (0, "")
    assert "31 entries, 15 of them unused" in result.stdout
    assert "100.0000 % are in the vocabulary" in result.stdout
    tokenizer = CharTokenizer(output)
    assert tokenizer.tokenize("Ａ５％人x") == ["ａ", "５", "％", "人", "[UNK]"]
    again = _run(f"--input={text}/a.txt", "--vocab_size=31", f"--output={output}")
    assert again.returncode == 1
    assert again.stderr == f"error: --output: {output} exists; give another name, or --overwrite to replace it\n"


def test_mistakes(text):
    (text / "empty.txt").touch()
    with pytest.raises(UserError, match="input: missing.txt: no such file, expected"):
        build_vocabulary(["missing.txt"], 31)
    with pytest.raises(UserError, match="--input: no characters in 1 files"):
        build_vocabulary([str(text / "empty.txt")], 31)
    with pytest.raises(UserError, match="--vocab_size: 8 leaves no room for 5 special tokens, 4 included characters and one other"):
        build_vocabulary([str(text / "b.txt.xz")], 8)
