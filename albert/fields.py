"""Fields of immutable dataclasses that know their range and their help text.

::

    @dataclasses.dataclass(frozen=True)
    class Settings:
        learning_rate: float = setting(1e-4, "Peak learning rate.", above=0)

        def __post_init__(self):
            check_fields(self)

A value of another type or out of range is a ``FieldError`` that names the field. ``albert.command`` makes flags of such a class.
"""

import dataclasses
import difflib
import functools
import math
import numbers
import os
import typing
from collections.abc import Iterator
from typing import Any, Callable, Optional, Union

from albert.errors import ConfigError, FieldError
from albert.foreign import printable

_NOUNS = {bool: "True or False", int: "a whole number", float: "a number", str: "a string", tuple: "a list"}
_NONE = type(None)
_MOST_SHOWN = 80


@dataclasses.dataclass(frozen=True)
class Range:
    """Values that a field may have; None for no limit.

    Attributes:
      choices: the only values there are; or a function that lists them, for what can be added to while the program runs.
      at_least, above, at_most, below: limits of a number.
    """

    choices: Union[tuple, Callable, None] = None
    at_least: Optional[float] = None
    above: Optional[float] = None
    at_most: Optional[float] = None
    below: Optional[float] = None

    def list_choices(self):
        """The only values there are as a tuple, or None."""
        return tuple(self.choices()) if callable(self.choices) else self.choices

    def __contains__(self, value):
        if self.choices is not None:
            return value in self.list_choices()
        return (
            (self.at_least is None or value >= self.at_least)
            and (self.above is None or value > self.above)
            and (self.at_most is None or value <= self.at_most)
            and (self.below is None or value < self.below)
        )

    def describe(self, noun):
        """The range in words, such as ``a number in [0, 1)``; ``noun`` says of what kind the values are."""
        if self.choices is not None:
            return f"one of {', '.join(map(str, self.list_choices()))}"
        low = self.at_least if self.above is None else self.above
        high = self.at_most if self.below is None else self.below
        if low is not None and high is not None:
            return f"{noun} in {'[' if self.above is None else '('}{low}, {high}{']' if self.below is None else ')'}"
        if low is not None:
            return f"{noun} {'of at least' if self.above is None else 'above'} {low}"
        if high is not None:
            return f"{noun} {'of at most' if self.below is None else 'below'} {high}"
        return noun


def setting(
    default: Any = dataclasses.MISSING,
    help: str = "",
    *,
    choices: Union[tuple, Callable, None] = None,
    at_least: Optional[float] = None,
    above: Optional[float] = None,
    at_most: Optional[float] = None,
    below: Optional[float] = None,
    arguments: Optional[str] = None,
) -> Any:
    """A dataclass field.

    Args:
      default: its default; a field without one has to be given.
      help: a sentence about it, its flag's help text.
      choices: the only values there are, or a function that lists them.
      at_least, above, at_most, below: limits of a number.
      arguments: name of a command's positional arguments, ``PATH`` or ``[FILE…]``, that give this field its value.
    """
    metadata = {"help": help, "range": Range(choices, at_least, above, at_most, below), "arguments": arguments}
    return dataclasses.field(default=default, metadata=metadata)


def same_setting(owner: type, name: str, help: str = "") -> Any:
    """A field with default, help text and range of another dataclass' field."""
    field = owner.__dataclass_fields__[name]
    return dataclasses.field(default=field.default, metadata={**field.metadata, **({"help": help} if help else {})})


def check_fields(instance: Any) -> None:
    """Check type and range of every field of a dataclass; numpy numbers and paths become plain ones.

    Types are those of the annotations: bool, int, float, str (paths too), tuple (of strings; lists too), other classes, and ``Optional``
    and ``Union`` of these. A whole number is a float too; NaN is none.

    Raises:
      FieldError: names the first field whose value does not fit.
    """
    hints = types_of(type(instance))
    for field in dataclasses.fields(instance):
        kinds, value = hints[field.name], getattr(instance, field.name)
        limits = field.metadata.get("range", Range())
        if value is None and _NONE in kinds:
            continue
        converted = next((c for c in (_convert(kind, value) for kind in kinds) if c is not None), None)
        if converted is None or converted not in limits:
            nouns = [_NOUNS.get(kind, kind.__name__) for kind in kinds if kind is not _NONE]
            raise FieldError(f"{{{field.name}}}: found {{}}, expected {{}}", shown(value), limits.describe(" or ".join(nouns)))
        if type(converted) is not type(value):
            object.__setattr__(instance, field.name, converted)


def check_keys(owner: type, values: Any, what: str = "", all_needed: bool = False) -> None:
    """Check the keys of what is to become a dataclass: all are its fields', and every field without a default is there.

    Args:
      owner: the dataclass.
      values: dict, or whatever stood in a file in its place.
      what: what the keys belong to, for messages.
      all_needed: whether fields with a default must be there too, as in what ``dataclasses.asdict`` gave.

    Raises:
      ConfigError: names the first unknown or missing key.
    """
    prefix = f"{what}: " if what else ""
    if not isinstance(values, dict):
        raise ConfigError(f"{prefix}found {shown(values)}, expected an object")
    fields = {field.name: field for field in dataclasses.fields(owner)}
    unknown = sorted(set(values) - set(fields))
    if unknown:
        raise ConfigError(f"{prefix}unknown key {shown(unknown[0])}" + (f" (and {len(unknown) - 1} more)" if unknown[1:] else ""))
    missing = [name for name, field in fields.items() if name not in values and (all_needed or field.default is dataclasses.MISSING)]
    if missing:
        raise ConfigError(f"{prefix}missing key {missing[0]!r}" + (f" (and {', '.join(missing[1:])})" if missing[1:] else ""))


def build(settings_class: type, values: dict, **parts: Any) -> Any:
    """A dataclass of settings from one flat dict; fields whose types are dataclasses are built of the same dict, but for ``parts``.

    Raises:
      FieldError: a name is no setting; or a value does not fit.
    """
    names = [field.name for field, _ in settings_of(settings_class)]
    for name in values:
        if name not in names:
            near = difflib.get_close_matches(name, names, n=1)
            raise FieldError("{}: no such setting{}", name, f"; did you mean {near[0]}?" if near else "")
    return _build(settings_class, {**values, **parts})


def _build(settings_class, values):
    kinds, own = types_of(settings_class), {}
    for field in dataclasses.fields(settings_class):
        kind = kinds[field.name][0]
        if field.name in values:
            own[field.name] = values[field.name]
        elif "help" not in field.metadata and dataclasses.is_dataclass(kind):
            own[field.name] = _build(kind, values)
    return settings_class(**own)


def shown(value: Any) -> str:
    """A value for a message: its ``repr`` without control characters, cut where it is long."""
    return printable(ascii(value) if isinstance(value, str) and not value.isprintable() else repr(value), _MOST_SHOWN)


@functools.cache
def types_of(settings_class: type) -> dict:
    """dict from each field's name to the tuple of its types; ``NoneType`` among them where it is optional."""
    hints = typing.get_type_hints(settings_class)
    return {field.name: _kinds(hints[field.name]) for field in dataclasses.fields(settings_class)}


def settings_of(settings_class: type) -> Iterator[tuple]:
    """(field, its first type) of each field made with ``setting``, those of the fields that are dataclasses themselves among them."""
    kinds = types_of(settings_class)
    for field in dataclasses.fields(settings_class):
        kind = kinds[field.name][0]
        if "help" in field.metadata:
            yield field, kind
        elif dataclasses.is_dataclass(kind):
            yield from settings_of(kind)


def _kinds(hint):
    if typing.get_origin(hint) is typing.Union:
        return tuple(kind for argument in typing.get_args(hint) for kind in _kinds(argument))
    return (typing.get_origin(hint) or hint,)


def _convert(kind, value):
    """The value as a ``kind``, or None where it is none."""
    if kind is bool:
        return value if isinstance(value, bool) else None
    if kind is int:
        return int(value) if isinstance(value, numbers.Integral) and not isinstance(value, bool) else None
    if kind is float:
        if not isinstance(value, numbers.Real) or isinstance(value, bool) or math.isnan(value):
            return None
        # A whole number stays one, and is stored as it was.
        return value if isinstance(value, (int, float)) else float(value)
    if kind is str:
        return os.fspath(value) if isinstance(value, (str, os.PathLike)) else None
    if kind is tuple:
        return tuple(value) if isinstance(value, (list, tuple)) else None
    return value if isinstance(value, kind) else None
