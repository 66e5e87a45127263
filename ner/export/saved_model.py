"""The version directories that TensorFlow Serving loads.

::

    BASE/<version>/saved_model.pb, variables/, fingerprint.pb
                   assets/labels.txt         one tag per line, in the order of their ids
                   assets/model.json         architecture, tags and text settings (TaggerConfig)
                   assets/vocab.txt          or spm.model: the tokenizer's file
                   assets/lexicon.txt        words of a lattice; other models have none
                   assets/provenance.json    what the version was made from, with what, and what was measured
                   assets.extra/…            warm-up requests
"""

import contextlib
import os
import secrets
import shutil

import tensorflow as tf
from absl import logging

from albert.errors import UserError
from ner.export.warmup import write_warmup

PROVENANCE = "provenance.json"
MODEL_FILE = "saved_model.pb"


def versions(base):
    """Numbers of the version directories in ``base``, ascending; what TensorFlow Serving would count as one."""
    if not os.path.isdir(base):
        return []
    return sorted(int(name) for name in os.listdir(base) if name.isascii() and name.isdigit() and os.path.isdir(os.path.join(base, name)))


def is_export(path):
    """Whether a path is an exported model: a version directory, or the directory of its versions."""
    return _find(path) is not None


def version_directory(path):
    """``path`` if it is a version directory, else its newest one. Raises UserError when there is none."""
    found = _find(path)
    if found is None:
        raise UserError(f"{path}: found no exported model, expected version directories (1, 2, …) with a {MODEL_FILE}")
    return found


def _find(path):
    candidates = [path, *(os.path.join(path, str(version)) for version in reversed(versions(path)))]
    return next((candidate for candidate in candidates if os.path.isfile(os.path.join(candidate, MODEL_FILE))), None)


def choose_version(base, version=0):
    """The number of a new version.

    Args:
      base: directory of the versions.
      version: the number wanted; 0 for one more than the largest there is.

    Raises:
      UserError: it is negative, or exists.
    """
    if not version:
        return max(versions(base), default=0) + 1
    if version < 0:
        raise UserError(f"--export_version: found {version}, expected a positive number")
    if version in versions(base):
        raise _exists(os.path.join(base, str(version)))
    return version


def _exists(path):
    return UserError(f"--export_version: {path} exists and is not overwritten; choose another number")


@contextlib.contextmanager
def new_version(base, version):
    """A directory to write a version to, renamed to ``BASE/<version>`` when the block ends without an exception, else removed.

    Its name until then is no number, so that a server that watches ``base`` does not take it for a version.

    Raises:
      UserError: ``base`` cannot be written to, or the version came into being meanwhile.
    """
    target = os.path.join(base, str(version))
    temporary = os.path.join(base, f".{version}.{secrets.token_hex(4)}.tmp")
    try:
        os.makedirs(temporary)
    except OSError as e:
        raise UserError(f"--export_dir: cannot write to {base}: {e.strerror}") from e
    try:
        yield temporary
        if os.path.exists(target):
            raise _exists(target)
        os.rename(temporary, target)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def write_saved_model(path, module, files, window):
    """Write a version but for its provenance.

    Args:
      path: directory to write to.
      module: a :class:`ner.export.module.ServingModule`.
      files: paths of what is copied into its assets.
      window: characters per window.
    """
    signatures = module.signatures()
    with _quiet():
        tf.saved_model.save(module, path, signatures=signatures)
    assets = os.path.join(path, "assets")
    os.makedirs(assets, exist_ok=True)
    for file in files:
        shutil.copyfile(file, os.path.join(assets, os.path.basename(file)))
    write_warmup(path, window, signatures)


@contextlib.contextmanager
def _quiet():
    """Without the lines TensorFlow logs about the temporary directory."""
    verbosity = logging.get_verbosity()
    logging.set_verbosity(logging.WARNING)
    try:
        yield
    finally:
        logging.set_verbosity(verbosity)
