"""Tag sets and tagging schemes: everything that knows what ``B-PER`` means is here.

A tag is ``O`` or ``<letter>-<type>``. The schemes differ only in their letters:

==========  =====  ======  ====  ======
scheme      begin  inside  end   single
==========  =====  ======  ====  ======
``BIO``     B      I
``BIOES``   B      I       E     S
``BMES``    B      M       E     S
``BMEWO``   B      M       E     W
``BILOU``   B      I       L     U
==========  =====  ======  ====  ======

``BIO`` is IOB2: every entity begins with B. Entities are read from tags in one of two ways. The *conlleval* reading (that of
the CoNLL-2000 ``conlleval`` script and of seqeval's default mode) also opens an entity at an inside or end tag that continues
nothing; the *strict* reading (seqeval's strict mode) takes only entities that follow the scheme to the letter.
"""

import collections
import dataclasses
import functools
import os
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from albert.fields import check_keys, shown
from albert.files import atomic_write
from albert.foreign import missing, printable
from ner.errors import DataError

OUTSIDE = "O"

# What a tag's letter says, whatever letter the scheme uses for it.
_BEGIN, _INSIDE, _END, _SINGLE, _OUTSIDE = range(5)

# The letters of the first four roles in their order, which is also the order of one type's tags in a TagSet.
_LETTERS = {"BIO": "BI", "BIOES": "BIES", "BMES": "BMES", "BMEWO": "BMEW", "BILOU": "BILU"}
SCHEMES = tuple(_LETTERS)
# A tag may follow any other: what is kept of each pair would fill the memory with more.
_MOST_TYPES = 1000
_SURROGATES = frozenset(map(chr, range(0xD800, 0xE000)))  # no text has one of its own


class Span(NamedTuple):
    """An entity's place: characters ``start`` to ``end`` (exclusive; Unicode code points) and its type ``label``."""

    start: int
    end: int
    label: str


@dataclasses.dataclass(frozen=True)
class TagSet:
    """The tags a model knows, in a fixed order: ``O``, then the tags of each type in turn (``B-PER, I-PER, B-LOC, …``).

    Attributes:
      types: entity types, in the order given.
      scheme: one of ``SCHEMES``.

    Raises:
      DataError: there is no type, a type occurs twice or is empty, no string or holds white space, or the scheme is unknown.
    """

    types: tuple
    scheme: str = "BIO"

    def __post_init__(self):
        _check_scheme(self.scheme)
        if not isinstance(self.types, Iterable) or isinstance(self.types, (str, bytes)):
            raise DataError(f"tag set: found types {shown(self.types)}, expected several strings")
        object.__setattr__(self, "types", tuple(self.types))
        if len(self.types) > _MOST_TYPES:
            raise DataError(f"tag set: found {len(self.types):,} entity types, expected at most {_MOST_TYPES:,}")
        if not self.types:
            raise DataError("tag set: found no entity type (every tag is O), expected at least one")
        for label in self.types:
            if not isinstance(label, str) or not label or any(c.isspace() or c in _SURROGATES for c in label):
                raise DataError(f"tag set: found entity type {shown(label)}, expected a name without white space")
        if len(set(self.types)) < len(self.types):
            twice = [label for label, count in collections.Counter(self.types).items() if count > 1]
            raise DataError(f"tag set: found entity type {shown(twice[0])} twice, expected each type once")

    @functools.cached_property
    def tags(self):
        """All tags, as a tuple of strings; a tag's position is its id."""
        return (OUTSIDE, *(f"{letter}-{label}" for label in self.types for letter in _LETTERS[self.scheme]))

    @functools.cached_property
    def index(self):
        """Dict from tag to id."""
        return {tag: i for i, tag in enumerate(self.tags)}

    def __len__(self):
        """K, the number of tags."""
        return len(self.tags)

    def encode(self, tags):
        """Ids of a tag sequence, int32 ``[T]``. Raises DataError for a tag that is not in the set."""
        index = self.index
        try:
            return np.array([index[tag] for tag in tags], dtype=np.int32)
        except KeyError as e:
            raise DataError(f"tag set: found tag {e.args[0]!r}, expected one of {', '.join(self.tags)}") from None

    def decode(self, ids):
        """Tags of a sequence of ids, as a list of strings. Raises IndexError for an id outside ``[0, K)``."""
        tags = self.tags
        ids = [int(i) for i in ids]
        if ids and min(ids) < 0:
            raise IndexError(f"tag id {min(ids)} is negative")
        return [tags[i] for i in ids]

    @functools.cached_property
    def continues(self):
        """Whether tag j after tag i belongs to the same entity, in the conlleval reading: bool ``[K, K]``, indexed (i, j)."""
        pairs = [[spans_from_tags([i, j], self.scheme) for j in self.tags] for i in self.tags]
        return np.array([[any(span.end - span.start == 2 for span in spans) for spans in row] for row in pairs])

    def legal_transitions(self):
        """Which tag may follow which under the scheme: bool ``[K, K]``, indexed (from, to)."""
        return np.array([[_legal_pair(before, after, self.scheme) for after in self.tags] for before in self.tags])

    def legal_start(self):
        """Which tags may begin a sentence: bool ``[K]``. Its edges count as ``O``, the first tag."""
        return self.legal_transitions()[0]

    def legal_end(self):
        """Which tags may end a sentence: bool ``[K]``."""
        return self.legal_transitions()[:, 0]

    @classmethod
    def from_tags(cls, tags, scheme="BIO"):
        """The smallest tag set that covers some tags: their types **sorted** by code point, so that the order of the data
        does not matter. Tags of a type that do not occur (an ``I-`` of one-character entities) are added.

        Args:
          tags: iterable of tags; may repeat.
          scheme: the scheme they follow.

        Raises:
          DataError: a tag is not of the scheme, or all are ``O``.
        """
        table = _table(_check_scheme(scheme))
        return cls(tuple(sorted({table[tag][1] for tag in set(tags)} - {None})), scheme)

    def to_dict(self):
        """JSON-ready dict; :meth:`from_dict` gives an equal tag set back."""
        return {"scheme": self.scheme, "types": list(self.types)}

    @classmethod
    def from_dict(cls, values):
        """The tag set :meth:`to_dict` described. Raises DataError or ConfigError if it is none."""
        check_keys(cls, values, "tag set", all_needed=True)
        if not isinstance(values["types"], (list, tuple)):
            raise DataError(f"tag set: found types {shown(values['types'])}, expected a list of strings")
        return cls(values["types"], values["scheme"])

    def save(self, path):
        """Write ``labels.txt``: one tag per line in the order of their ids."""
        with atomic_write(path) as f:
            f.writelines(f"{tag}\n" for tag in self.tags)

    @classmethod
    def load(cls, path):
        """Read what :meth:`save` wrote. Raises DataError if the file is unreadable or its lines are in any other order."""
        name = os.fspath(path)
        try:
            with open(path, encoding="utf-8-sig") as f:
                tags = tuple(line.rstrip("\r\n") for line in f)
        except FileNotFoundError as e:
            raise DataError(f"{name}: {missing(path)}, expected the labels of a tagger") from e
        except OSError as e:
            raise DataError(f"{name}: cannot read the labels: {e.strerror}") from e
        except UnicodeDecodeError as e:
            raise DataError(f"{name}: found byte 0x{e.object[e.start]:02x} at offset {e.start}, expected UTF-8 text") from e
        letters = {tag[:1] for tag in tags[1:]}
        scheme = next((scheme for scheme in SCHEMES if letters == set(_LETTERS[scheme])), None)
        if scheme is None:
            found = printable(", ".join(tags[:9])) or "none"
            raise DataError(f"{name}: found tags {found}, expected O and then all tags of each type, one per line")
        try:
            tag_set = cls(tuple(dict.fromkeys(tag[2:] for tag in tags[1:])), scheme)
        except DataError as e:
            raise DataError(f"{name}: {e}") from e
        if tag_set.tags != tags:
            found, expected = printable(", ".join(tags), 500), printable(", ".join(tag_set.tags), 500)
            raise DataError(f"{name}: found tags in the order {found}, expected {expected}")
        return tag_set


def _is_tag_of(text, scheme):
    return text == OUTSIDE or (len(text) > 2 and text[1] == "-" and text[0] in _LETTERS[scheme])


class _TagTable(dict):
    """Tag → (role, type) under one scheme, filled as tags are met; raises DataError for a tag the scheme does not have."""

    def __init__(self, scheme):
        super().__init__({OUTSIDE: (_OUTSIDE, None)})
        self._scheme = scheme

    def __missing__(self, tag):
        if not _is_tag_of(tag, self._scheme):
            raise DataError(f"found tag {tag!r}, expected {describe_scheme(self._scheme)}")
        self[tag] = parsed = (_LETTERS[self._scheme].index(tag[0]), tag[2:])
        return parsed


@functools.cache
def _table(scheme):
    return _TagTable(scheme)


def _check_scheme(scheme):
    if not isinstance(scheme, str) or scheme not in _LETTERS:
        raise DataError(f"found scheme {shown(scheme)}, expected one of {', '.join(SCHEMES)}")
    return scheme


def _has_end(scheme):
    """Whether the scheme marks where an entity ends; without, it ends wherever it is not continued."""
    return len(_LETTERS[scheme]) > _END


def describe_scheme(scheme):
    """The scheme's tags in words, for messages: ``a BIO tag (O, B-…, I-…)``."""
    return f"a {_check_scheme(scheme)} tag (O, {', '.join(f'{letter}-…' for letter in _LETTERS[scheme])})"


def split_tag(tag, scheme="BIO"):
    """``(letter, type)`` of a tag; ``("O", None)`` for ``O``. Raises DataError if the tag is not of the scheme."""
    return tag[0], _table(_check_scheme(scheme))[tag][1]


def looks_like_tag(text):
    """Whether a string is a tag of any scheme: ``O``, or a letter of some scheme, a hyphen and a type."""
    return any(_is_tag_of(text, scheme) for scheme in SCHEMES)


def begin_tag(tag, scheme="BIO"):
    """The tag that opens the entity which ``tag`` would go on with: an inside tag's begin tag, an end tag's single tag."""
    role, label = _table(_check_scheme(scheme))[tag]
    opening = {_INSIDE: _BEGIN, _END: _SINGLE}.get(role)
    return tag if opening is None else f"{_LETTERS[scheme][opening]}-{label}"


def spread_tag(tag, length, scheme="BIO"):
    """Tags of ``length`` characters that share one tag, because the token they form had it: ``B-X`` becomes ``B-X, I-X, …``."""
    role, label = _table(_check_scheme(scheme))[tag]
    if length == 1 or role == _OUTSIDE:
        return [tag] * length
    letters = _LETTERS[scheme]
    tags = [f"{letters[_INSIDE]}-{label}"] * length
    if role in (_BEGIN, _SINGLE):
        tags[0] = f"{letters[_BEGIN]}-{label}"
    if role in (_END, _SINGLE):
        tags[-1] = f"{letters[_END]}-{label}"
    return tags


def _may_follow(before, after, scheme):
    """Whether a tag may follow another; both are (role, type). The edges of a sentence count as outside."""
    if before[0] in (_BEGIN, _INSIDE):
        if after[0] in (_INSIDE, _END):
            return before[1] == after[1]
        return not _has_end(scheme)
    return after[0] in (_OUTSIDE, _BEGIN, _SINGLE)


@functools.cache
def _legal_pair(before, after, scheme):
    table = _table(scheme)
    return _may_follow(table[before], table[after], scheme)


def illegal_positions(tags, scheme="BIO"):
    """Where a tag sequence breaks its scheme.

    Args:
      tags: sequence of T tags of the scheme.
      scheme: one of ``SCHEMES``.

    Returns:
      List of positions t in ``[0, T]`` at which tag t may not follow tag t - 1; 0 is the start of the sentence and T its end
      (an entity that a scheme with end tags leaves open).

    Raises:
      DataError: a tag is not of the scheme.
    """
    before = OUTSIDE
    positions = []
    for t, tag in enumerate((*tags, OUTSIDE)):
        if not (before == tag == OUTSIDE) and not _legal_pair(before, tag, scheme):
            positions.append(t)
        before = tag
    return positions


def spans_from_tags(tags, scheme="BIO", strict=False):
    """Entities of a tag sequence.

    Equal to seqeval's ``get_entities`` (default) and to its scheme classes (strict), with the letters of ``BMES`` and ``BMEWO``
    read as those of ``BIOES``.

    Args:
      tags: sequence of T tags of the scheme.
      scheme: one of ``SCHEMES``.
      strict: False for the conlleval reading, True for the strict one; see the module.

    Returns:
      List of :class:`Span`, in the order of the text, not overlapping.

    Raises:
      DataError: a tag is not of the scheme.
    """
    table = _table(_check_scheme(scheme))
    closed_by_any = not strict or not _has_end(scheme)
    spans = []
    start, label = 0, None  # the open entity; none when label is None
    for t, tag in enumerate(tags):
        if tag == OUTSIDE and label is None:
            continue
        role, tag_label = table[tag]
        continues = role in (_INSIDE, _END) and tag_label == label
        if not continues:
            if label is not None and closed_by_any:
                spans.append(Span(start, t, label))
            start, label = t, tag_label
            if strict and role in (_INSIDE, _END):
                label = None
        if label is not None and role in (_END, _SINGLE):
            spans.append(Span(start, t + 1, label))
            label = None
    if label is not None and closed_by_any:
        spans.append(Span(start, len(tags), label))
    return spans


def tags_from_spans(spans, length, scheme="BIO"):
    """Tags of a text with given entities; the inverse of :func:`spans_from_tags`.

    Args:
      spans: entities as ``(start, end, label)``, in any order.
      length: T, the number of characters.
      scheme: one of ``SCHEMES``.

    Returns:
      List of T tags.

    Raises:
      DataError: a span is empty, lies outside the text or overlaps another.
    """
    letters = _LETTERS[_check_scheme(scheme)]
    tags = [OUTSIDE] * length
    previous = None
    for span in sorted(spans):
        start, end, label = span
        if not 0 <= start < end <= length:
            raise DataError(f"found entity {label} at [{start}, {end}), expected a non-empty span inside a text of {length} characters")
        if previous and start < previous[1]:
            raise DataError(
                f"found entity {label} at [{start}, {end}) overlapping {previous[2]} at [{previous[0]}, {previous[1]}), "
                "expected entities that do not overlap"
            )
        tags[start:end] = [f"{letters[_INSIDE]}-{label}"] * (end - start)
        tags[start] = f"{letters[_BEGIN]}-{label}"
        if _has_end(scheme):
            tags[end - 1] = f"{letters[_SINGLE if end - start == 1 else _END]}-{label}"
        previous = span
    return tags


def convert_scheme(tags, source, target):
    """Tags of one scheme as tags of another, through the entities in the conlleval reading.

    What broke the source scheme is therefore repaired: converting ``BIO`` to ``BIO`` turns an ``I-`` without its ``B-`` into a ``B-``.

    Args:
      tags: sequence of T tags.
      source, target: schemes.

    Returns:
      List of T tags. Raises DataError if a tag is not of the source scheme.
    """
    return tags_from_spans(spans_from_tags(tags, source), len(tags), target)


# Its earlier name.
convert = convert_scheme


def detect_scheme(sequences):
    """The scheme that some tag sequences follow: the one they break least often.

    A stray tag of another scheme does not change the answer; ties (``O`` only; two-character entities only) go to the
    first in the order of ``SCHEMES``.

    Args:
      sequences: iterable of tag sequences; it is read once and not kept.

    Returns:
      One of ``SCHEMES``.
    """
    pairs = collections.Counter()
    for tags in sequences:
        pairs.update(zip((OUTSIDE, *tags), (*tags, OUTSIDE)))
    return min(SCHEMES, key=lambda scheme: sum(count for pair, count in pairs.items() if _breaks(pair, scheme)))


def _breaks(pair, scheme):
    before, after = pair
    if not _is_tag_of(after, scheme):
        return True
    # A foreign tag is one break where it stands, not a second one before the tag that follows.
    return _is_tag_of(before, scheme) and not _legal_pair(before, after, scheme)
