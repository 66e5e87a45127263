"""Systems other than this one: modules that only POSIX has are not needed, and an unsupported machine is told so."""

import json
import pathlib
import runpy
import subprocess
import sys

import pytest
import setuptools
from packaging.requirements import Requirement

from tools.supported_systems import PYTHONS, SYSTEMS

ROOT = pathlib.Path(__file__).parent.parent
# What Windows' Python does not have.
MODULES = ["fcntl", "grp", "posix", "pwd", "pty", "readline", "resource", "syslog", "termios", "tty"]
SIGNALS = ["SIGHUP", "SIGKILL", "SIGALRM", "SIGUSR1", "SIGUSR2", "SIGCHLD", "SIGPIPE", "alarm", "setitimer", "pthread_sigmask"]
FUNCTIONS = [
    "fork",
    "getuid",
    "geteuid",
    "getpgid",
    "killpg",
    "setsid",
    "sysconf",
    "uname",
    "mkfifo",
    "register_at_fork",
    "sched_getaffinity",
    "statvfs",
    "fchmod",
]

# Imports every module of the packages where all that is missing. Others' packages need it here, and are imported before.
IMPORT_ALL = f"""
import builtins, importlib, json, os, pkgutil, signal, sys
for name in "asyncio concurrent.futures.process huggingface_hub multiprocessing.pool pooch subprocess tensorflow albert.keras".split():
    importlib.import_module(name)
original = builtins.__import__
def import_(name, globals=None, locals=None, fromlist=(), level=0):
    ours = (globals or {{}}).get("__name__", "").split(".")[0] in ("albert", "ner", "run_ner", "run_pretraining")
    if ours and name.split(".")[0] in {MODULES}:
        raise ImportError("POSIX only: " + name)
    return original(name, globals, locals, fromlist, level)
builtins.__import__ = import_
for module, names in ((signal, {SIGNALS}), (os, {FUNCTIONS})):
    for name in names:
        if hasattr(module, name):
            delattr(module, name)
imported, failed = 0, {{}}
for package in ("albert", "ner"):
    for module in pkgutil.walk_packages(importlib.import_module(package).__path__, package + "."):
        if not module.name.endswith("__main__"):
            try:
                importlib.import_module(module.name)
                imported += 1
            except BaseException as e:
                failed[module.name] = f"{{type(e).__name__}}: {{e}}"
importlib.import_module("run_ner")
importlib.import_module("run_pretraining")
print(json.dumps([imported, failed]))
"""


def test_no_module_needs_posix():
    result = subprocess.run([sys.executable, "-c", IMPORT_ALL], capture_output=True, text=True, cwd=ROOT, check=False)
    assert result.returncode == 0, result.stderr
    imported, failed = json.loads(result.stdout.splitlines()[-1])
    assert imported > 100
    # An extra that is not installed here is another matter.
    assert {name: error for name, error in failed.items() if "POSIX only" in error or "AttributeError" in error} == {}


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ("sys.version_info = (3, 14, 0); platform.python_version = lambda: '3.14.0'", "Python 3.14.0 on "),
        ("platform.machine = lambda: 'riscv64'", " riscv64, expected "),
        ("sys.platform = 'linux'; platform.libc_ver = lambda: ('', '')", " without glibc, expected "),
        ("sys.maxsize = 2**31 - 1", ", expected a 64-bit Python "),
    ],
)
def test_an_unsupported_machine_is_told_what_to_do(change, found):
    run = "import runpy; runpy.run_path('setup.py', run_name='__main__')"
    code = f"import platform, sys, setuptools; sys.argv = ['setup.py', '--name']; {change}; {run}"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=False)
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr.startswith("albert-ner: found Python ") and result.stderr.count("\n") == 1
    assert found in result.stderr and "uv venv --python 3.12" in result.stderr


@pytest.fixture(name="requirements", scope="module")
def _requirements():
    """What setup.py gives as ``install_requires``."""
    given = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(setuptools, "setup", given.update)
        patch.setattr(sys, "argv", ["setup.py"])
        patch.chdir(ROOT)
        runpy.run_path("setup.py")
    return [Requirement(line) for line in given["install_requires"]]


@pytest.mark.parametrize("python", PYTHONS)
@pytest.mark.parametrize("system", SYSTEMS)
def test_each_machine_has_one_stack(requirements, system, python):
    environment = {**SYSTEMS[system][1], "python_version": python, "python_full_version": f"{python}.0"}
    needed = [r for r in requirements if r.marker is None or r.marker.evaluate(environment)]
    names = [r.name for r in needed]
    assert len(names) == len(set(names))
    reference = python in ("3.9", "3.10", "3.11") and system not in ("Linux aarch64", "Windows x86-64")
    assert ("tensorflow-addons" in names, "tf-keras" in names) == (reference, not reference)
    tensorflow = next(r.specifier for r in needed if r.name == "tensorflow")
    assert {version: version in tensorflow for version in ("2.15.1", "2.16.2", "2.21.0")} == {
        "2.15.1": reference,
        "2.16.2": not reference,
        "2.21.0": not reference,
    }
