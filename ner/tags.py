"""Tag sets: the tags that a model knows, in their order. :mod:`ner.schemes` knows what they mean; its public names are here too."""

import collections
import dataclasses
import functools
import os
from collections.abc import Iterable
from typing import Any, Union

import numpy as np
import numpy.typing as npt

from albert.fields import check_keys, shown
from albert.files import atomic_write
from albert.foreign import missing, printable
from ner.errors import DataError
from ner.schemes import (
    LETTERS,
    OUTSIDE,
    SCHEMES,
    Span,
    begin_tag,
    check_scheme,
    convert,
    convert_scheme,
    describe_scheme,
    detect_scheme,
    illegal_positions,
    legal_pair,
    looks_like_tag,
    spans_from_tags,
    split_tag,
    spread_tag,
    tag_table,
    tags_from_spans,
)

__all__ = [
    "OUTSIDE",
    "SCHEMES",
    "Span",
    "TagSet",
    "begin_tag",
    "convert",
    "convert_scheme",
    "describe_scheme",
    "detect_scheme",
    "illegal_positions",
    "looks_like_tag",
    "spans_from_tags",
    "split_tag",
    "spread_tag",
    "tags_from_spans",
]

# A tag may follow any other: what is kept of each pair would fill the memory with more.
_MOST_TYPES = 1000
_SURROGATES = frozenset(map(chr, range(0xD800, 0xE000)))  # no text has one of its own


@dataclasses.dataclass(frozen=True)
class TagSet:
    """The tags a model knows, in a fixed order: ``O``, then the tags of each type in turn (``B-PER, I-PER, B-LOC, …``).

    Attributes:
      types: entity types, in the order given.
      scheme: one of ``SCHEMES``.

    Raises:
      DataError: there is no type, a type occurs twice or is empty, no string or holds white space, or the scheme is unknown.
    """

    types: tuple[str, ...]
    scheme: str = "BIO"

    def __post_init__(self) -> None:
        check_scheme(self.scheme)
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
    def tags(self) -> tuple[str, ...]:
        """All tags, as a tuple of strings; a tag's position is its id."""
        return (OUTSIDE, *(f"{letter}-{label}" for label in self.types for letter in LETTERS[self.scheme]))

    @functools.cached_property
    def index(self) -> dict[str, int]:
        """Dict from tag to id."""
        return {tag: i for i, tag in enumerate(self.tags)}

    def __len__(self) -> int:
        """K, the number of tags."""
        return len(self.tags)

    def encode(self, tags: Iterable[str]) -> npt.NDArray[np.int32]:
        """Ids of a tag sequence, int32 ``[T]``. Raises DataError for a tag that is not in the set."""
        index = self.index
        try:
            return np.array([index[tag] for tag in tags], dtype=np.int32)
        except KeyError as e:
            raise DataError(f"tag set: found tag {e.args[0]!r}, expected one of {', '.join(self.tags)}") from None

    def decode(self, ids: Iterable[int]) -> list[str]:
        """Tags of a sequence of ids, as a list of strings. Raises IndexError for an id outside ``[0, K)``."""
        tags = self.tags
        ids = [int(i) for i in ids]
        if ids and min(ids) < 0:
            raise IndexError(f"tag id {min(ids)} is negative")
        return [tags[i] for i in ids]

    @functools.cached_property
    def continues(self) -> npt.NDArray[np.bool_]:
        """Pairs in which tag j after tag i belongs to the same entity, in the conlleval reading: bool ``[K, K]``, indexed (i, j)."""
        pairs = [[spans_from_tags([i, j], self.scheme) for j in self.tags] for i in self.tags]
        return np.array([[any(span.end - span.start == 2 for span in spans) for spans in row] for row in pairs])

    def legal_transitions(self) -> npt.NDArray[np.bool_]:
        """Transitions that the scheme allows: bool ``[K, K]``, indexed (from, to)."""
        return np.array([[legal_pair(before, after, self.scheme) for after in self.tags] for before in self.tags])

    def legal_start(self) -> npt.NDArray[np.bool_]:
        """Tags that may begin a sentence: bool ``[K]``. A sentence's edges count as ``O``, the first tag."""
        return self.legal_transitions()[0, :]

    def legal_end(self) -> npt.NDArray[np.bool_]:
        """Tags that may end a sentence: bool ``[K]``."""
        return self.legal_transitions()[:, 0]

    @classmethod
    def from_tags(cls, tags: Iterable[str], scheme: str = "BIO") -> "TagSet":
        """The smallest tag set that covers some tags: their types **sorted** by code point, so that the order of the data
        does not matter. Tags of a type that do not occur (an ``I-`` of one-character entities) are added.

        Args:
          tags: iterable of tags; may repeat.
          scheme: the scheme they follow.

        Raises:
          DataError: a tag is not of the scheme, or all are ``O``.
        """
        table = tag_table(check_scheme(scheme))
        return cls(tuple(sorted({label for tag in set(tags) if (label := table[tag][1]) is not None})), scheme)

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready dict; :meth:`from_dict` gives an equal tag set back."""
        return {"scheme": self.scheme, "types": list(self.types)}

    @classmethod
    def from_dict(cls, values: Any) -> "TagSet":
        """The tag set :meth:`to_dict` described. Raises DataError or ConfigError if it is none."""
        check_keys(cls, values, "tag set", all_needed=True)
        if not isinstance(values["types"], (list, tuple)):
            raise DataError(f"tag set: found types {shown(values['types'])}, expected a list of strings")
        return cls(tuple(values["types"]), values["scheme"])

    def save(self, path: Union[str, os.PathLike[str]]) -> None:
        """Write ``labels.txt``: one tag per line in the order of their ids."""
        with atomic_write(path) as f:
            f.writelines(f"{tag}\n" for tag in self.tags)

    @classmethod
    def load(cls, path: Union[str, os.PathLike[str]]) -> "TagSet":
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
        scheme = next((scheme for scheme in SCHEMES if letters == set(LETTERS[scheme])), None)
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
