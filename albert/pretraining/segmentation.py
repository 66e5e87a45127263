"""Starts of words in Chinese text, for whole-word masking."""

import hashlib

import numpy as np

from albert.errors import FieldError
from albert.pretraining.text import read_lines


def load_segmenter(name):
    """The segmenter of a name: ``jieba``, or the path of a word list.

    Raises:
      UserError: jieba is not installed, or the list cannot be read or is empty.
    """
    return JiebaSegmenter() if name == "jieba" else WordListSegmenter(name)


class JiebaSegmenter:
    """jieba's dictionary segmentation; unknown words are left as characters, which is faster and splits names no worse."""

    def __init__(self):
        try:
            import jieba  # noqa: PLC0415 - an optional package
        except ImportError as e:
            raise FieldError("{segmenter}: jieba is not installed; install it, or give the path of a word list, one word a line") from e
        jieba.setLogLevel("WARNING")
        self._cut = jieba.cut
        self.identity = f"jieba {jieba.__version__}"

    def word_starts(self, text):
        """uint8 [len(text)]: 1 where a word begins."""
        return _starts([len(word) for word in self._cut(text, HMM=False)])


class WordListSegmenter:
    """The longest word of a list that begins at each place, from left to right; a character alone where there is none.

    Args:
      path: UTF-8 text, one word a line.
    """

    def __init__(self, path):
        self._words = {word for word in read_lines(path) if len(word) > 1}
        if not self._words:
            raise FieldError("{segmenter}: {}: found no words of two or more characters, expected one a line", path)
        self._longest = max(map(len, self._words))
        self.identity = "words " + hashlib.sha256("\n".join(sorted(self._words)).encode()).hexdigest()

    def word_starts(self, text):
        """uint8 [len(text)]: 1 where a word begins."""
        lengths, start = [], 0
        while start < len(text):
            longest = min(self._longest, len(text) - start)
            length = next((n for n in range(longest, 1, -1) if text[start : start + n] in self._words), 1)
            lengths.append(length)
            start += length
        return _starts(lengths)


def _starts(lengths):
    starts = np.zeros(sum(lengths), np.uint8)
    starts[np.cumsum([0, *lengths[:-1]])[: len(lengths)]] = 1
    return starts
