"""Base of the formats."""

import collections
import dataclasses
import os
from collections.abc import Iterable, Iterator, Sequence
from typing import Callable, NamedTuple, Optional

from albert.files import atomic_write
from albert.text_file import TextFile
from ner.data.examples import NO_DETAILS, Details, Example
from ner.data.problems import LineError, Problems


class RawText(NamedTuple):
    """A text and its entities as a file has them.

    Attributes:
      line: the 1-based line it begins on.
      text: the text.
      spans: list of ``ner.data.offsets.RawSpan``, in the file's own unit.
      details: the file's other contents.
    """

    line: int
    text: str
    spans: list
    details: Details = NO_DETAILS


def numbered_lines(file: TextFile, notes: collections.Counter) -> Iterator[tuple[int, str]]:
    """(1-based number, line) of each line of a file that is not blank."""
    return ((number, line) for number, line in enumerate(file.lines(notes), 1) if line.strip())


def parsed(parse: Callable, items: Iterable[tuple], problems: Problems) -> Iterator:
    """Yield ``parse(number, item)`` of each (line number, item); report those for which it raises ``LineError``."""
    for number, item in items:
        try:
            yield parse(number, item)
        except LineError as e:
            problems.report(number, e.problem)


class Head(NamedTuple):
    """The beginning of what is to be read.

    Attributes:
      path: a file or directory.
      file: the ``TextFile``; None for a directory and for what is opened by its name.
      line: the first line that is not blank; empty without a file.
      number: its 1-based number.
    """

    path: str
    file: Optional[TextFile] = None
    line: str = ""
    number: int = 0


@dataclasses.dataclass(frozen=True)
class Opened:
    """A file that was taken for a format.

    Attributes:
      name: the format's name.
      read: function of ``Problems`` and a Counter of notes: an iterator over the sentences, from the start of the file each time it is
        called. They are ``ner.data.columns.Sentence`` where the file has tags, else :class:`RawText`.
      tagged: whether the file has tags.
      note: what is unusual about the file, said once for each token.
    """

    name: str
    read: Callable
    tagged: bool = False
    note: str = ""


class DataFormat:
    """A format of labelled files.

    Attributes:
      name: its name in ``ner.data.formats.FORMATS``.
      suffix: what names of its files end with.
      carries: what it keeps beside texts and entities, of ``documents``, ``fields``, ``lines`` (line ends within a text), ``spaces``
        (spaces within a text) and ``words`` (tokens of several characters).
    """

    name = ""
    suffix = ".txt"
    carries = frozenset()

    def open(self, head: Head) -> Optional[Opened]:
        """The file as one of this format, or None where it is of another. Raises DataError where that is uncertain."""
        raise NotImplementedError

    def write(self, examples: Sequence[Example], path: str, scheme: str = "BIO") -> collections.Counter:
        """Write examples, whose tags are ``BIO``.

        Args:
          examples: they have at least one character each.
          path: the file, which is written whole or not at all.
          scheme: the tags' scheme, where the format has tags.

        Returns:
          Counter, what the format cannot hold → how many times it was left out or changed.
        """
        lost = collections.Counter()
        with atomic_write(path) as f:
            f.writelines(self.lines(examples, scheme, lost))
        self.count_lost(examples, lost)
        return lost

    def lines(self, examples: Sequence[Example], scheme: str, lost: collections.Counter) -> Iterator[str]:
        """The parts of the file; what is lost besides details is counted."""
        raise NotImplementedError

    def count_lost(self, examples: Sequence[Example], lost: collections.Counter) -> None:
        """Count the details that the format does not carry."""
        for example in examples:
            details = example.details
            if details.document and "documents" not in self.carries:
                lost["sentence whose document is not told"] += 1
            if details.words and "words" not in self.carries:
                lost["sentence whose division into tokens is left out"] += 1
            if "fields" not in self.carries:
                lost.update(f"field {name!r} left out" for name in details.fields)


def entity_objects(example: Example) -> list[dict]:
    """The entities of an example with offsets, type and text, JSON-ready."""
    return [{"start": start, "end": end, "label": label, "text": example.text[start:end]} for start, end, label in example.spans()]


def suffix_of(path: str) -> str:
    """The suffix of a name in small letters, such as ``.csv``."""
    return os.path.splitext(path)[1].lower()
