"""The frame every command runs in: flags are parsed, and a user's mistake becomes one line on stderr instead of a traceback."""

import dataclasses
import errno
import os
import sys

from absl import app, flags

from albert.errors import UserError

EXIT_USER_ERROR = 1
EXIT_USAGE = 2
EXIT_INTERRUPTED = 130  # what a shell reports for a process ended by Ctrl-C

# A full or failing disk, a quota, rights: nothing a program can foresee or mend, whichever file it meets it with.
_NOT_OURS = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO, errno.EACCES, errno.EPERM)


def run(main, argv=None, arguments=()):
    """Parse the flags, call ``main(argv)`` and exit the process.

    The exit code is what ``main`` returns (None means 0), 1 for an ``albert.UserError`` or a disk that cannot be read or
    written, 2 for flags that cannot be parsed and 130 after Ctrl-C. Any other exception is a bug and keeps its traceback.

    Args:
      main: function of the arguments left after flag parsing: the program's name, and one for each of ``arguments``.
      argv: the command line including the program's name; ``sys.argv`` by default.
      arguments: names of the positional arguments the command takes, for its messages. A last one that is ``[NAME…]`` stands
        for any number of arguments, none included.
    """
    app.run(lambda args: _call(main, args), argv=argv, flags_parser=lambda args: _parse_flags(args, arguments))


def required(flags, name, expected):
    """The value of a flag, or a ``UserError`` saying what was expected when it has none."""
    value = flags[name].value
    if not value:
        raise UserError(f"--{name}: not given, expected {expected}")
    return value


def settings(settings_class, flags):
    """A dataclass made from the flags that have its fields' names."""
    return settings_class(**{field.name: flags[field.name].value for field in dataclasses.fields(settings_class)})


def _parse_flags(argv, arguments):
    try:
        args = flags.FLAGS(argv)
    except flags.Error as e:
        _fail(e, EXIT_USAGE)
    found = args[1:]
    if arguments and arguments[-1].endswith("…]"):
        return args
    if len(found) < len(arguments):
        _fail(f"expected {' '.join(arguments)}, found {len(found)} arguments; see --help", EXIT_USAGE)
    if len(found) > len(arguments):
        expected = f"{' '.join(arguments)} and flags" if arguments else "flags only"
        _fail(f"found argument {found[len(arguments)]!r}, expected {expected} (--name=value); see --help", EXIT_USAGE)
    return args


def _call(main, args):
    try:
        code = main(args)
        sys.stdout.flush()
        return code
    except UserError as e:
        _fail(e, EXIT_USER_ERROR)
    except KeyboardInterrupt:
        _fail("interrupted", EXIT_INTERRUPTED)
    except BrokenPipeError:
        # The reader of our output (head, less) has closed it; without this, Python complains again when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_USER_ERROR
    except OSError as e:
        if e.errno not in _NOT_OURS:
            raise
        _fail(f"{e.filename or 'input or output'}: {e.strerror}", EXIT_USER_ERROR)


def _fail(message, code):
    line = " ".join(str(message).split("\n"))
    print(f"error: {line}", file=sys.stderr)
    sys.exit(code)
