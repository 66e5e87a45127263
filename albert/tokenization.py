"""Tokenizers that give one token per character, as sequence labelling with the Chinese checkpoints expects.

Token i is always character i (a Unicode code point), so an entity's offsets in the text are its offsets in the tokens:
nothing is dropped, joined or split, white space and control characters included. A tokenizer is therefore one table from
code point to id, which a TensorFlow graph can gather from to give the same ids as this module gives.
"""

import functools
import os
import sys
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from typing import ClassVar, Optional, Union

import numpy as np
import numpy.typing as npt

from albert.character_map import NONE, simplify
from albert.errors import FieldError, VocabularyError
from albert.vocabulary_file import read_bytes, read_with_remarks

_Path = Union[str, os.PathLike[str]]
_CODE_POINTS = sys.maxunicode + 1
_SURROGATES = range(0xD800, 0xE000)
_MOST_SPARE_ROWS = 127
_WORD_START = "\u2581"  # SentencePiece writes a space, and so the start of a word, as this character.


class _CodePointTokenizer:
    """Base of the tokenizers: the vocabulary, the special tokens, and the table from code point to id.

    Attributes:
      path: the file the vocabulary came from.
      vocab: dict from token to id, in order of id.
      pad_id, unk_id, cls_id, sep_id, mask_id: ids of the special tokens.
      character_map: what becomes of characters before they are looked up, one of ``albert.character_map.CHARACTER_MAPS``.
      remarks: tuple of lines on what the file has that a vocabulary should not have, and how it was read.
    """

    remarks: tuple[str, ...] = ()
    character_map: str = NONE
    pad_id: int
    unk_id: int
    cls_id: int
    sep_id: int
    mask_id: int
    _SPECIAL_TOKENS: ClassVar[dict[str, tuple[str, ...]]] = {}  # attribute → the names that token may have in the file

    def __init__(self, path: _Path, tokens: Sequence[str], do_lower_case: bool) -> None:
        self.path = os.fspath(path)
        self.do_lower_case = do_lower_case
        self.vocab = {token: index for index, token in enumerate(tokens) if token}
        self._tokens = tokens
        for attribute, names in self._SPECIAL_TOKENS.items():
            setattr(self, attribute, self._special_id(names))

    def _special_id(self, names: tuple[str, ...]) -> int:
        found = [name for name in names if name in self.vocab]
        wanted = " or ".join(names)
        if not found:
            raise VocabularyError(f"{self.path}: special token {wanted} is missing, expected it among the {self.vocab_size} entries")
        if len(found) > 1:
            raise VocabularyError(f"{self.path}: expected one special token {wanted}, found {' and '.join(found)}")
        return self.vocab[found[0]]

    @property
    def special_ids(self) -> tuple[int, ...]:
        """Ids of the special tokens: a tuple."""
        return tuple(getattr(self, attribute) for attribute in self._SPECIAL_TOKENS)

    @property
    def vocab_size(self) -> int:
        """V, number of entries."""
        return len(self._tokens)

    def code_point_table(self) -> npt.NDArray[np.int32]:
        """The id of every character: int32 [0x110000], indexed by code point, read-only; ``unk_id`` where there is none."""
        return self._table

    @functools.cached_property
    def _table(self) -> npt.NDArray[np.int32]:
        table = np.full(_CODE_POINTS, self.unk_id, np.int32)
        self._fill(table)
        table.setflags(write=False)
        return table

    def _fill(self, table: npt.NDArray[np.int32]) -> None:
        """Set the entries of ``table`` whose character is in the vocabulary."""
        raise NotImplementedError

    def _id(self, character: str) -> int:
        """The id of one character, as in the table."""
        raise NotImplementedError

    @functools.cached_property
    def _ids(self) -> "_Memory":
        return _Memory(self._id)

    def encode(self, text: str) -> npt.NDArray[np.int32]:
        """Ids of the characters of ``text``: int32 [len(text)], without special tokens. Unpaired surrogates are unknown."""
        return self.look_up(self.map_characters(text))

    def map_characters(self, text: str) -> str:
        """A text as it is looked up: as many characters, those of the character map in place of others."""
        return text if self.character_map == NONE else simplify(text)

    def look_up(self, text: str) -> npt.NDArray[np.int32]:
        """As ``encode``, of a text whose characters have been mapped."""
        # Not by the table: all of Unicode takes a second, and a text has a few thousand different characters.
        return np.fromiter(map(self._ids.__getitem__, text), np.int32, len(text))

    def tokenize(self, text: str) -> list[str]:
        """The vocabulary entry of each character of ``text``: a list of len(text) strings."""
        return [self._tokens[index] for index in self.encode(text)]

    def check_known(self, ids: npt.ArrayLike, what: str) -> None:
        """Check that the vocabulary belongs to a text: one under which most of it is unknown teaches nothing.

        Args:
          ids: int [N], ids of the text's characters; white space apart.
          what: the text, for the message.

        Raises:
          VocabularyError: more than half of the characters are unknown.
        """
        ids = np.asarray(ids)
        unknown = float(np.mean(ids == self.unk_id)) if ids.size else 0.0
        if unknown > 0.5:
            raise VocabularyError(f"{self.path}: found {unknown:.0%} of the characters of {what} unknown, expected at most half")

    def check_size(self, vocab_size: int, config_file: Optional[_Path] = None) -> None:
        """Check that the vocabulary belongs to a model.

        Args:
          vocab_size: V of the model's ``AlbertConfig``.
          config_file: where that config came from, for the message.

        A few rows at the end that no entry has are spare, as where a model's rows were rounded up to a multiple of 128; a remark says so.

        Raises:
          VocabularyError: the vocabulary has more entries, or many fewer; ids would then mean other tokens than in pretraining.
        """
        spare = vocab_size - self.vocab_size
        config = "config" if config_file is None else os.fspath(config_file)
        if spare < 0 or spare > min(_MOST_SPARE_ROWS, vocab_size // 2):
            raise VocabularyError(f"{self.path}: vocab file has {self.vocab_size} entries, {config} says {vocab_size}")
        if spare:
            self.remarks += (f"{self.path}: {self.vocab_size} entries for {vocab_size} rows: the last {spare} rows are spare",)


class _Memory(dict[str, int]):
    """Results of a function by argument, each computed when it is first asked for."""

    def __init__(self, function: Callable[[str], int]) -> None:
        super().__init__()
        self._function = function

    def __missing__(self, key: str) -> int:
        result = self[key] = self._function(key)
        return result


class CharTokenizer(_CodePointTokenizer):
    """Characters looked up in the ``vocab.txt`` of a BERT or ALBERT checkpoint.

    A character is looked up as BERT's basic tokenizer normalises it (lower case, NFD, combining marks dropped) when
    ``do_lower_case`` is set, else as it is. One whose normal form is not a single entry is unknown: Hangul syllables, say,
    fall apart into several.

    Args:
      vocab_file: UTF-8 text, one entry per line, id = line number from 0; or the ``tokenizer.json`` of a fast tokenizer.
      do_lower_case: True for the published Chinese checkpoints, whose vocabulary has no upper-case letters.

    Raises:
      VocabularyError: the file cannot be read, is not UTF-8, is no vocabulary, or lacks a special token. See
        ``albert.vocabulary_file`` for what is read with a remark.
    """

    _SPECIAL_TOKENS = {
        "pad_id": ("[PAD]",),
        "unk_id": ("[UNK]",),
        "cls_id": ("[CLS]",),
        "sep_id": ("[SEP]",),
        "mask_id": ("[MASK]",),
    }

    def __init__(self, vocab_file: _Path, do_lower_case: bool = True) -> None:
        tokens, self.remarks = read_with_remarks(vocab_file)
        super().__init__(vocab_file, tokens, do_lower_case)

    def _id(self, character: str) -> int:
        return self.vocab.get(lower_case(character) if self.do_lower_case else character, self.unk_id)

    def _fill(self, table: npt.NDArray[np.int32]) -> None:
        for token, index in self.vocab.items():
            if len(token) == 1:
                table[ord(token)] = index
        if self.do_lower_case:
            for code_point, form in _lower_cased().items():
                table[code_point] = self.vocab.get(form, self.unk_id)


class SentencePieceTokenizer(_CodePointTokenizer):
    """Characters looked up among the pieces of a SentencePiece model.

    The id is a function of the character alone, so that tokens and characters stay aligned and a graph can do the same:
    the piece "x" if there is one, else "▁x", else the same two for the character's NFKC form, else unknown. "x" comes
    first because only the first character of a run of Chinese text starts a word; all others were pretrained as "x".
    NFKC comes last because a model whose own rules fold full-width forms has no piece for them, while a model without
    such rules has, and keeps it. A space is the piece "▁".

    Args:
      model_file: a SentencePiece model.
      do_lower_case: whether characters are normalised first, as ``CharTokenizer`` does.

    Raises:
      VocabularyError: the file is not a SentencePiece model, or lacks a special piece.
    """

    _SPECIAL_TOKENS = {
        "pad_id": ("<pad>", "[PAD]"),
        "unk_id": ("<unk>", "[UNK]"),
        "cls_id": ("[CLS]",),
        "sep_id": ("[SEP]",),
        "mask_id": ("[MASK]",),
    }

    def __init__(self, model_file: _Path, do_lower_case: bool = True) -> None:
        super().__init__(model_file, _read_pieces(model_file), do_lower_case)

    @functools.cached_property
    def _pieces(self) -> dict[str, int]:
        """Ids of pieces that are a character, alone or at a word's start."""
        ids = {token[1]: index for token, index in self.vocab.items() if len(token) == 2 and token[0] == _WORD_START}
        ids.update({token: index for token, index in self.vocab.items() if len(token) == 1})
        if _WORD_START in ids:
            ids.setdefault(" ", ids[_WORD_START])
        return ids

    def _id(self, character: str) -> int:
        form = lower_case(character) if self.do_lower_case else character
        ids = self._pieces
        return ids.get(form, ids.get(unicodedata.normalize("NFKC", form), self.unk_id))

    def _fill(self, table: npt.NDArray[np.int32]) -> None:
        ids = self._pieces
        for character, index in ids.items():
            table[ord(character)] = index
        if self.do_lower_case:
            for code_point, form in _lower_cased().items():
                table[code_point] = ids.get(form, self.unk_id)
        for code_point, form in _compatibility_forms(self.do_lower_case).items():
            if table[code_point] == self.unk_id:
                table[code_point] = ids.get(form, self.unk_id)


def load_tokenizer(
    vocab_file: Optional[_Path] = None,
    spm_model_file: Optional[_Path] = None,
    do_lower_case: bool = True,
    character_map: str = NONE,
) -> Union[CharTokenizer, SentencePieceTokenizer]:
    """The tokenizer of a ``vocab.txt`` or a SentencePiece model, of which exactly one must be given.

    Args:
      vocab_file, spm_model_file: their paths.
      do_lower_case: whether text is lower-cased.
      character_map: one of ``albert.character_map.CHARACTER_MAPS``.

    Raises:
      UserError: neither or both are given.
      VocabularyError: the file is not what it should be.
    """
    if bool(vocab_file) == bool(spm_model_file):
        found = ("both", "and") if vocab_file else ("neither", "nor")
        raise FieldError("found {} {vocab_file} {} {spm_model_file}, expected one of them", *found)
    tokenizer: Union[CharTokenizer, SentencePieceTokenizer]
    if vocab_file:
        tokenizer = CharTokenizer(vocab_file, do_lower_case)
    elif spm_model_file:
        tokenizer = SentencePieceTokenizer(spm_model_file, do_lower_case)
    tokenizer.character_map = character_map
    return tokenizer


def lower_case(character: str) -> str:
    """A character as BERT's basic tokenizer normalises it: lower case, NFD, without combining marks (category Mn)."""
    decomposed = unicodedata.normalize("NFD", character.lower())
    return "".join(c for c in decomposed if unicodedata.category(c) != "Mn")


@functools.cache
def _lower_cased() -> dict[int, str]:
    """``lower_case`` of every character that it changes: dict from code point to string."""
    return {code_point: form for code_point, c in _characters() if (form := lower_case(c)) != c}


@functools.cache
def _compatibility_forms(do_lower_case: bool) -> dict[int, str]:
    """NFKC form, after ``lower_case`` if asked for, of every character that NFKC then changes: dict from code point to string."""
    lower_cased = _lower_cased() if do_lower_case else {}
    forms = ((code_point, lower_cased.get(code_point, c)) for code_point, c in _characters())
    return {code_point: nfkc for code_point, form in forms if (nfkc := unicodedata.normalize("NFKC", form)) != form}


def _characters() -> Iterator[tuple[int, str]]:
    """(code point, character) for all of Unicode but the surrogates, which are no characters."""
    return ((code_point, chr(code_point)) for code_point in range(_CODE_POINTS) if code_point not in _SURROGATES)


def _read_pieces(path: _Path) -> list[str]:
    """The pieces of a SentencePiece model, in order of id."""
    import sentencepiece  # noqa: PLC0415 - only models that come with such a file need the library

    data = read_bytes(path)
    try:
        # The library takes empty data for no model given, and complains only when it is used.
        model = sentencepiece.SentencePieceProcessor(model_proto=data) if data else None
    except RuntimeError:
        model = None
    if model is None:
        raise VocabularyError(f"{os.fspath(path)}: expected a SentencePiece model, found {len(data)} bytes that are none")
    return [model.id_to_piece(i) for i in range(model.get_piece_size())]
