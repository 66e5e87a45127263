"""The dispatcher of albert-ner: sub-commands are found by their files, flagfiles by their names."""

import pathlib
import platform
import re
import shutil
import subprocess
import sys

import pytest

import albert
from ner.cli.main import find_commands
from ner.tagging.writers import WRITERS

ROOT = pathlib.Path(__file__).resolve().parents[3]

# All that a sub-command is: this file in ner/cli.
TOY = '''"""Says hello, some times.

    albert-ner toy --times=2 World
"""

import dataclasses
import sys

from albert.errors import FieldError
from albert.fields import check_fields, setting

HELP = "say hello"


@dataclasses.dataclass(frozen=True)
class Toy:
    """Whom to greet, and how often."""

    names: tuple = setting((), "Names.", arguments="[NAME…]")
    times: int = setting(1, "How many times.", at_least=1)

    def __post_init__(self):
        check_fields(self)
        if self.names == ("nobody",):
            raise FieldError("{names}: found {}, expected somebody; {times} does not help", self.names[0])


SETTINGS = Toy


def run(settings):
    assert "tensorflow" not in sys.modules
    print("hello", *settings.names * settings.times)
    return 7 * (settings.times > 2)
'''

COMMANDS = tuple(find_commands())

CODE = """
import sys
from ner import cli
cli.__path__.append(sys.argv[1])
from ner.cli.main import main
main(["albert-ner", *sys.argv[2:]])
"""


@pytest.fixture(name="albert_ner")
def _albert_ner(tmp_path):
    """A function that runs ``albert-ner`` with a folder of sub-commands besides its own, and returns exit code, output and errors."""
    folder = tmp_path / "commands"
    folder.mkdir()
    (folder / "toy.py").write_text(TOY, encoding="utf-8")
    # No sub-command, and nothing that could be imported.
    (folder / "helper.py").write_text("import nothing_of_this_name\n", encoding="utf-8")

    def run(*arguments, cwd=ROOT):
        command = [sys.executable, "-c", CODE, str(folder), *arguments]
        result = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False, encoding="utf-8")
        return result.returncode, result.stdout, result.stderr

    run.folder = folder
    return run


def test_a_sub_command_is_a_file(albert_ner):
    assert albert_ner("toy", "--times=2", "you", "me") == (0, "hello you me you me\n", "")
    assert albert_ner("toy", "--times=3") == (7, "hello\n", "")
    code, out, errors = albert_ner("--help")
    assert (code, errors) == (0, "")
    assert re.search(r"\n  toy +say hello\n", out)
    assert "helper" not in out
    code, out, errors = albert_ner("toy", "--help")
    assert (code, errors) == (0, "")
    assert out.startswith("usage: albert-ner toy [--flag=value …] [NAME…]\n\nSays hello, some times.\n")
    assert "\nalbert-ner toy:\n  --names: Names.\n" in out
    assert "  --times: How many times.\n    (default: '1')\n" in out


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("toi",), 2, "toi: no such command; did you mean toy?"),
        (("xyz",), 2, f"xyz: no such command; expected one of {', '.join(sorted([*COMMANDS, 'toy']))}"),
        (("lint",), 2, "--data_dir: not given; see --help"),
        (("inspect",), 2, "expected PATH, found 0 arguments; see --help"),
        (("plot",), 1, "expected the output directories of training runs"),
        (("plot", "tests"), 1, "tests: found no finished epoch, expected the output directory of a training run"),
        (("completion", "fish"), 1, "--shell: found 'fish', expected one of bash, zsh"),
        (("toy", "--time=2"), 2, "--time: no such flag; did you mean --times?"),
        (("toy", "--times=0"), 1, "--times: found 0, expected a whole number of at least 1"),
        (("toy", "nobody"), 1, "--names: found nobody, expected somebody; --times does not help"),
        (("toy", "--flagfile=quickstrat"), 2, "--flagfile: quickstrat: no such file; did you mean quickstart?"),
    ],
)
def test_mistakes(albert_ner, arguments, code, message):
    assert albert_ner(*arguments) == (code, "", f"error: {message}\n")


def test_a_flagfile_serves_every_sub_command(albert_ner, tmp_path):
    # Lines of train, run_ner.py and toy.
    path = tmp_path / "my.flags"
    path.write_text("# toy\n--do_train\n--times=2\n--learning_rate=1e-3\n--nouse_crf\n", encoding="utf-8")
    assert albert_ner("toy", f"--flagfile={path}", "you") == (0, "hello you you\n", "")
    assert albert_ner("toy", "--flagfile", str(path), "--times=1", "you") == (0, "hello you\n", "")
    # On the command line itself, only its own.
    assert albert_ner("toy", "--learning_rate=1e-3")[0] == 2
    path.write_text("--learning_rat=1e-3\n", encoding="utf-8")
    assert albert_ner("toy", f"--flagfile={path}") == (2, "", "error: --learning_rat: no such flag; see --help\n")


def test_flagfiles_of_the_package_are_found_by_name(albert_ner, tmp_path):
    (albert_ner.folder / "show.py").write_text(
        "from ner.training.settings import TrainingRun as SETTINGS\n"
        'HELP = "show settings"\n'
        "def run(settings):\n"
        "    print(settings.output_dir, settings.files.albert_config_file, settings.training.learning_rate)\n",
        encoding="utf-8",
    )
    assert albert_ner("show", "--flagfile=quickstart") == (0, "output/quickstart None 0.0002\n", "")
    assert albert_ner("show", "--flagfile=from_scratch")[1] == "output/from_scratch flags/albert_config_from_scratch.json 0.0005\n"
    _, out, errors = albert_ner("show", "--flagfile=from_scratch", cwd=tmp_path)
    config = pathlib.Path(out.split()[1])
    assert (config.name, config.is_file(), errors) == ("albert_config_from_scratch.json", True, "")


def test_commands_of_a_user_are_there():
    expected = "completion convert download evaluate export inspect lint plot pretrain reproduce serve tag train"
    assert set(expected.split()) <= set(COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_help_shows_an_example_and_flags(albert_ner, name):
    code, out, errors = albert_ner(name, "--help")
    assert (code, errors) == (0, "")
    assert out.startswith(f"usage: albert-ner {name} ")
    assert re.search(rf"^    (source <\()?albert-ner {name}( |$)", out, re.MULTILINE)
    assert f"\nalbert-ner {name}:\n" in out


def test_version_needs_no_tensorflow(albert_ner):
    code, out, errors = albert_ner("--version")
    assert (code, errors) == (0, "")
    lines = dict(re.split(" {2,}", line, maxsplit=1) for line in out.splitlines())
    assert lines["albert-ner"] == albert.__version__
    assert lines["Python"].startswith(platform.python_version())
    assert {"TensorFlow", "Keras", "CRF", "devices"} <= set(lines)


@pytest.mark.skipif(not shutil.which("bash"), reason="no bash")
@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["albert-ner", "dow"], {"download"}),
        (["albert-ner", "tag", "--output_f"], {"--output_file=", "--output_format="}),
        (["albert-ner", "tag", "--output_format", "="], set(WRITERS)),
        (["albert-ner", "tag", "--output_format", "=", "in"], {"inline"}),
        (["albert-ner", "train", "--flagfile", "=", "quick"], {"quickstart"}),
        (["albert-ner", "train", "--data_dir", "=", "docs/alb"], {"docs/albert_mini_zh"}),
        (["albert-ner", "tag", "READ"], {"README.md", "README.zh-CN.md"}),
    ],
)
def test_bash_completes(completion, words, expected):
    given = " ".join(f"'{word}'" for word in words)
    code = f"COMP_WORDS=({given}); COMP_CWORD={len(words) - 1}; _albert_ner 2>&1; printf '%s\\n' \"${{COMPREPLY[@]}}\""
    result = subprocess.run(["bash", "-c", f"{completion}\n{code}"], cwd=ROOT, capture_output=True, text=True, check=True)
    # compopt works in a shell that completes alone.
    found = {line for line in result.stdout.splitlines() if line and "compopt" not in line}
    assert found == expected


@pytest.fixture(name="completion", scope="module")
def _completion():
    command = [sys.executable, "-m", "ner.cli", "completion", "bash"]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
