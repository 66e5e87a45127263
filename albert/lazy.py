"""Names whose modules are imported when they are used."""

import importlib
import sys
from collections.abc import Callable, Mapping
from typing import Any


def load(path: str) -> Any:
    """Imports the module of a dotted path and returns what the last part names in it: ``load("ner.entity.Entity")``."""
    module, _, name = path.rpartition(".")
    return getattr(importlib.import_module(module), name)


def exports(package: str, modules: Mapping[str, str]) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """The ``__getattr__`` and ``__dir__`` of a package whose public names are imported on first use (PEP 562).

    Args:
      package: its ``__name__``.
      modules: dict from public name to the module that defines it.
    """

    def getattribute(name: str) -> Any:
        if name not in modules:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        value = load(f"{modules[name]}.{name}")
        setattr(sys.modules[package], name, value)
        return value

    return getattribute, lambda: sorted({*vars(sys.modules[package]), *modules})
