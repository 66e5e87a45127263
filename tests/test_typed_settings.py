"""Library code takes typed settings: flags are the commands' affair."""

import ast
import pathlib
import re

import pytest

ROOT = pathlib.Path(__file__).parent.parent
# The commands, and the frame they run in.
COMMANDS = ("albert/cli/", "albert/command.py", "ner/cli/", "ner/data/lint.py", "ner/data/msra.py", "ner/reproduce/__main__.py")
MODULES = sorted(path.relative_to(ROOT).as_posix() for package in ("albert", "ner") for path in (ROOT / package).rglob("*.py"))
LIBRARY = [name for name in MODULES if not name.startswith(COMMANDS)]


def parse(name):
    return ast.parse((ROOT / name).read_text(encoding="utf-8"))


def test_there_is_library_code():
    assert len(LIBRARY) > 100
    assert all(any(name.startswith(command) for name in MODULES) for command in COMMANDS)


def test_no_flag_is_read():
    found = []
    for name in LIBRARY:
        for node in ast.walk(parse(name)):
            if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == "absl":
                found += [f"{name}:{node.lineno}: {alias.name}" for alias in node.names if alias.name != "logging"]
            elif isinstance(node, ast.Import):
                found += [f"{name}:{node.lineno}: {alias.name}" for alias in node.names if alias.name.startswith("absl")]
    assert found == []


def flags_in_errors(tree):
    """Lines of ``raise`` statements and calls of exceptions with the name of a flag in a string."""
    for node in ast.walk(tree):
        is_error = isinstance(node, ast.Raise) or (
            isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id.endswith("Error")
        )
        for inner in ast.walk(node) if is_error else ():
            if isinstance(inner, ast.Constant) and isinstance(inner.value, str) and re.search(r"(^|[^\w-])--[a-z]", inner.value):
                yield inner.lineno


@pytest.mark.parametrize(
    ("code", "lines"),
    [
        ("raise UserError('--seed: found')", {1}),
        ("def f():\n    return UserError(f'{x}: see --{name} or --seed')", {2}),
        ("raise FieldError('{seed}: found a - b -- and c')", set()),
        ("print('--seed')", set()),
    ],
)
def test_the_search_finds_them(code, lines):
    assert set(flags_in_errors(ast.parse(code))) == lines


def test_no_error_names_a_flag():
    modules = [*LIBRARY, "ner/data/lint.py", "ner/data/msra.py"]
    assert [f"{name}:{line}" for name in modules for line in flags_in_errors(parse(name))] == []
