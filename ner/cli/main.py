"""The console command ``albert-ner``, and how it finds its sub-commands.

A sub-command is a module of this package that has

- ``HELP``: one line about it, a plain string that is read without importing the module;
- ``SETTINGS``: a dataclass of ``albert.fields.setting`` fields, of which its flags are made;
- ``run(settings)``: what it does; returns an exit code, None for 0;
- a docstring, which ``albert-ner NAME --help`` prints.

An underscore in the module's name is a hyphen in the command's.

Such a module imports TensorFlow in ``run``, so that help and a wrong flag are answered at once.
"""

import ast
import importlib
import os
import pkgutil
import sys

from absl import flags

from albert import command
from albert.errors import UserError
from albert.messages import complain, translate
from ner import cli
from ner.cli import flagfiles, version

_MORE = (
    "albert-ner COMMAND --help shows examples and its flags; --flagfile=NAME reads flags from a file, such as quickstart.",
    "albert-ner --version prints versions and devices.",
)


def find_commands():
    """dict from each sub-command's name to its line of help."""
    found = {module.name.replace("_", "-"): _read_help(module) for module in pkgutil.iter_modules(cli.__path__)}
    return {name: text for name, text in sorted(found.items()) if text}


def _import(name):
    return importlib.import_module(f"{cli.__name__}.{name.replace('-', '_')}")


def _read_help(module):
    """``HELP`` of a module that is not imported, or None."""
    source = module.module_finder.find_spec(module.name).loader.get_source(module.name)
    for node in ast.parse(source).body:
        if isinstance(node, ast.Assign) and [ast.unparse(target) for target in node.targets] == ["HELP"]:
            return ast.literal_eval(node.value)
    return None


def main(argv=None):
    """Run the command and exit the process; ``argv`` includes the program's name, ``sys.argv`` by default."""
    program, *rest = sys.argv if argv is None else argv
    commands = find_commands()
    wants_help = any(argument in ("-h", "--help") for argument in rest)
    if rest and rest[0] in commands:
        module = _import(rest[0])
        label = f"{os.path.basename(program)} {rest[0]}"
        command.define(module.SETTINGS, module=label, required=not wants_help)
        if wants_help:
            command.run(lambda _: _print_help(module, label), [program])
        _run(module, label, rest[1:], commands)
    if wants_help:
        print(_overview(commands))
        sys.exit(0)
    if rest and rest[0] == "--version":
        print(version.describe())
        sys.exit(0)
    if rest and not rest[0].startswith("-"):
        hint = command.nearest(rest[0], commands) or f"; expected one of {', '.join(commands)}"
        complain(f"error: {rest[0]}: no such command{hint}")
    else:
        print(_overview(commands), file=sys.stderr)
    sys.exit(command.EXIT_USAGE)


def _run(module, label, arguments, commands):
    def others():
        return (_import(name).SETTINGS for name in commands)

    try:
        arguments = flagfiles.expand(arguments, others)
    except (UserError, flags.Error) as e:
        command.fail(e, command.EXIT_USAGE)
    command.run_settings(module.SETTINGS, module.run, [label, *arguments], lambda: _use_environment(flags.FLAGS))


def _use_environment(values):
    """An environment variable may name the tagger when no flag does."""
    if "model_dir" in values and "output_dir" in values and not (values["model_dir"].value or values["output_dir"].value):
        values["model_dir"].value = os.environ.get("ALBERT_NER_MODEL")


def _overview(commands):
    width = max(map(len, commands))
    lines = [f"  {name:{width}}  {translate(text)}" for name, text in commands.items()]
    return "\n".join([translate("usage: albert-ner COMMAND [--flag=value …]"), "", *lines, "", *map(translate, _MORE)])


def _print_help(module, label):
    _, name = command.positional(module.SETTINGS)
    print(f"usage: {label} [--flag=value …]{f' {name}' if name else ''}\n\n{module.__doc__.strip()}")
    print(flags.FLAGS.module_help(label))
