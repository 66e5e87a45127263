"""The wheel holds what the checkout holds, and is all it takes: an editable install, which the other tests run in, would not notice."""

import os
import pathlib
import subprocess
import sys
import sysconfig
import zipfile

import pytest

ROOT = pathlib.Path(__file__).parents[1]


@pytest.fixture(name="wheel", scope="module")
def _wheel(tmp_path_factory):
    work = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "setup.py", "-q", "egg_info", "-e", work]
        + ["build", "-b", work / "build", "bdist_wheel", "-b", work / "wheel", "-d", work / "dist"],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    (wheel,) = (work / "dist").iterdir()
    return wheel


def test_wheel_has_every_module_and_data_file(wheel):
    with zipfile.ZipFile(wheel) as archive:
        packed = {name for name in archive.namelist() if ".dist-info/" not in name}
    expected = {
        str(path.relative_to(ROOT))
        for package in ("albert", "ner")
        for path in (ROOT / package).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    flagfiles = {str(path.relative_to(ROOT)) for path in (ROOT / "flags").rglob("*") if path.is_file()}
    assert packed == {*expected, *(f"ner/{path}" for path in flagfiles), "run_ner.py"}


def test_installed_wheel_tags_text(wheel, tmp_path):
    """In an environment of its own, outside the checkout; the dependencies are those of this one, so that no index is needed."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", tmp_path / "venv"], check=True)
    python = tmp_path / "venv" / "bin" / "python"
    subprocess.run(
        [
            sys.executable,
            "-m",
            "pip",
            "--python",
            python,
            "--disable-pip-version-check",
            "install",
            "--quiet",
            "--no-deps",
            "--no-index",
            wheel,
        ],
        check=True,
    )
    (packages,) = (tmp_path / "venv").glob("lib/python*/site-packages")
    # As a plain path: .pth files in it, that of the editable install above all, are not followed.
    others = {sysconfig.get_path(name) for name in ("purelib", "platlib")}
    (packages / "dependencies.pth").write_text("".join(f"{path}\n" for path in sorted(others)))
    environment = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "ALBERT_NER_MODEL")}
    where = subprocess.run(
        [python, "-c", "import ner; print(ner.__file__)"], env=environment, cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert pathlib.Path(where.stdout.strip()) == packages / "ner" / "__init__.py"
    text = "江苏省委书记到上海交通大学看望李明教授。"
    result = subprocess.run(
        [tmp_path / "venv" / "bin" / "albert-ner", "tag", "--output_format=inline"],
        input=text.encode(),
        env=environment,
        cwd=tmp_path,
        capture_output=True,
        check=False,
    )
    assert (result.returncode, result.stderr) == (0, b"")
    assert "[上海交通大学|ORG]看望[李明|PER]教授。" in result.stdout.decode()
