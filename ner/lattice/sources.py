"""Sources of a lexicon's words: a file, jieba's dictionary, or the training text."""

import collections
import os

import numpy as np

from albert.errors import FieldError
from albert.text_file import TextFile, invalid_byte
from ner.errors import DataError
from ner.lattice.trie import code_points

# Characters of a broken line that its message shows.
_SHOWN = 40

# Names of lexicons that are no path.
JIEBA, TRAINING_TEXT = "jieba", "train"

# An n-gram of the training text counts as a word when it occurs this often, and this many times more often than its parts would meet by
# chance, however it is cut in two.
_MIN_COUNT = 10
_MIN_COHESION = 20.0


def lexicon_words(source, texts, max_word_length):
    """The words of a lexicon.

    Args:
      source: ``jieba``, ``train``, or the path of a file.
      texts: the training texts.
      max_word_length: characters of the longest word.

    Returns:
      iterable of strings.

    Raises:
      UserError: the file is missing or malformed, or jieba is not installed.
    """
    if source == JIEBA:
        return read_words(_jieba_dictionary())
    if source == TRAINING_TEXT:
        return cohesive_ngrams(texts, max_word_length)
    return read_words(source)


def read_words(path):
    """The words of a UTF-8 file: one per line, alone or followed by blanks and a frequency and part of speech, as in jieba's dict.txt.

    Raises:
      DataError: the file cannot be read, is not UTF-8, or a line has more than three fields or a frequency that is no number.
    """
    name, words = os.fspath(path), []
    for number, line in enumerate(TextFile(path, "the lexicon", DataError).lines(collections.Counter()), start=1):
        invalid = invalid_byte(line)
        if invalid:
            raise DataError(f"{name}:{number}: expected UTF-8, found byte 0x{invalid[0]:02x}")
        fields = line.split()
        if len(fields) > 3 or (len(fields) > 1 and not fields[1].isdigit()):
            found = " ".join(fields)[:_SHOWN]
            raise DataError(f"{name}:{number}: found {found!r}, expected a word, or a word, its frequency and its part of speech")
        words += fields[:1]
    return words


def _jieba_dictionary():
    try:
        import jieba  # noqa: PLC0415 - an extra
    except ImportError as e:
        raise FieldError("{word_lexicon}=jieba: needs jieba: pip install 'albert-ner[lattice]'") from e
    return os.path.join(os.path.dirname(jieba.__file__), "dict.txt")


def cohesive_ngrams(texts, max_length, min_count=_MIN_COUNT, min_cohesion=_MIN_COHESION):
    """Words found in text without any dictionary.

    An n-gram is taken when it occurs at least ``min_count`` times and its probability is at least ``min_cohesion`` times the
    product of its two parts' probabilities, wherever it is cut. Only runs of letters count (Chinese characters among them): no
    punctuation, digits or blanks. The annotation is not looked at: a list of the training set's entities would tell the labels
    of its sentences, and teach the model to trust what no test sentence has.

    Args:
      texts: list of strings.
      max_length: characters of the longest word.
      min_count, min_cohesion: see above.

    Returns:
      list of strings of 2 to ``max_length`` characters.
    """
    # A line end is no letter: no n-gram reaches from one text into the next.
    text = "\n".join(texts)
    letters = np.array([c.isalpha() for c in text], bool)
    unique, ids = np.unique(code_points(text), return_inverse=True)
    total = int(letters.sum())
    # Of the n-gram that starts at each character: its number, for each n; its count; and whether all of it are letters.
    numbers, counts, valid = [None, ids], [None, np.bincount(ids)], letters
    words = []
    for n in range(2, max_length + 1):
        size = len(text) - n + 1
        if size < 1:
            break
        valid = valid[:size] & letters[n - 1 :]
        _, first, number = np.unique(numbers[-1][:size] * len(unique) + ids[n - 1 :], return_index=True, return_inverse=True)
        count = np.bincount(number, weights=valid)
        numbers.append(number)
        counts.append(count)
        first = first[(count >= min_count) & valid[first]]
        for cut in range(1, n):
            left, right = numbers[cut][first], numbers[n - cut][first + cut]
            chance = counts[cut][left] * counts[n - cut][right] / total
            first = first[count[number[first]] >= min_cohesion * chance]
        words += [text[place : place + n] for place in first]
    return words
