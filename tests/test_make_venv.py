"""`make venv` where it cannot work: one clear line, and nothing left behind."""

import pathlib
import subprocess

import pytest

ROOT = pathlib.Path(__file__).parent.parent


def make_venv(target, python):
    return subprocess.run(
        ["tools/make_venv.sh", str(target)],
        cwd=ROOT,
        env={"PATH": "/usr/bin:/bin", "PYTHON": str(python)},
        capture_output=True,
        text=True,
        check=False,
    )


def fake_python(path, version_status, venv_status):
    """A stand-in that answers the script's two questions: is the version right, are venv and ensurepip there."""
    path.write_text(f'#!/bin/sh\ncase "$2" in *ensurepip*) exit {venv_status};; *version_info*) exit {version_status};; esac\nexit 3\n')
    path.chmod(0o755)
    return path


@pytest.mark.parametrize("exists", [True, False], ids=["wrong version", "not there"])
def test_no_suitable_python(tmp_path, exists):
    python = fake_python(tmp_path / "python3.14", 1, 0) if exists else tmp_path / "python3.9"
    result = make_venv(tmp_path / "venv", python)
    assert result.returncode == 1
    assert result.stderr == f"make venv: expected Python 3.9 to 3.13, found none as: {python}; install one, or name it with PYTHON=path\n"
    assert not (tmp_path / "venv").exists()


def test_python_without_ensurepip(tmp_path):
    python = fake_python(tmp_path / "python3.10", 0, 1)
    result = make_venv(tmp_path / "venv", python)
    assert result.returncode == 1
    assert result.stderr.startswith(f"make venv: {python} has no venv or ensurepip module; install it")
    assert result.stderr.count("\n") == 1
    assert not (tmp_path / "venv").exists()


@pytest.mark.parametrize(
    ("machine", "lock"),
    [
        ("True linux x86_64", "requirements.lock"),
        ("True darwin arm64", "requirements.lock"),
        ("False linux aarch64", "requirements-later.lock"),
        ("True linux aarch64", None),
    ],
)
def test_the_lock_is_that_of_the_stack(tmp_path, machine, lock):
    python = tmp_path / "python"
    python.write_text(f'#!/bin/sh\ncase "$*" in *platform.machine*) echo {machine};; --version) echo Python;; "-m venv"*) exit 7;; esac\n')
    python.chmod(0o755)
    result = make_venv(tmp_path / "venv", python)
    if lock is None:
        assert result.returncode == 1
        assert result.stderr.startswith("make venv: expected Python 3.12 or 3.13, found ") and result.stderr.count("\n") == 1
    else:
        assert result.returncode == 7
        assert result.stdout.endswith(f"({python}), {lock}\n")
