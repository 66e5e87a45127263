"""The files as they are stored: nothing of one machine or one package index in them, and flagfiles that work."""

import pathlib
import re
import shutil
import subprocess

import pytest
from absl import flags

import run_ner
import run_pretraining
from albert.command import define
from ner.cli.common import Steps

ROOT = pathlib.Path(__file__).parent.parent
FLAGFILES = sorted((ROOT / "flags").rglob("*.flags"))

# Written with brackets so that these lines do not match themselves.
PACKAGE_INDEXES = r"py[p]i[.]|python[h]osted[.]|mirrors[.]|--(extra-)?index[-]url|--find[-]links|--trusted[-]host"
MACHINE_PATHS = r"(^|[^[:alnum:]_./-])[/](home|root|Users|work|tmp|opt|mnt)[/]"


def git(*arguments):
    return subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=False)


needs_git = pytest.mark.skipif(
    not shutil.which("git") or git("rev-parse", "--show-toplevel").stdout.strip() != str(ROOT.resolve()),
    reason="not a git repository",
)


@needs_git
@pytest.mark.parametrize("pattern", [PACKAGE_INDEXES, MACHINE_PATHS], ids=["package index", "machine path"])
def test_nothing_of_one_machine_is_stored(pattern):
    found = git("grep", "--untracked", "--line-number", "-I", "--extended-regexp", "-e", pattern)
    assert (found.returncode, found.stdout) == (1, ""), found.stderr


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-later.lock"])
def test_lock_file_pins_every_package_once_per_python(name):
    lines = (ROOT / name).read_text(encoding="utf-8").splitlines()
    pins = [line for line in lines if line and not line.lstrip().startswith("#")]
    assert all(re.fullmatch(r"[a-z0-9-]+==[0-9][0-9a-z.]*( ; .+)?", pin) for pin in pins)
    assert len(pins) == len(set(pins))


def test_there_are_flagfiles():
    assert {"quickstart", "msra_albert_base"} <= {path.stem for path in FLAGFILES}


@pytest.mark.parametrize("path", FLAGFILES, ids=lambda path: path.stem)
def test_flagfile_holds_flags_of_its_command_and_how_to_run_it(path):
    name, values = path.relative_to(ROOT).as_posix(), flags.FlagValues()
    if path.stem.startswith("pretrain"):
        command = "run_pretraining"
        run_pretraining.define_flags(values)
    else:
        command = "run_ner"
        define(Steps, *(module.SETTINGS for module in run_ner.COMMANDS.values()), values=values)
    assert values([f"{command}.py", f"--flagfile={path}"]) == [f"{command}.py"]
    header = [line for line in path.read_text(encoding="utf-8").splitlines() if line.startswith("#")]
    assert any(f"{command}.py --flagfile={name}" in line for line in header), "the header holds no command"
