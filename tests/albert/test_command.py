"""The frame of the commands: exit codes, and one line instead of a traceback for what a user can cause."""

import os
import pathlib
import re
import shlex
import signal
import subprocess
import sys

import pytest
from absl import flags

from albert.command import define_list

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


def test_closed_streams_are_not_given_to_files(tmp_path):
    """Text printed to a closed stream must not end up in the file that was opened next."""
    body = f"""
    import os
    with open({str(tmp_path / "file")!r}, "w") as f:
        f.write("text")
        f.flush()
        os.write(1, b"noise")
        os.write(2, b"noise")
    print("printed")
    raise UserError("told")"""
    command = [sys.executable, "-c", SCRIPT.format(body=body)]
    shell = "exec " + shlex.join(command) + " <&- >&- 2>&-"
    assert subprocess.run(["sh", "-c", shell], cwd=ROOT, check=False).returncode == 1
    assert (tmp_path / "file").read_text() == "text"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_the_process_and_removes_what_it_had_begun(tmp_path, number):
    body = f"""
    import time
    from albert.files import atomic_write
    with atomic_write({str(tmp_path / "file")!r}) as f:
        print("ready", flush=True)
        time.sleep(60)"""
    with subprocess.Popen(
        [sys.executable, "-c", SCRIPT.format(body=body)], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout.readline() == "ready\n"
        process.send_signal(number)
        _, errors = process.communicate(timeout=30)
    assert (process.returncode, errors) == (128 + number, "error: terminated\n")
    assert os.listdir(tmp_path) == []


def test_a_signal_that_is_ignored_stays_so(tmp_path):
    body = "import signal; return int(signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN)"
    shell = "trap '' HUP; exec " + shlex.join([sys.executable, "-c", SCRIPT.format(body=body)])
    assert subprocess.run(["sh", "-c", shell], cwd=ROOT, check=False).returncode == 0


def test_a_directory_that_is_deleted_meanwhile_is_one_line(tmp_path):
    body = f"""
    import os
    from albert.files import write_json
    os.mkdir({str(tmp_path / "run")!r})
    os.rmdir({str(tmp_path / "run")!r})
    write_json({str(tmp_path / "run" / "a.json")!r}, 1)"""
    result = run(body)
    assert result.returncode == 1
    assert re.fullmatch(r"error: .*/run/\.a\.json\.[0-9a-f]+\.tmp: No such file or directory\n", result.stderr)


@pytest.mark.parametrize(
    ("argument", "files", "expected"),
    [
        ("a,b.txt", ["a,b.txt"], ["a,b.txt"]),
        ("a,b.txt", [], ["a", "b.txt"]),
        ('c,"a,b.txt"', [], ["c", "a,b.txt"]),
        ("a, b", ["a, b"], ["a, b"]),
        ("a,b", ["a", "b"], ["a", "b"]),
    ],
)
def test_names_with_commas(tmp_path, monkeypatch, argument, files, expected):
    monkeypatch.chdir(tmp_path)
    for name in files:
        (tmp_path / name).write_text("")
    values = flags.FlagValues()
    define_list("names", ["-"], "Names.", flag_values=values)
    values(["program", f"--names={argument}"])
    assert values.names == expected
    values.names = ["x", "y"]
    assert values.names == ["x", "y"]
