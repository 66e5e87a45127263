"""Finding the files of a data directory by the names they usually have."""

import os
import re

from ner.errors import DataError

SPLITS = {"train": ("train", "training"), "dev": ("dev", "valid", "validation", "val"), "test": ("test",)}

_SAVED = "dataset_info.json"

# Files that stand beside data: descriptions, archives, copies, caches.
_OTHER_SUFFIXES = {
    "md",
    "rst",
    "py",
    "sh",
    "log",
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


# Looked at only where no other file is the split's: tables often stand beside data.
_TABLES = ("csv",)


def find_split(data_dir, split, required=False):
    """The file of one split, or the directory.

    A file belongs to a split if one of the words of its name, taken apart at ``.``, ``_`` and ``-``, is the split's name
    (``train.txt``, ``train.char.bmes``, ``example.train``, ``msra_train_bio.txt``); ``valid``, ``validation`` and ``val``
    also mean dev. Of a text with brat's entities beside it (``train.txt`` and ``train.ann``) it is the latter. A directory has to have the
    split's name, and brat's files or those of HuggingFace datasets in it.

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
        entries = sorted(os.scandir(data_dir), key=lambda entry: entry.name)
        names = [entry.name for entry in entries if entry.is_file() or _is_data_directory(entry)]
    except OSError as e:
        raise DataError(f"{data_dir}: cannot read the data directory: {e.strerror}") from e
    found = [name for name in names if _split_of(name) == split]
    found = [name for name in found if f"{os.path.splitext(name)[0]}.ann" not in found or name.endswith(".ann")]
    found = [name for name in found if name.lower().rpartition(".")[2] not in _TABLES] or found
    if len(found) > 1:
        raise DataError(f"{data_dir}: found {' and '.join(found)}, expected one {split} file")
    if not found and required:
        raise DataError(f"{data_dir}: found no {split} file, expected one named like {split}.txt or {split}.json")
    return os.path.join(data_dir, found[0]) if found else None


def files_of(path):
    """The files of a split that :func:`find_split` found: a list of paths; the first gives it its name."""
    if os.path.isdir(path):
        return [os.path.join(path, name) for name in sorted(os.listdir(path)) if os.path.isfile(os.path.join(path, name))]
    text = f"{os.path.splitext(path)[0]}.txt"
    return [path, text] if path.endswith(".ann") and os.path.isfile(text) else [path]


def _is_data_directory(entry):
    if not entry.is_dir() or entry.name.lower() not in set().union(*SPLITS.values()):
        return False
    return any(name == _SAVED or name.endswith(".ann") for name in os.listdir(entry.path))


def _split_of(name):
    """The split a file name speaks of, None if it speaks of none or several."""
    words = re.split(r"[._-]", name.lower())
    if name.startswith(".") or name.endswith("~") or words[-1] in _OTHER_SUFFIXES:
        return None
    splits = [split for split, aliases in SPLITS.items() if set(words) & set(aliases)]
    return splits[0] if len(splits) == 1 else None
