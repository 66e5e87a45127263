"""The frame every command runs in: flags are parsed, and a user's mistake becomes one line on stderr instead of a traceback."""

import dataclasses
import difflib
import errno
import os
import re
import sys

from absl import app, flags

from albert import messages
from albert.errors import FieldError, UserError
from albert.fields import Range, settings_of, types_of
from albert.process import Terminated, ending_signals, reopen_closed_streams

# The module that asks for flags is their module in --help, not this one.
flags.disclaim_key_flags()

EXIT_USER_ERROR = 1
EXIT_USAGE = 2
EXIT_INTERRUPTED = 130  # what a shell reports for a process ended by Ctrl-C
EXIT_TERMINATED = 143  # … by SIGTERM

# A full or failing disk, a quota, rights: nothing a program can foresee or mend, whichever file it meets it with.
_NOT_OURS = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO, errno.EACCES, errno.EPERM)


def run(main, argv=None, arguments=()):
    """Parse the flags, call ``main(argv)`` and exit the process.

    The exit code is what ``main`` returns (None means 0), 1 for an ``albert.UserError``, a disk that cannot be read or written or a
    directory that was deleted, 2 for flags that cannot be parsed, 130 after Ctrl-C and 143 after SIGTERM. Any other exception is a bug
    and keeps its traceback.

    Args:
      main: function of the arguments left after flag parsing: the program's name, and one for each of ``arguments``.
      argv: the command line including the program's name; ``sys.argv`` by default.
      arguments: names of the positional arguments the command takes, for its messages. A last one that is ``[NAME…]`` stands
        for any number of arguments, none included.
    """
    reopen_closed_streams()
    app.run(lambda args: _call(main, args), argv=argv, flags_parser=lambda args: _parse_flags(args, arguments))


def run_module(settings_class, call):
    """The command of a module that is run by its name: flags made of ``settings_class``, then ``call(settings)``; exits the process."""
    define(settings_class)
    run_settings(settings_class, call)


def run_settings(settings_class, call, argv=None, prepare=None):
    """As :func:`run`, for ``call(settings)``: flags and positional arguments give the settings their values.

    ``prepare()`` is called before, with the flags parsed.
    """
    field, name = positional(settings_class)

    def main(args):
        if prepare:
            prepare()
        found = args[1:]
        given = {field: tuple(found) if name.endswith("…]") else found[0]} if found else {}
        return call(settings(settings_class, **given))

    run(main, argv, (name,) if name else ())


def positional(settings_class):
    """(name of the field that the positional arguments give, what they are called in messages); None for none."""
    found = ((field.name, field.metadata["arguments"]) for field, _ in settings_of(settings_class) if field.metadata["arguments"])
    return next(found, (None, None))


def define(*settings_classes, values=flags.FLAGS, module=None, required=True):
    """Define a flag for each field of dataclasses: name, type, default, choices and help text are the field's.

    A field whose type is a dataclass stands for that one's fields. Several classes may have a field of the same name if it is the same.

    Args:
      settings_classes: dataclasses made with ``albert.fields.setting``.
      values: ``absl.flags.FlagValues`` to define the flags in.
      module: name of the module they are listed under in ``--help``; by default the caller's.
      required: whether a flag without a default has to be given.
    """
    for settings_class in settings_classes:
        for field, kind in settings_of(settings_class):
            if not _is_defined(field, values):
                _define_one(field, kind, values, module, required and field.default is dataclasses.MISSING)


def settings(settings_class, values=flags.FLAGS, **given):
    """A dataclass made from the flags that ``define`` made of it; ``given`` fields are taken as they are."""
    kinds = types_of(settings_class)
    for field in dataclasses.fields(settings_class):
        kind = kinds[field.name][0]
        if field.name in given:
            continue
        if "help" in field.metadata:
            given[field.name] = values[field.name].value
        elif dataclasses.is_dataclass(kind):
            given[field.name] = settings(kind, values)
    return settings_class(**given)


def settings_of_flags(settings_class, arguments, switches=(), **given):
    """Settings that flags give which are not those of this process, such as the command line of a run that is still to come.

    Args:
      settings_class: a dataclass of settings.
      arguments: flags, flagfiles among them.
      switches: names of boolean flags that may stand beside the settings, and are not looked at.
      given: values that go before the flags'.

    Raises:
      UserError: a flag or flagfile is not known, or a value is out of range.
    """
    values = flags.FlagValues()
    define(settings_class, values=values)
    for name in switches:
        flags.DEFINE_bool(name, False, "A step of the command.", flag_values=values)
    flags.DEFINE_string("flagfile", "", "Insert flag definitions from the given file.", flag_values=values)
    try:
        values(["flags", *values.read_flags_from_files(list(arguments))])
    except flags.Error as e:
        raise UserError(str(e)) from e
    return settings(settings_class, values, **given)


def given_flags(values=flags.FLAGS):
    """dict from the names of the flags that were given to their values, sorted."""
    return {name: values[name].value for name in sorted(values) if values[name].present}


def with_flags(error, values=flags.FLAGS):
    """The message of a ``FieldError`` with flags in the place of fields, where there are flags of their names."""
    return error.text(lambda name: f"--{name}" if name in values else name)


def nearest(word, words, prefix=""):
    """A hint such as ``; did you mean train?``; empty where none of ``words`` is near."""
    found = difflib.get_close_matches(word, words, n=1)
    return f"; did you mean {prefix}{found[0]}?" if found else ""


class _ListParser(flags.ListParser):
    """Names separated by commas; a file whose own name has commas is one name."""

    def parse(self, argument):
        whole = isinstance(argument, str) and "," in argument and os.path.exists(argument)
        return [argument] if whole else super().parse(argument)


def define_list(name, default, help, **options):
    """``flags.DEFINE_list`` for names of files, which may have commas: one alone as it is, one of several in double quotes."""
    flags.DEFINE(_ListParser(), name, default, help, serializer=flags.CsvListSerializer(","), **options)


# absl's words for a flag without a value that needs one.
_MISSING_FLAG = re.compile(r"Flag --(\w+) must have a value other than None")

_DEFINE = {
    bool: flags.DEFINE_bool,
    int: flags.DEFINE_integer,
    float: flags.DEFINE_float,
    str: flags.DEFINE_string,
    tuple: define_list,
}


def _is_defined(field, values):
    if field.name not in values:
        return False
    flag = values[field.name]
    # The choices stand before the help text of an enum.
    if flag.default != _default(field) or not flag.help.endswith(field.metadata["help"]):
        raise ValueError(f"found two settings {field.name}, {flag.default!r} ({flag.help}) and {field.default!r}, expected the same")
    return True


def _default(field):
    if field.default is dataclasses.MISSING:
        return None
    return list(field.default) if isinstance(field.default, tuple) else field.default


def _define_one(field, kind, values, module, required):
    choices = field.metadata.get("range", Range()).list_choices()
    common = {"flag_values": values, "module_name": module, "required": required}
    if choices is not None:
        flags.DEFINE_enum(field.name, _default(field), list(choices), field.metadata["help"], **common)
    else:
        _DEFINE[kind](field.name, _default(field), field.metadata["help"], **common)


def _parse_flags(argv, arguments):
    try:
        args = flags.FLAGS(argv)
    except flags.UnrecognizedFlagError as e:
        fail(f"--{e.flagname}: no such flag{nearest(e.flagname, list(flags.FLAGS), '--') or '; see --help'}", EXIT_USAGE)
    except flags.Error as e:
        missing = _MISSING_FLAG.search(str(e))
        fail(f"--{missing[1]}: not given; see --help" if missing else e, EXIT_USAGE)
    found = args[1:]
    if arguments and arguments[-1].endswith("…]"):
        return args
    if len(found) < len(arguments):
        fail(f"expected {' '.join(arguments)}, found {len(found)} arguments; see --help", EXIT_USAGE)
    if len(found) > len(arguments):
        expected = f"{' '.join(arguments)} and flags" if arguments else "flags only"
        fail(f"found argument {found[len(arguments)]!r}, expected {expected} (--name=value); see --help", EXIT_USAGE)
    return args


def _call(main, args):
    try:
        with ending_signals():
            code = main(args)
        if sys.stdout is not None:
            sys.stdout.flush()
        return code
    except FieldError as e:
        fail(with_flags(e), EXIT_USER_ERROR)
    except UserError as e:
        fail(e, EXIT_USER_ERROR)
    except ModuleNotFoundError as e:
        if e.name != "tensorflow":
            raise
        fail("TensorFlow: not installed, which this takes; expected albert-ner in the place of albert-ner-light", EXIT_USER_ERROR)
    except KeyboardInterrupt:
        fail("interrupted", EXIT_INTERRUPTED)
    except Terminated as e:
        fail("terminated", 128 + e.signal)
    except BrokenPipeError:
        # The reader of our output (head, less) has closed it; without this, Python complains again when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_USER_ERROR
    except OSError as e:
        if e.errno not in _NOT_OURS and not _is_in_a_deleted_directory(e):
            raise
        fail(f"{e.filename or 'input or output'}: {e.strerror}", EXIT_USER_ERROR)


def _is_in_a_deleted_directory(error):
    path = error.filename
    return error.errno == errno.ENOENT and isinstance(path, str) and not os.path.isdir(os.path.dirname(os.path.abspath(path)))


def fail(message, code):
    """Print an error as one line on standard error and exit the process."""
    line = " ".join(str(message).split("\n"))
    messages.complain(f"error: {line}")
    sys.exit(code)
