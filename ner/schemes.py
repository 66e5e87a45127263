"""Tagging schemes: what ``B-PER`` means.

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
import functools
from collections.abc import Iterable, Sequence
from typing import NamedTuple, Optional

from albert.fields import shown
from ner.errors import DataError

OUTSIDE = "O"

# What a tag's letter says, whatever letter the scheme uses for it.
_BEGIN, _INSIDE, _END, _SINGLE, _OUTSIDE = range(5)

# The letters of the first four roles in their order, which is also the order of one type's tags in a TagSet.
LETTERS = {"BIO": "BI", "BIOES": "BIES", "BMES": "BMES", "BMEWO": "BMEW", "BILOU": "BILU"}
SCHEMES = tuple(LETTERS)


class Span(NamedTuple):
    """An entity's place: characters ``start`` to ``end`` (exclusive; Unicode code points) and its type ``label``."""

    start: int
    end: int
    label: str


def _is_tag_of(text: str, scheme: str) -> bool:
    return text == OUTSIDE or (len(text) > 2 and text[1] == "-" and text[0] in LETTERS[scheme])


class _TagTable(dict[str, tuple[int, Optional[str]]]):
    """Tag → (role, type) under one scheme, filled as tags are met; raises DataError for a tag the scheme does not have."""

    def __init__(self, scheme: str) -> None:
        super().__init__({OUTSIDE: (_OUTSIDE, None)})
        self._scheme = scheme

    def __missing__(self, tag: str) -> tuple[int, Optional[str]]:
        if not _is_tag_of(tag, self._scheme):
            raise DataError(f"found tag {tag!r}, expected {describe_scheme(self._scheme)}")
        self[tag] = parsed = (LETTERS[self._scheme].index(tag[0]), tag[2:])
        return parsed


@functools.cache
def tag_table(scheme: str) -> _TagTable:
    return _TagTable(scheme)


def check_scheme(scheme: str) -> str:
    if not isinstance(scheme, str) or scheme not in LETTERS:
        raise DataError(f"found scheme {shown(scheme)}, expected one of {', '.join(SCHEMES)}")
    return scheme


def _has_end(scheme: str) -> bool:
    """True if the scheme marks where an entity ends. Otherwise an entity ends where it is not continued."""
    return len(LETTERS[scheme]) > _END


def describe_scheme(scheme: str) -> str:
    """The scheme's tags in words, for messages: ``a BIO tag (O, B-…, I-…)``."""
    return f"a {check_scheme(scheme)} tag (O, {', '.join(f'{letter}-…' for letter in LETTERS[scheme])})"


def split_tag(tag: str, scheme: str = "BIO") -> tuple[str, Optional[str]]:
    """``(letter, type)`` of a tag; ``("O", None)`` for ``O``. Raises DataError if the tag is not of the scheme."""
    return tag[0], tag_table(check_scheme(scheme))[tag][1]


def looks_like_tag(text: str) -> bool:
    """True if a string is a tag of any scheme: ``O``, or a letter of some scheme, a hyphen and a type."""
    return any(_is_tag_of(text, scheme) for scheme in SCHEMES)


def begin_tag(tag: str, scheme: str = "BIO") -> str:
    """The tag that opens the entity which ``tag`` would go on with: an inside tag's begin tag, an end tag's single tag."""
    role, label = tag_table(check_scheme(scheme))[tag]
    opening = {_INSIDE: _BEGIN, _END: _SINGLE}.get(role)
    return tag if opening is None else f"{LETTERS[scheme][opening]}-{label}"


def spread_tag(tag: str, length: int, scheme: str = "BIO") -> list[str]:
    """Tags of ``length`` characters that share one tag, because the token they form had it: ``B-X`` becomes ``B-X, I-X, …``."""
    role, label = tag_table(check_scheme(scheme))[tag]
    if length == 1 or role == _OUTSIDE:
        return [tag] * length
    letters = LETTERS[scheme]
    tags = [f"{letters[_INSIDE]}-{label}"] * length
    if role in (_BEGIN, _SINGLE):
        tags[0] = f"{letters[_BEGIN]}-{label}"
    if role in (_END, _SINGLE):
        tags[-1] = f"{letters[_END]}-{label}"
    return tags


def may_follow(before: tuple[int, Optional[str]], after: tuple[int, Optional[str]], scheme: str) -> bool:
    """True if a tag may follow another; both are (role, type). The edges of a sentence count as outside."""
    if before[0] in (_BEGIN, _INSIDE):
        if after[0] in (_INSIDE, _END):
            return before[1] == after[1]
        return not _has_end(scheme)
    return after[0] in (_OUTSIDE, _BEGIN, _SINGLE)


@functools.cache
def legal_pair(before: str, after: str, scheme: str) -> bool:
    table = tag_table(scheme)
    return may_follow(table[before], table[after], scheme)


def illegal_positions(tags: Sequence[str], scheme: str = "BIO") -> list[int]:
    """Places at which a tag sequence breaks its scheme.

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
        if not (before == tag == OUTSIDE) and not legal_pair(before, tag, scheme):
            positions.append(t)
        before = tag
    return positions


def spans_from_tags(tags: Sequence[str], scheme: str = "BIO", strict: bool = False) -> list[Span]:
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
    table = tag_table(check_scheme(scheme))
    closed_by_any = not strict or not _has_end(scheme)
    spans = []
    start = 0
    label: Optional[str] = None  # the open entity; none when label is None
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


def tags_from_spans(spans: Iterable[tuple[int, int, str]], length: int, scheme: str = "BIO") -> list[str]:
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
    letters = LETTERS[check_scheme(scheme)]
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


def convert_scheme(tags: Sequence[str], source: str, target: str) -> list[str]:
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


def detect_scheme(sequences: Iterable[Sequence[str]]) -> str:
    """The scheme that some tag sequences follow: the one they break least often.

    A stray tag of another scheme does not change the answer; ties (``O`` only; two-character entities only) go to the
    first in the order of ``SCHEMES``.

    Args:
      sequences: iterable of tag sequences; it is read once and not kept.

    Returns:
      One of ``SCHEMES``.
    """
    pairs: collections.Counter[tuple[str, str]] = collections.Counter()
    for tags in sequences:
        pairs.update(zip((OUTSIDE, *tags), (*tags, OUTSIDE)))
    return min(SCHEMES, key=lambda scheme: sum(count for pair, count in pairs.items() if _breaks(pair, scheme)))


def _breaks(pair: tuple[str, str], scheme: str) -> bool:
    before, after = pair
    if not _is_tag_of(after, scheme):
        return True
    # A foreign tag is one break where it stands, not a second one before the tag that follows.
    return _is_tag_of(before, scheme) and not legal_pair(before, after, scheme)
