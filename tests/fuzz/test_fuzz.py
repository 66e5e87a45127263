"""A few mutants of each format, and those that have once been read wrongly."""

import time

import pytest

from tests.fuzz import harness

_FORMATS = harness.all_formats()
_SECONDS = 0.7


@pytest.mark.parametrize("name", _FORMATS)
def test_good_files_are_read_and_mutants_answered_with_one_line(name):
    fmt = _FORMATS[name]
    first = harness.run(fmt, len(fmt.seeds) + 3)
    started, number = time.perf_counter(), len(fmt.seeds) + 3
    outcomes = [first]
    while time.perf_counter() - started < _SECONDS:
        outcomes.append(harness.run(fmt, 20, first=number))
        number += 20
    assert [failure for outcome in outcomes for failure in outcome.failures] == []


@pytest.mark.parametrize(
    "path", [path for name in _FORMATS for path in harness.kept(name)], ids=lambda path: f"{path.parent.name}-{path.name}"
)
def test_what_was_once_read_wrongly(path):
    with harness.Reader(_FORMATS[path.parent.name]) as reader:
        _, problem, _ = reader.read(path.read_bytes())
    assert problem is None


def test_a_mutant_is_the_same_every_time():
    for fmt in _FORMATS.values():
        assert harness.mutant(fmt, 3, 1234) == harness.mutant(fmt, 3, 1234)


@pytest.mark.parametrize(
    ("read", "problem"),
    [
        (lambda _: {}["x"], "KeyError"),
        (lambda _: (_ for _ in ()).throw(harness.UserError("a\nb")), "a message that is not one line"),
        (lambda _: (_ for _ in ()).throw(harness.UserError("\ud800")), "a message that cannot be printed"),
    ],
)
def test_the_harness_sees_what_must_not_be(read, problem):
    outcome = harness.run(harness.Format("x", "x", (b"abc",), read), 20)
    assert len(outcome.failures) == 10
    assert outcome.failures[0][1].startswith(problem)
