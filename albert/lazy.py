"""Public names of a package, whose modules are imported when the first of them is used (PEP 562)."""

import importlib
import sys


def exports(package, modules):
    """The ``__getattr__`` and ``__dir__`` of a package.

    Args:
      package: its ``__name__``.
      modules: dict from public name to the module that defines it.
    """

    def getattribute(name):
        if name not in modules:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        value = getattr(importlib.import_module(modules[name]), name)
        setattr(sys.modules[package], name, value)
        return value

    return getattribute, lambda: sorted({*vars(sys.modules[package]), *modules})
