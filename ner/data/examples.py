"""Labelled sentences, with one tag per character, and the file and line that each came from."""

import collections
import dataclasses
from collections.abc import Mapping
from typing import NamedTuple

from ner.tags import spans_from_tags


@dataclasses.dataclass(frozen=True)
class Details:
    """Contents of a file beside text and entities, for those who write it again.

    Attributes:
      document: name of the document that the sentence is part of; empty where there is none.
      fields: the other fields of its object or row, JSON-ready.
      words: numbers of characters of its tokens, empty where each is one character.
      before: characters of the document between the sentence before and this one.
    """

    document: str = ""
    fields: Mapping = dataclasses.field(default_factory=dict)
    words: tuple = ()
    before: str = ""


NO_DETAILS = Details()


@dataclasses.dataclass(frozen=True)
class Example:
    """One sentence.

    Attributes:
      text: the sentence, T Unicode code points; every offset of this library counts these.
      tags: T tags in the corpus's scheme, or None when the text is not labelled.
      source: the file it was read from, for messages.
      line: the 1-based line of that file on which it starts, 0 if it came from elsewhere.
      details: the :class:`Details` that the file has of it, no part of a comparison.
    """

    text: str
    tags: tuple = None
    source: str = ""
    line: int = 0
    details: Details = dataclasses.field(default=NO_DETAILS, compare=False, repr=False)

    def __post_init__(self):
        if self.tags is not None and len(self.tags) != len(self.text):
            raise ValueError(f"an example has {len(self.text)} characters and {len(self.tags)} tags")

    def spans(self, scheme="BIO", strict=False):
        """The entities of :attr:`tags` as a list of :class:`ner.tags.Span`; see :func:`ner.tags.spans_from_tags`."""
        return spans_from_tags(self.tags, scheme, strict)


class Violation(NamedTuple):
    """A tag that may not follow the one before it under the file's own scheme. It is reported, not refused.

    ``before`` and ``tag`` are tags of that scheme or ``the start of the sentence`` and ``the end of the sentence``.
    """

    source: str
    line: int
    before: str
    tag: str

    def __str__(self):
        return f"{self.source}:{self.line}: {self.tag} after {self.before}"


@dataclasses.dataclass
class Corpus(collections.abc.Sequence):
    """The examples of one file, in its order, and what was noticed while reading it. A sequence of :class:`Example`.

    Attributes:
      examples: list of :class:`Example`.
      path: the file.
      file_format: a name in ``ner.data.formats.FORMATS``.
      scheme: the scheme of the examples' tags.
      source_scheme: the scheme of the tags in the file; ``spans`` for formats that hold spans instead of tags.
      violations: list of :class:`Violation` of the source scheme.
      skipped: Counter, reason → number of sentences left out because of a bad line.
      first_skipped: dict, reason → the message of its first occurrence.
      notes: Counter of harmless oddities, description → number of lines.
      sha256: SHA-256 of data that came from no file, as hexadecimal digits.
    """

    examples: list
    path: str = ""
    file_format: str = "columns"
    scheme: str = "BIO"
    source_scheme: str = "BIO"
    violations: list = dataclasses.field(default_factory=list)
    skipped: collections.Counter = dataclasses.field(default_factory=collections.Counter)
    first_skipped: dict = dataclasses.field(default_factory=dict)
    notes: collections.Counter = dataclasses.field(default_factory=collections.Counter)
    sha256: str = ""

    def __getitem__(self, index):
        return self.examples[index]

    def __len__(self):
        return len(self.examples)

    def describe_skipped(self):
        """Message about what was left out, ``3 sentences left out: missing tag 2, columns 1``; empty if nothing was."""
        reasons = ", ".join(f"{reason} {count:,}" for reason, count in self.skipped.most_common())
        return f"{sum(self.skipped.values()):,} sentences left out: {reasons}" if reasons else ""

    def describe_notes(self):
        """The notes in words, one ``3 × blank line with spaces or tabs`` each."""
        return [f"{count:,} × {note}" for note, count in sorted(self.notes.items())]

    def tag_counts(self):
        """Counter of all tags."""
        counts = collections.Counter()
        for example in self.examples:
            counts.update(example.tags)
        return counts

    def entity_counts(self, strict=False):
        """Counter, type → number of entities, in the conlleval or the strict reading."""
        return collections.Counter(span.label for example in self.examples for span in example.spans(self.scheme, strict))
