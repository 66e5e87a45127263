"""Flagfiles: those that come with the package are found by their names, and one file serves all sub-commands."""

import os

from absl import flags

from albert import command
from albert.errors import UserError
from albert.fields import settings_of
from ner.cli.common import Steps
from ner.training.flagfiles import folder

_SUFFIX = ".flags"


def names():
    """Names of the flagfiles that come with the package."""
    return [file.removesuffix(_SUFFIX) for file in os.listdir(folder()) if file.endswith(_SUFFIX)]


def find(name):
    """The path of a flagfile given by path, or by name without ``.flags``.

    Raises:
      UserError: there is none.
    """
    packaged = os.path.join(folder(), name + _SUFFIX)
    if os.path.exists(name) or os.path.basename(name) != name:
        return name
    if not os.path.exists(packaged):
        raise UserError(
            f"--flagfile: {name}: no such file{command.nearest(name, names()) or f', expected a path, or a name in {folder()}'}"
        )
    return packaged


def lines_for(name, names):
    """The lines of a flagfile, given as for :func:`find`, that set one of the flags with these names."""
    lines = flags.FlagValues().read_flags_from_files([f"--flagfile={find(name)}"])
    return [_in_package(line) for line in lines if _is_flag(line, names)]


def expand(arguments, others):
    """A command line with the flagfiles' lines in it, but for those that are flags of other sub-commands.

    Args:
      arguments: the command line without the program's name.
      others: function that gives the settings classes of all sub-commands; called where a flagfile holds a flag this one has not.

    Returns:
      list of strings.
    """
    result, rest = [], list(arguments)
    while rest:
        argument = rest.pop(0)
        name, equals, path = argument.partition("=")
        if name not in ("--flagfile", "-flagfile") or not (equals or rest):
            result.append(argument)
            continue
        path = find(path if equals else rest.pop(0))
        lines = flags.FLAGS.read_flags_from_files([f"--flagfile={path}"])
        result += [_in_package(line) for line in _own(lines, others)]
    return result


def _own(lines, others):
    unknown = [line for line in lines if not _is_flag(line, flags.FLAGS)]
    if not unknown:
        return lines
    names = {field.name for settings_class in (Steps, *others()) for field, _ in settings_of(settings_class)}
    passed_over = {line for line in unknown if _is_flag(line, names)}
    return [line for line in lines if line not in passed_over]


def _is_flag(line, names):
    name = line.lstrip("-").partition("=")[0]
    return name in names or name.removeprefix("no") in names


def _in_package(line):
    """A flag whose value is a file beside the flagfiles, ``flags/…``, as the path of that file wherever the command is run."""
    name, _, value = line.partition("=")
    beside = os.path.join(folder(), value.removeprefix("flags/"))
    return f"{name}={beside}" if value.startswith("flags/") and not os.path.exists(value) and os.path.exists(beside) else line
