"""A gazetteer: terms that must, or must never, be tagged as entities, as scores that take part in decoding.

Its file has tab-separated lines::

    term <tab> type          wherever the term stands, it is an entity of this type
    term <tab> -             an entity is never exactly this term
    term <tab> type <tab> w  the same with a weight of its own

A term's weight is added to (for ``-``: taken from) the score of every tag sequence once for each place where the sequence has
an entity that is exactly the term, of the term's type (for ``-``: of any type). The best sequence is then found among all, so
a term of little weight is a hint that the model may overrule, overlapping terms compete, and the default weight makes a term
practically certain. Parts of a term, and longer names that contain it, keep their scores.

Terms are compared code point by code point: case, full-width forms and spaces count. A term is found wherever it occurs, also
inside a longer word.
"""

import collections
import os
from typing import NamedTuple

import numpy as np

from albert.text_file import TextFile, invalid_byte
from ner.edges import visible_part
from ner.errors import DataError

# Far above the score that a model's emissions and transitions give to any one entity, and small enough to be added in float32.
DEFAULT_WEIGHT = 1000.0
MAX_WEIGHT = 10_000.0

NEVER = "-"

# No model can use a longer term: as many characters as neighbouring windows share.
MAX_CHARACTERS = 1000

_SHOWN = 40
_FORM = "lines of a term, a tab, and an entity type or -"

# Marks the end of a term in the trie; characters have length 1, so it is none.
_END = ""


class Term(NamedTuple):
    """One line of a gazetteer: ``label`` is an entity type, or ``-`` for never; ``line`` is 1-based."""

    text: str
    label: str
    weight: float = DEFAULT_WEIGHT
    line: int = 0


class Match(NamedTuple):
    """A place where a term stands: characters ``start`` to ``end``, exclusive. ``score`` is negative for a never-tag term, whose
    ``label`` is ``-``."""

    start: int
    end: int
    label: str
    score: float


class Gazetteer:
    """Terms, and where they stand in a text.

    Args:
      terms: iterable of :class:`Term`; one text may have several, of different types.
      path: the file they come from, for messages.
    """

    def __init__(self, terms, path="gazetteer"):
        self.path = os.fspath(path)
        self.terms = tuple(terms)
        self._trie = {}
        for term in self.terms:
            node = self._trie
            for character in term.text:
                node = node.setdefault(character, {})
            node.setdefault(_END, []).append((term.label, -term.weight if term.label == NEVER else term.weight))

    @classmethod
    def load(cls, path):
        """Reads a file (UTF-8; empty lines and lines that begin with ``#`` and a space are skipped).

        Raises:
          DataError: the file is unreadable or holds no term, or a line is not of the form above or repeats an earlier one.
        """
        name = os.fspath(path)
        terms, lines = [], {}
        for number, raw in enumerate(TextFile(path, _FORM, DataError).lines(collections.Counter()), 1):
            line = raw.rstrip("\r\n")
            invalid = invalid_byte(line)
            if invalid:
                raise DataError(f"{name}:{number}: found byte 0x{invalid[0]:02x}, expected UTF-8 text")
            if not line.strip() or line.startswith("# "):
                continue
            term = _parse_line(line, f"{name}:{number}", number)
            first = lines.setdefault((term.text, term.label), number)
            if first != number:
                found = f"{_short(term.text)} as {term.label[:_SHOWN]} again"
                raise DataError(f"{name}:{number}: found {found}, expected it once (line {first})")
            terms.append(term)
        if not terms:
            raise DataError(f"{name}: found no term, expected {_FORM}")
        return cls(terms, name)

    def check(self, types, longest, visible_edges=False):
        """Check that a model can use the terms.

        Args:
          types: the entity types it knows.
          longest: the most characters a term may have: as many as neighbouring windows share, so that one of them sees it whole.
          visible_edges: whether no entity begins or ends with an invisible character, so that a term that does is none.

        Raises:
          DataError: names the file and line of the first term that it cannot use.
        """
        for term in self.terms:
            place = f"{self.path}:{term.line}" if term.line else self.path
            if term.label != NEVER and term.label not in types:
                raise DataError(f"{place}: found type {_short(term.label)}, expected one of {', '.join(types)}, or - for never")
            if len(term.text) > longest:
                raise DataError(f"{place}: found a term of {len(term.text)} characters, expected at most {longest}")
            if visible_edges and term.label != NEVER and visible_part(term.text, 0, len(term.text)) != (0, len(term.text)):
                found = f"{_short(term.text)} with white space or an invisible character at its edge"
                raise DataError(f"{place}: found {found}, expected none, as entities have none there")

    def matches(self, text):
        """Every place where a term stands, overlapping ones included: list of :class:`Match`."""
        found = []
        for start, character in enumerate(text):
            node = self._trie.get(character)
            end = start + 1
            while node is not None:
                for label, score in node.get(_END, ()):
                    found.append(Match(start, end, label, score))
                node = node.get(text[end]) if end < len(text) else None
                end += 1
        return found

    def span_scores(self, matches, columns, types):
        """The scores of a batch's matches as ``ner.decoding.decoder.Decoder.entities`` takes them.

        Args:
          matches: one list of :class:`Match` per row; at least one row has one.
          columns: T, of which no match goes beyond.
          types: L entity types in the order of the model's tag set.

        Returns:
          float32 [B, T, A, L]; A is the longest match's length.
        """
        longest = max(match.end - match.start for row in matches for match in row)
        scores = np.zeros([len(matches), columns, longest, len(types)], np.float32)
        for row, found in enumerate(matches):
            for start, end, label, score in found:
                scores[row, end - 1, end - start - 1, slice(None) if label == NEVER else types.index(label)] += score
        return scores


def _parse_line(line, place, number):
    columns = line.split("\t")
    if len(columns) not in (2, 3):
        raise DataError(f"{place}: found {len(columns)} columns, expected a term, a tab, and an entity type or - (and a tab and a weight)")
    text, label = columns[0], columns[1].strip()
    if not text:
        raise DataError(f"{place}: found an empty term, expected at least one character")
    if len(text) > MAX_CHARACTERS:
        raise DataError(f"{place}: found a term of {len(text):,} characters, expected at most {MAX_CHARACTERS:,}")
    if not label:
        raise DataError(f"{place}: found no type for {_short(text)}, expected an entity type, or - for never")
    weight = DEFAULT_WEIGHT
    if len(columns) == 3:
        try:
            weight = float(columns[2])
        except ValueError:
            weight = float("nan")
        if not 0.0 < weight <= MAX_WEIGHT:
            raise DataError(f"{place}: found weight {_short(columns[2])}, expected a number above 0 and up to {MAX_WEIGHT:g}")
    return Term(text, label, weight, number)


def _short(text):
    return repr(text) if len(text) <= _SHOWN else f"{text[:_SHOWN]!r}…"


# Its earlier name.
Lexicon = Gazetteer
