"""The unit that a file's offsets count: Unicode code points, UTF-16 units as in JavaScript and Java, or UTF-8 bytes.

Only the texts of entities prove the unit. Where a file has them, offsets in another unit are converted; where it has none, texts in which
the unit makes a difference are told.
"""

import itertools
from typing import NamedTuple, Optional

CODE_POINTS, UTF16, UTF8 = "Unicode code points", "UTF-16 units", "UTF-8 bytes"
UNITS = (CODE_POINTS, UTF16, UTF8)

_WIDTHS = {UTF16: lambda c: 2 if c > "\uffff" else 1, UTF8: lambda c: len(c.encode("utf-8", "surrogatepass"))}


class RawSpan(NamedTuple):
    """An entity as a file has it: offsets in the file's unit, ``end`` exclusive; ``name`` is its text, None where it is not told."""

    start: int
    end: int
    label: str
    name: Optional[str] = None


def code_point_offsets(text, unit):
    """From an offset in a unit to the one in code points: a range or dict that holds only offsets between two characters."""
    if unit == CODE_POINTS:
        return range(len(text) + 1)
    return {end: i for i, end in enumerate(units_before(text, unit))}


def units_before(text, unit):
    """The units before each of the T code points of a text, and in all of it: a list or range of T + 1 offsets in that unit."""
    return range(len(text) + 1) if unit == CODE_POINTS else list(itertools.accumulate(map(_WIDTHS[unit], text), initial=0))


def places(text, spans, unit):
    """The (start, end) in code points of each :class:`RawSpan`, None for one that is empty, outside the text or inside a character."""
    points = code_point_offsets(text, unit)
    return [(points[s.start], points[s.end]) if s.start in points and s.end in points and s.start < s.end else None for s in spans]


def matches(text, spans, found):
    """True if all spans are inside the text and each named span has its name there; ``found`` as :func:`places` gives it."""
    return all(place and (span.name is None or text[place[0] : place[1]] == span.name) for span, place in zip(spans, found))


def readings(text, spans):
    """dict from each unit to its :func:`places`; of those that give the same places, the first alone."""
    result = {CODE_POINTS: places(text, spans, CODE_POINTS)}
    if not text.isascii():
        for unit in (UTF16, UTF8) if any(c > "\uffff" for c in text) else (UTF8,):
            found = places(text, spans, unit)
            if found not in result.values():
                result[unit] = found
    return result


class UnitSurvey:
    """Gathers from the texts of a file which unit its offsets count."""

    def __init__(self):
        self._for = dict.fromkeys(UNITS, 0)  # texts that a unit fits where code points do not
        self._proofs = dict.fromkeys(UNITS, 0)  # those of them with names
        self._against = dict.fromkeys(UNITS, 0)  # texts that code points fit where a unit does not

    def add(self, text, spans):
        """Take in a text and its :class:`RawSpan`."""
        found = readings(text, spans)
        fits = {unit: matches(text, spans, own) for unit, own in found.items()}
        named = any(span.name is not None for span in spans)
        for unit in set(found) - {CODE_POINTS}:
            if fits[CODE_POINTS] and not fits[unit]:
                self._against[unit] += 1
            elif fits[unit] and not fits[CODE_POINTS]:
                self._for[unit] += 1
                self._proofs[unit] += named

    def unit(self):
        """The unit that is proved, else code points."""
        unit = max(UNITS, key=self._proofs.get)
        return unit if self._proofs[unit] > self._against[unit] else CODE_POINTS

    def suspects(self):
        """Units that the file may count instead, with nothing that proves or disproves it: a set."""
        if self.unit() != CODE_POINTS:
            return frozenset()
        # Texts with characters beyond the BMP are rare, so that one is enough; bytes must fit where code points do not.
        return frozenset(unit for unit in (UTF16, UTF8) if not self._against[unit] and (unit == UTF16 or self._for[unit]))
