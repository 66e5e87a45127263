"""The frame of the commands: exit codes, and one line instead of a traceback for what a user can cause."""

import pathlib
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).parents[2]
SCRIPT = """
from absl import flags
from albert import command
from albert.errors import FieldError, UserError
flags.DEFINE_integer("n", 0, "A number.")
def main(argv):
    assert len(argv) == 1
    {body}
command.run(main)
"""


def run(body, *arguments):
    command = [sys.executable, "-c", SCRIPT.format(body=body), *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    "body, arguments, code, stdout, stderr",
    [
        ("print(flags.FLAGS.n)", ["--n=5"], 0, "5\n", ""),
        ("return 3", [], 3, "", ""),
        ("raise UserError('x.txt:7: found a, expected b')", [], 1, "", "error: x.txt:7: found a, expected b\n"),
        ("raise UserError('two\\nlines')", [], 1, "", "error: two lines\n"),
        ("raise OSError(28, 'No space left on device', 'a.txt')", [], 1, "", "error: a.txt: No space left on device\n"),
        ("raise OSError(28, 'No space left on device')", [], 1, "", "error: input or output: No space left on device\n"),
        ("raise KeyboardInterrupt", [], 130, "", "error: interrupted\n"),
        ("pass", ["--n=five"], 2, "", None),
        ("pass", ["--m=5"], 2, "", "error: --m: no such flag; see --help\n"),
        ("pass", ["--nn=5"], 2, "", "error: --nn: no such flag; did you mean --n?\n"),
        ("raise FieldError('{n}: found {}, expected less than {m}', '{n}')", [], 1, "", "error: --n: found {n}, expected less than m\n"),
        ("pass", ["five"], 2, "", "error: found argument 'five', expected flags only (--name=value); see --help\n"),
    ],
)
def test_exit_codes(body, arguments, code, stdout, stderr):
    result = run(body, *arguments)
    assert (result.returncode, result.stdout) == (code, stdout)
    if stderr is None:
        assert result.stderr.startswith("error: ")
        assert result.stderr.count("\n") == 1
    else:
        assert result.stderr == stderr


@pytest.mark.parametrize("bug", ["ValueError('a bug')", "FileNotFoundError(2, 'a bug')"])
def test_a_bug_keeps_its_traceback(bug):
    result = run(f"raise {bug}")
    assert result.returncode == 1
    assert "Traceback" in result.stderr
    assert "a bug" in result.stderr


def test_a_reader_that_closes_the_output_is_no_traceback():
    command = [sys.executable, "-c", SCRIPT.format(body="print('line\\n' * 100_000)")]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 1


def test_the_frame_does_not_import_tensorflow():
    assert run("import sys; return int('tensorflow' in sys.modules)").returncode == 0
