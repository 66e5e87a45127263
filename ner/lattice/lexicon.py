"""The lexicon of a lattice LSTM: its words, which of them have vectors of their own, and where they are found in text."""

import functools
import os

import numpy as np

from albert.errors import FieldError, UserError
from albert.files import atomic_write
from ner.lattice.trie import Trie, code_points

# A word seen once in training cannot be told from an unseen one: it trains the vector that unseen words share.
_MIN_COUNT = 2

# Ids of words; those with a vector of their own follow.
NO_WORD, SHARED_ID = 0, 1


class WordLexicon:
    """Words of 2 to ``max_word_length`` characters.

    A word is matched as it is written, wherever its characters stand.

    Args:
      words: different strings; those with vectors of their own come first.
      num_words: how many have a vector of their own; the others share one, and still say that there is a word.
      max_word_length: characters of the longest word.

    Attributes:
      model_ids: int32 [number of words + 1], from a word's place plus 1 to its id in the model; 0 for no word to 0.
      frequencies: float32 [num_words + 1], occurrences in the training text plus 1, the first those that words without a vector of their
        own have on average; None of a lexicon that was read.
    """

    def __init__(self, words, num_words, max_word_length, frequencies=None):
        self.words = list(words)
        self.num_words = num_words
        self.max_word_length = max_word_length
        self.frequencies = frequencies
        self.model_ids = np.full(len(self.words) + 1, SHARED_ID, np.int32)
        self.model_ids[0] = NO_WORD
        self.model_ids[1 : num_words + 1] = np.arange(num_words) + SHARED_ID + 1

    @functools.cached_property
    def trie(self):
        """The ``Trie`` of the words."""
        return Trie(self.words)

    def match(self, texts):
        """The words of some texts.

        Args:
          texts: list of strings.

        Returns:
          int32 [C, max_word_length - 1] over all their C characters; in column s the id of the word of s + 2 characters that
          starts there: 0 for none, 1 for one without a vector of its own, else 2 plus the word's place among those with one.
        """
        return self.model_ids[_places(self.trie, texts, self.max_word_length)]

    @classmethod
    def choose(cls, words, texts, max_word_length, with_vectors=()):
        """The lexicon of a run: which words get vectors of their own.

        Args:
          words: iterable of strings; those of one character or more than ``max_word_length`` are left out.
          texts: the training texts. A word found in them at least twice gets a vector.
          max_word_length: characters of the longest word.
          with_vectors: words that get one in any case.

        Raises:
          UserError: no word is left.
        """
        words = sorted({word for word in words if 2 <= len(word) <= max_word_length})
        if not words:
            raise FieldError("{word_lexicon}: found no word of 2 to {} characters, expected some", max_word_length)
        counts = np.bincount(_places(Trie(words), texts, max_word_length).ravel(), minlength=len(words) + 1)[1:]
        own = [i for i, word in enumerate(words) if counts[i] >= _MIN_COUNT or word in with_vectors]
        own.sort(key=lambda i: (-counts[i], words[i]))
        chosen = set(own)
        others = [i for i in range(len(words)) if i not in chosen]
        shared = counts[others].mean() if others else 0
        frequencies = 1 + np.array([shared, *counts[own]], np.float32)
        return cls([words[i] for i in own + others], len(own), max_word_length, frequencies)

    def write(self, path):
        """Write one word per line, in order."""
        with atomic_write(path) as f:
            f.writelines(word + "\n" for word in self.words)

    @classmethod
    def read(cls, path, num_words, max_word_length):
        """The lexicon that ``write`` wrote.

        Raises:
          UserError: the file is missing, has fewer words than have vectors, or words that training does not write.
        """
        try:
            with open(path, encoding="utf-8", newline="\n") as f:
                words = [line.removesuffix("\n") for line in f]
        except (OSError, UnicodeDecodeError) as e:
            raise UserError(f"{os.fspath(path)}: cannot read the lexicon the model was trained with: {e}") from e
        if len(words) < num_words:
            raise UserError(f"{os.fspath(path)}: found {len(words)} words, expected at least the {num_words} the model has vectors for")
        for number, word in enumerate(words, start=1):
            if not 2 <= len(word) <= max_word_length:
                found = f"a word of {len(word):,} characters"
                raise UserError(f"{os.fspath(path)}:{number}: found {found}, expected 2 to the model's {max_word_length}")
        if len(set(words)) < len(words):
            raise UserError(f"{os.fspath(path)}: found a word twice, expected the lexicon the model was trained with")
        return cls(words, num_words, max_word_length)


def _places(trie, texts, max_word_length):
    lengths = np.array([len(text) for text in texts], np.int64)
    return trie.match(code_points("".join(texts)), np.repeat(np.cumsum(lengths), lengths), max_word_length)
