"""Entities in their places: offsets in code points, each entity inside its text, and none over another."""

import bisect
from collections.abc import Iterable, Mapping
from typing import NamedTuple, Optional

from albert.files import show_json
from ner.data.offsets import CODE_POINTS, UNITS, UnitSurvey, matches, places
from ner.data.problems import LineError
from ner.tags import Span

# Texts from which the unit of a file's offsets is told.
_SURVEYED = 10_000

NESTED = ("refuse", "outermost")
_EXPECTED = "entities that do not overlap (nested=outermost keeps the longest)"
NOTE_TWICE = "entity given twice, read once"
NOTE_NESTED = "entity inside or across a longer one, left out"


class OffsetUnit(NamedTuple):
    """``name`` of the unit that a file's offsets count, and those of ``suspects``, a frozenset, that they may count instead."""

    name: str = CODE_POINTS
    suspects: frozenset = frozenset()


def find_unit(texts: Iterable) -> OffsetUnit:
    """The :class:`OffsetUnit` of a file by its first texts, each a ``ner.data.formats.base.RawText``."""
    survey = UnitSurvey()
    for number, raw in enumerate(texts):
        if number == _SURVEYED:
            break
        survey.add(raw.text, raw.spans)
    return OffsetUnit(survey.unit(), survey.suspects())


class Placer:
    """Turns entities as a file has them into :class:`ner.tags.Span`.

    Args:
      unit: the file's :class:`OffsetUnit`.
      nested: one of ``NESTED``: whether entities that overlap are refused, or the longest of them kept.
      rename: dict from an entity type to the one it becomes, empty to leave its entities out.
      notes: Counter to which harmless oddities are added.
    """

    def __init__(self, unit: OffsetUnit, nested: str, rename: Optional[Mapping], notes):
        self._unit, self._nested, self._rename, self._notes = unit, nested, rename or {}, notes

    def place(self, raw) -> list[Span]:
        """The different entities of a ``RawText`` in their order. Raises LineError."""
        text = raw.text
        if any("\ud800" <= c <= "\udfff" for c in text):
            raise LineError("invalid Unicode", "half of a surrogate pair in the text", "Unicode text")
        spans = self._locate(text, raw.spans)
        spans = [span._replace(label=self._rename.get(span.label, span.label)) for span in spans]
        for span in spans:
            if span.label and (not span.label.isprintable() or " " in span.label):
                expected = "a name without white space and control characters (rename it)"
                raise LineError("structure", f"entity type {span.label[:40]!r}", expected)
        return self._without_overlaps([span for span in spans if span.label], text)

    def _locate(self, text, raw):
        """The :class:`Span` of each; those of several units whose entities' texts prove another one converted."""
        unit = self._unit
        used, found = unit.name, places(text, raw, unit.name)
        if not matches(text, raw, found) and any(span.name is not None for span in raw):
            for other in UNITS:
                there = places(text, raw, other)
                if matches(text, raw, there):
                    used, found = other, there
                    break
        if not matches(text, raw, found):
            raise _misplaced(text, raw, found, unit)
        if used != CODE_POINTS and found != [(span.start, span.end) for span in raw]:
            self._notes[f"text whose offsets count {used}, converted"] += 1
        if any(span.name is None for span in raw):
            for other in unit.suspects:
                there = places(text, raw, other)
                if there != found and matches(text, raw, there):
                    self._notes[f"text whose offsets may count {other} and not {used}: no entity has its text, which would prove it"] += 1
        return [Span(*place, span.label) for place, span in zip(found, raw)]

    def _without_overlaps(self, spans, text):
        different = sorted(set(spans))
        if len(different) < len(spans):
            self._notes[NOTE_TWICE] += len(spans) - len(different)
        if all(before.end <= span.start for before, span in zip(different, different[1:])):
            return different
        kept = []  # in their order, none over another
        for span in sorted(different, key=lambda span: (span.start - span.end, span.start)):
            place = bisect.bisect(kept, span)
            other = next(
                (other for other in kept[max(place - 1, 0) : place + 1] if span.start < other.end and other.start < span.end), None
            )
            if other is None:
                kept.insert(place, span)
            elif self._nested == "refuse" or other[:2] == span[:2]:
                first, second = sorted((other, span))
                raise LineError("overlapping spans", f"{_name(second, text)} overlapping {_name(first, text)}", _EXPECTED)
            else:
                self._notes[NOTE_NESTED] += 1
        return kept


def _misplaced(text, raw, found, unit):
    """The error of the first entity that is not where it should be."""
    hint = next((f"; {other} would fit" for other in unit.suspects if matches(text, raw, places(text, raw, other))), "")
    span, place = next((s, p) for s, p in zip(raw, found) if not p or (s.name is not None and text[p[0] : p[1]] != s.name))
    if not place:
        size = f"{len(text)} characters" if unit.name == CODE_POINTS else f"{len(text)} characters, counted in {unit.name}"
        where = f"{span.label} at [{_short(span.start)}, {_short(span.end)})"
        return LineError("span outside its text", where, f"a non-empty span inside the text of {size}{hint}")
    named = f"{_name(Span(*place, span.label), text)} named {show_json(span.name) if not isinstance(span.name, str) else repr(span.name)}"
    return LineError("span text", named, f"the text at its offsets ({unit.name}){hint}")


def _name(span, text):
    return f"{span.label} {text[span.start : span.end]!r} at [{span.start}, {span.end})"


def _short(number):
    digits = str(number)
    return digits if len(digits) <= 20 else f"{digits[:9]}…"
