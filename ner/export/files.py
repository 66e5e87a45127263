"""Files that every export has beside its network."""

import os
import shutil
from collections.abc import Iterable

from albert.errors import UserError
from ner.model.directory import LABELS_FILE, LEXICON_FILE


def files_of(directory, config, tokenizer) -> list[str]:
    """Paths of what an export needs besides the network: tags, settings, the tokenizer's file and a lattice's words."""
    names = [LABELS_FILE, "model.json", os.path.basename(tokenizer.path)]
    return [directory.file(name) for name in names + ([LEXICON_FILE] if config.lattice is not None else [])]


def copy_files(files: Iterable[str], directory: str) -> None:
    """Copy files of a training output into a directory; UserError naming one that is not there."""
    for file in files:
        try:
            shutil.copyfile(file, os.path.join(directory, os.path.basename(file)))
        except FileNotFoundError as e:
            raise UserError(f"{file}: no such file, expected what training wrote there") from e
