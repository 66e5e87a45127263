"""The command's memory while it reads more than fits: a million short lines, a document of a million characters."""

import json
import pathlib
import random
import re
import subprocess
import sys

import pytest

from tests.ner.tiny import CHARACTERS, tiny_model_dir

ROOT = pathlib.Path(__file__).resolve().parents[3]

needs_proc = pytest.mark.skipif(not pathlib.Path("/proc/self/status").exists(), reason="no /proc")


class Tagging:
    """``albert-ner tag`` on a file, in a process whose memory can be looked at."""

    def __init__(self, directory, path):
        model = directory / "model"
        if not model.exists():
            tiny_model_dir(model)
        command = [sys.executable, "-m", "ner.cli", "tag", f"--model_dir={model}", str(path)]
        self._process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.output = self._process.stdout

    def megabytes(self, name):
        """``VmRSS``, what is resident now, or ``VmHWM``, the most that ever was."""
        status = pathlib.Path(f"/proc/{self._process.pid}/status").read_text(encoding="ascii")
        return int(re.search(rf"{name}:\s+(\d+) kB", status).group(1)) / 1024

    def finish(self):
        """Wait for the end, which must be a good one."""
        assert self._process.communicate(timeout=60) == (b"", b"")
        assert self._process.returncode == 0


def random_line(rng, length):
    return "".join(rng.choices(CHARACTERS, k=length))


@needs_proc
@pytest.mark.slow
def test_a_million_short_lines(tmp_path):
    rng = random.Random(1)
    path = tmp_path / "lines.txt"
    with open(path, "w", encoding="utf-8") as f:
        f.writelines(f"{random_line(rng, rng.randrange(1, 20))}\n" for _ in range(1_000_000))
    tagging = Tagging(tmp_path, path)
    resident = {}
    with open(path, encoding="utf-8") as f:
        for number, (text, line) in enumerate(zip(f, tagging.output), 1):
            assert json.loads(line)["text"] == text[:-1]
            if number % 100_000 == 0 and number < 1_000_000:
                resident[number] = tagging.megabytes("VmRSS")
    tagging.finish()
    print(resident)
    assert number == 1_000_000
    assert resident[900_000] - resident[100_000] < 10


@needs_proc
@pytest.mark.slow
def test_a_document_of_a_million_characters(tmp_path):
    peaks = {}
    for length in (100_000, 1_000_000):
        text = random_line(random.Random(length), length)
        path = tmp_path / f"{length}.txt"
        path.write_text(text, encoding="utf-8")
        tagging = Tagging(tmp_path, path)
        written = []
        while part := tagging.output.read(1 << 16):
            written.append(part)
            if len(part) == 1 << 16:
                peaks[length] = tagging.megabytes("VmHWM")
        tagging.finish()
        record = json.loads(b"".join(written))
        assert record["text"] == text
        assert all(text[entity["start"] : entity["end"]] == entity["text"] for entity in record["entities"])
        assert len(record["entities"]) > length / 20
    print(peaks)
    # The line, the text decoded from it, and as JSON: a few bytes a character. Its windows, tags and entities would be hundreds.
    assert peaks[1_000_000] - peaks[100_000] < 25
