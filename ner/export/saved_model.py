"""A version as TensorFlow Serving loads it.

::

    BASE/<version>/saved_model.pb, variables/, fingerprint.pb
                   assets/labels.txt         one tag per line, in the order of their ids
                   assets/model.json         architecture, tags and text settings (TaggerConfig)
                   assets/vocab.txt          or spm.model: the tokenizer's file
                   assets/lexicon.txt        words of a lattice; other models have none
                   assets/provenance.json    what the version was made from, with what, and what was measured
                   assets.extra/…            warm-up requests
"""

import os
import shutil

import tensorflow as tf

from albert.errors import UserError
from ner.export.quiet import quiet_log
from ner.export.warmup import write_warmup


def copy_files(files, directory):
    """Copy files of a training output into a directory; UserError naming one that is not there."""
    for file in files:
        try:
            shutil.copyfile(file, os.path.join(directory, os.path.basename(file)))
        except FileNotFoundError as e:
            raise UserError(f"{file}: no such file, expected what training wrote there") from e


def write_saved_model(path, module, files, window):
    """Write a version but for its provenance.

    Args:
      path: directory to write to.
      module: a :class:`ner.export.module.ServingModule`.
      files: paths of what is copied into its assets.
      window: characters per window.

    Raises:
      UserError: one of the files is not there.
    """
    assets = os.path.join(path, "assets")
    os.makedirs(assets, exist_ok=True)
    copy_files(files, assets)
    signatures = module.signatures()
    with quiet_log():
        tf.saved_model.save(module, path, signatures=signatures)
    write_warmup(path, window, signatures)
