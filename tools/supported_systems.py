"""Ask pip which systems and Pythons have wheels for everything that albert-ner needs, and print README's table of them.

    .venv/bin/python -m tools.supported_systems

Run where albert-ner is installed: its requirements are read from there. pip is asked for wheels only, and installs nothing.
"""

import argparse
import importlib.metadata
import json
import subprocess
import sys
import tempfile

PYTHONS = ("3.9", "3.10", "3.11", "3.12", "3.13")
_LINUX = ("manylinux_2_28", "manylinux_2_27", "manylinux_2_26", "manylinux_2_24", "manylinux_2_17", "manylinux2014")
# Name in the table: (pip's names of the platform, values of the markers that differ between systems).
SYSTEMS = {
    "Linux x86-64": (
        [f"{name}_x86_64" for name in (*_LINUX, "manylinux2010", "manylinux1")],
        {"sys_platform": "linux", "platform_system": "Linux", "platform_machine": "x86_64", "os_name": "posix"},
    ),
    "Linux aarch64": (
        [f"{name}_aarch64" for name in _LINUX],
        {"sys_platform": "linux", "platform_system": "Linux", "platform_machine": "aarch64", "os_name": "posix"},
    ),
    "macOS arm64": (
        ["macosx_14_0_arm64"],
        {"sys_platform": "darwin", "platform_system": "Darwin", "platform_machine": "arm64", "os_name": "posix"},
    ),
    "macOS x86-64": (
        ["macosx_14_0_x86_64"],
        {"sys_platform": "darwin", "platform_system": "Darwin", "platform_machine": "x86_64", "os_name": "posix"},
    ),
    "Windows x86-64": (
        ["win_amd64"],
        {"sys_platform": "win32", "platform_system": "Windows", "platform_machine": "AMD64", "os_name": "nt"},
    ),
}
# pip takes --platform for the wheels only; what markers say it takes from the machine it runs on.
_PIP = """
import json, sys
from pip._vendor.packaging import markers
here = markers.default_environment()
there = json.loads(sys.argv.pop(1))
markers.default_environment = lambda: {**here, **there}
from pip._internal.cli.main import main
sys.exit(main(sys.argv[1:]))
"""


def requirements(package="albert-ner"):
    """Requirements of the installed package without its extras: list of str."""
    return [line for line in importlib.metadata.requires(package) if "extra ==" not in line]


def resolve(system, python, needed):
    """The versions pip would install.

    Args:
      system: a key of ``SYSTEMS``.
      python: a version such as ``3.12``.
      needed: requirements.

    Returns:
      (dict from package to version, or None where something has no wheel; pip's last line about it).
    """
    platforms, environment = SYSTEMS[system]
    environment = {**environment, "python_version": python, "python_full_version": f"{python}.0"}
    with tempfile.TemporaryDirectory() as work:
        command = [sys.executable, "-c", _PIP, json.dumps(environment), "install", "--quiet", "--disable-pip-version-check", "--dry-run"]
        command += [
            "--only-binary=:all:",
            f"--python-version={python}",
            f"--target={work}",
            "--ignore-installed",
            f"--report={work}/report",
        ]
        command += [f"--platform={name}" for name in platforms]
        result = subprocess.run([*command, *needed], capture_output=True, text=True, check=False)
        if result.returncode:
            errors = [line for line in result.stderr.splitlines() if line.startswith("ERROR:")]
            return None, errors[-1] if errors else result.stderr.strip()[-200:]
        with open(f"{work}/report", encoding="utf-8") as f:
            found = json.load(f)["install"]
    return {item["metadata"]["name"].lower().replace("_", "-"): item["metadata"]["version"] for item in found}, ""


def describe(versions):
    """A cell of the table: TensorFlow's version, and the CRF where it is tensorflow-addons'."""
    if versions is None:
        return "–"
    return versions["tensorflow"] + (" + addons" if "tensorflow-addons" in versions else "")


def main():
    """Print the table; what has no wheels, with pip's reason, goes to standard error."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--systems", nargs="*", default=list(SYSTEMS), choices=list(SYSTEMS), help="only these")
    needed = requirements()
    print(f"| | {' | '.join(f'Python {python}' for python in PYTHONS)} |")
    print(f"|---|{'---|' * len(PYTHONS)}")
    for system in parser.parse_args().systems:
        cells = []
        for python in PYTHONS:
            versions, reason = resolve(system, python, needed)
            cells.append(describe(versions))
            if reason:
                print(f"{system}, Python {python}: {reason}", file=sys.stderr)
        print(f"| {system} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
