"""Labelled data as a Python program gives it: a directory, a file, or a list of texts with their entities."""

import hashlib
import json
import os
from collections.abc import Iterable, Iterator
from typing import Optional, Union

from albert.fields import shown
from ner.data.examples import Corpus
from ner.data.readers import read_examples, read_split
from ner.errors import DataError

# (text, [(start, end, label), …]) each: offsets in Unicode code points, the end exclusive. An ``ner.Entity`` stands for its span too.
GivenTexts = Iterable[tuple[str, Iterable]]
Given = Union[str, os.PathLike, GivenTexts]


def read_given(data: Given, split: str, required: bool = True, **options) -> Optional[Corpus]:
    """A split of some data.

    Args:
      data: a directory, of which ``split`` is read; a file; or an iterable of ``(text, [(start, end, label), …])``.
      split: ``train``, ``dev`` or ``test``; messages call an iterable ``<train>`` and so on.
      required: whether it is an error that a directory has no such split.
      options: those of :class:`ner.data.readers.ExampleReader`.

    Returns:
      :class:`ner.data.examples.Corpus`, or None if the split is missing and not required.

    Raises:
      DataError: a file cannot be read, or what was given is no text with entities; names the file and line, or the split and number.
    """
    if isinstance(data, (str, os.PathLike)):
        return read_split(data, split, required, **options) if os.path.isdir(data) else read_examples(data, **options)
    texts = _Texts(f"<{split}>", data)
    corpus = read_examples(texts.name, file=texts, file_format="entities", **options)
    corpus.sha256 = texts.sha256()
    return corpus


class _Texts:
    """Texts with entities as the JSON lines that a file of them would have."""

    def __init__(self, name, texts):
        self.name = name
        try:
            texts = list(texts)
        except TypeError as e:
            raise DataError(f"{name}: found {shown(texts)}, expected a directory, a file, or a list of {_FORM}") from e
        if not texts:
            raise DataError(f"{name}: found an empty list, expected at least one {_FORM}")
        self._lines = [self._line(number, item) for number, item in enumerate(texts, 1)]

    def _line(self, number, item):
        try:
            text, entities = item
            spans = [dict(zip(("start", "end", "label"), _span(entity))) for entity in entities]
            return json.dumps({"text": text, "entities": spans}, ensure_ascii=False, default=_plain) + "\n"
        except (AttributeError, TypeError, ValueError) as e:
            raise DataError(f"{self.name}:{number}: found {shown(item)}, expected {_FORM}") from e

    def lines(self, _) -> Iterator[str]:
        yield from self._lines

    def sha256(self):
        digest = hashlib.sha256()
        for line in self._lines:
            digest.update(line.encode("utf-8", "surrogatepass"))
        return digest.hexdigest()


_FORM = "(text, [(start, end, label), …])"


def _span(entity):
    if hasattr(entity, "label"):
        return entity.start, entity.end, entity.label
    start, end, label = entity
    return start, end, label


def _plain(value):
    """A whole number of numpy's as Python's."""
    return value.__index__()
