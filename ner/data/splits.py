"""Finding the files of a data directory by the names they usually have."""

import os
import re

from ner.errors import DataError

SPLITS = {"train": ("train", "training"), "dev": ("dev", "valid", "validation", "val"), "test": ("test",)}

# Files that stand beside data: descriptions, archives, copies, caches.
_OTHER_SUFFIXES = {
    "md",
    "rst",
    "py",
    "sh",
    "log",
    "csv",
    "sha256",
    "zip",
    "gz",
    "bz2",
    "xz",
    "npz",
    "npy",
    "pkl",
    "bak",
    "orig",
    "tmp",
    "tfrecord",
}


def find_split(data_dir, split, required=False):
    """The file of one split.

    A file belongs to a split if one of the words of its name, taken apart at ``.``, ``_`` and ``-``, is the split's name
    (``train.txt``, ``train.char.bmes``, ``example.train``, ``msra_train_bio.txt``); ``valid``, ``validation`` and ``val``
    also mean dev.

    Args:
      data_dir: the directory; not searched deeper.
      split: ``train``, ``dev`` or ``test``.
      required: whether it is an error if there is none.

    Returns:
      The path, or None if there is no such file and it is not required.

    Raises:
      DataError: the directory is missing or unreadable, or two files claim the split.
    """
    data_dir = os.fspath(data_dir)
    try:
        names = sorted(entry.name for entry in os.scandir(data_dir) if entry.is_file())
    except OSError as e:
        raise DataError(f"{data_dir}: cannot read the data directory: {e.strerror}") from e
    found = [name for name in names if _split_of(name) == split]
    if len(found) > 1:
        raise DataError(f"{data_dir}: found {' and '.join(found)}, expected one {split} file")
    if not found and required:
        raise DataError(f"{data_dir}: found no {split} file, expected one named like {split}.txt or {split}.json")
    return os.path.join(data_dir, found[0]) if found else None


def _split_of(name):
    """The split a file name speaks of, None if it speaks of none or several."""
    words = re.split(r"[._-]", name.lower())
    if name.startswith(".") or name.endswith("~") or words[-1] in _OTHER_SUFFIXES:
        return None
    splits = [split for split, aliases in SPLITS.items() if set(words) & set(aliases)]
    return splits[0] if len(splits) == 1 else None
