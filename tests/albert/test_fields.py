"""Settings that know their range and help text, and the flags made of them."""

import dataclasses
import pathlib
import pickle
from typing import Optional, Union

import numpy as np
import pytest
from absl import flags

from albert import command
from albert.errors import ConfigError, FieldError
from albert.fields import check_fields, same_setting, setting


@dataclasses.dataclass(frozen=True)
class Inner:
    """Settings inside others."""

    rate: float = setting(1e-3, "A rate.", above=0)
    share: float = setting(0.5, "A share.", at_least=0, below=1)

    def __post_init__(self):
        check_fields(self)


@dataclasses.dataclass(frozen=True)
class Settings:
    """Settings of every type."""

    name: str = setting(help="A name.")
    steps: int = setting(7, "Steps.", at_least=1)
    limit: Optional[int] = setting(None, "A limit.", at_most=11)
    kind: str = setting("b", "A kind.", choices=("a", "b"))
    later: str = setting("c", "A choice.", choices=lambda: ["c", "d"])
    switch: bool = setting(True, "A switch.")
    files: Optional[tuple] = setting(("x", "y"), "Files.")
    share: float = same_setting(Inner, "share")
    inner: Inner = Inner()
    owner: Union[Inner, dict, None] = None

    def __post_init__(self):
        check_fields(self)


def test_values_get_the_type_of_their_field():
    made = Settings(pathlib.Path("n"), steps=np.int64(3), share=0, files=["z"], inner=Inner(rate=np.float32(2)))
    assert made == Settings("n", 3, share=0.0, files=("z",), inner=Inner(2.0))
    assert [type(value) for value in (made.name, made.steps, made.share, made.inner.rate)] == [str, int, int, float]


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"name": 3}, "name: found 3, expected a string"),
        ({"name": None}, "name: found None, expected a string"),
        ({"steps": 0}, "steps: found 0, expected a whole number of at least 1"),
        ({"steps": True}, "steps: found True, expected a whole number of at least 1"),
        ({"steps": 2.5}, "steps: found 2.5, expected a whole number of at least 1"),
        ({"limit": 12}, "limit: found 12, expected a whole number of at most 11"),
        ({"kind": "c"}, "kind: found 'c', expected one of a, b"),
        ({"later": "e"}, "later: found 'e', expected one of c, d"),
        ({"switch": 1}, "switch: found 1, expected True or False"),
        ({"files": "x"}, "files: found 'x', expected a list"),
        ({"share": 1.0}, "share: found 1.0, expected a number in [0, 1)"),
        ({"share": float("nan")}, "share: found nan, expected a number in [0, 1)"),
        ({"owner": 3}, "owner: found 3, expected Inner or dict"),
    ],
)
def test_a_wrong_value_names_its_field(wrong, message):
    with pytest.raises(FieldError) as caught:
        Settings(**{"name": "n", **wrong})
    assert str(caught.value) == message
    assert isinstance(caught.value, ConfigError)
    assert str(pickle.loads(pickle.dumps(caught.value))) == message


def test_a_wrong_value_of_an_inner_class():
    with pytest.raises(FieldError, match="^rate: found 0, expected a number above 0$"):
        Inner(rate=0)


def parse(*arguments):
    values = flags.FlagValues()
    command.define(Settings, values=values, module="here")
    values(["program", *arguments])
    return values


def test_flags_are_those_of_the_fields():
    values = parse("--name=n")
    found = {name: (flag.value, flag.help) for name, flag in values._flags().items()}
    assert found == {
        "name": ("n", "A name."),
        "steps": (7, "Steps."),
        "limit": (None, "A limit."),
        "kind": ("b", "<a|b>: A kind."),
        "later": ("c", "<c|d>: A choice."),
        "switch": (True, "A switch."),
        "files": (["x", "y"], "Files."),
        "rate": (1e-3, "A rate."),
        "share": (0.5, "A share."),
    }
    assert command.settings(Settings, values, owner=None) == Settings("n")
    with pytest.raises(flags.Error, match="name"):
        parse()


def test_settings_are_made_of_flags():
    values = parse("--name=n", "--steps=3", "--limit=5", "--kind=a", "--noswitch", "--files=z", "--share=0", "--rate=2")
    expected = Settings("n", 3, 5, "a", "c", False, ("z",), 0.0, Inner(2.0, 0.0))
    assert command.settings(Settings, values, owner=None) == expected
    assert list(command.given_flags(values)) == ["files", "kind", "limit", "name", "rate", "share", "steps", "switch"]


def test_a_message_names_flags_where_there_are_some():
    error = FieldError("{steps}: found {}, expected fewer than {pages}", "{steps}")
    assert str(error) == "steps: found {steps}, expected fewer than pages"
    assert command.with_flags(error, parse("--name=n")) == "--steps: found {steps}, expected fewer than pages"


def test_two_settings_of_one_name_are_a_bug():
    @dataclasses.dataclass(frozen=True)
    class Other:
        steps: int = setting(5, "Steps.")

    values = parse("--name=n")
    with pytest.raises(ValueError, match="found two settings steps, 7 .* and 5, expected the same"):
        command.define(Other, values=values)
