"""The house: imports go down and never in a circle, files are small, and ``ner`` is found by its folders."""

import ast
import functools
import graphlib
import pathlib

import pytest

import albert
import ner
from tests.floors import FLOORS

ROOT = pathlib.Path(__file__).parent.parent
PACKAGES = ("albert", "ner")
MAX_LINES = 400
MAX_LOOSE_FILES = 6


def modules(packages=PACKAGES):
    """dict from the name of each module to its file."""
    files = [path for package in packages for path in sorted((ROOT / package).rglob("*.py"))]
    return {".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path for path in files}


MODULES = modules()
FLOOR_OF = {room: number for number, rooms in enumerate(FLOORS.values()) for room in rooms.split()}


def run_nodes(tree):
    """All nodes of a syntax tree but those that type checkers alone read."""
    for node in ast.iter_child_nodes(tree):
        if not (isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"):
            yield node
            yield from run_nodes(node)


@functools.cache
def imports(path, nodes=run_nodes):
    """Names of the project's modules that a file imports; those of ``nodes`` of its syntax tree, by default all that run."""
    found = set()
    for node in nodes(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            names = (f"{node.module}.{alias.name}" for alias in node.names)
            found.update(name if name in MODULES else node.module for name in names)
    return {name for name in found if name.split(".")[0] in PACKAGES}


def room(module):
    """The folder in the package that a module is in; a module that is in none is a room of its own."""
    return ".".join(module.split(".")[:2])


def rooms_below(module, seen):
    """Rooms on the floors that a module imports, by itself or by way of modules on none."""
    for other in imports(MODULES[module]) - seen:
        seen.add(other)
        if room(other) in FLOOR_OF:
            yield room(other)
        else:
            yield from rooms_below(other, seen)


def test_every_folder_is_on_one_floor():
    assert len(FLOOR_OF) == len(" ".join(FLOORS.values()).split())
    assert set(FLOOR_OF) == {room(module) for module in MODULES if (ROOT / room(module).replace(".", "/")).is_dir()} - set(PACKAGES)


def test_imports_are_by_present_names():
    for module, path in MODULES.items():
        assert imports(path) <= set(MODULES), f"{module} imports what has moved"


def test_imports_go_down():
    upward = [
        f"{module} knows {other}"
        for module in MODULES
        if room(module) in FLOOR_OF
        for other in sorted(set(rooms_below(module, {module})) - {room(module)})
        if FLOOR_OF[other] >= FLOOR_OF[room(module)]
    ]
    assert upward == []


def test_no_modules_import_each_other():
    # In a room as well; of what is imported when a module is, not when a function runs.
    graph = {module: imports(path, ast.iter_child_nodes) - {module} for module, path in MODULES.items()}
    graphlib.TopologicalSorter(graph).prepare()


def test_encoder_knows_nothing_of_tagging():
    assert not [module for module, path in modules(["albert"]).items() if any(name.split(".")[0] == "ner" for name in imports(path))]


@pytest.mark.parametrize("folder", ["albert", "ner", "benchmarks", "tools", "examples", "serving", "."])
def test_production_files_are_small(folder):
    files = (ROOT / folder).glob("*.py") if folder == "." else (ROOT / folder).rglob("*.py")
    lengths = {path.relative_to(ROOT).as_posix(): len(path.read_text(encoding="utf-8").splitlines()) for path in files}
    assert {path: length for path, length in lengths.items() if length > MAX_LINES} == {}


def test_the_tagger_is_found_by_its_folders():
    loose = {path.name for path in (ROOT / "ner").glob("*.py")} - {"__init__.py"}
    assert len(loose) <= MAX_LOOSE_FILES, loose


@pytest.mark.parametrize("package", [albert, ner])
def test_type_checkers_see_the_public_names(package):
    """They do not know of names that are imported on first use."""
    directory = pathlib.Path(package.__file__).parent
    nodes = ast.parse((directory / "__init__.py").read_text(encoding="utf-8")).body
    (block,) = (node for node in nodes if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING")
    assert {alias.name: node.module for node in block.body for alias in node.names} == package._EXPORTS
    assert sorted(package.__all__) == sorted(package._EXPORTS)
    assert (directory / "py.typed").exists()
