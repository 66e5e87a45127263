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

import tensorflow as tf

from albert.training.precision import Precision
from ner.export.files import copy_files
from ner.export.module import ServingModule
from ner.export.network import FrozenNetwork
from ner.export.quantization import quantize
from ner.export.quiet import quiet_log
from ner.export.warmup import write_warmup
from ner.model.network import TaggerModel


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


def export_saved_model(path, directory, config, tokenizer, precision, decoding, files):
    """Write a version but for its provenance.

    Args:
      path: directory to write to.
      directory: the ``ModelDir`` of the tagger.
      config: its ``TaggerConfig``.
      tokenizer: its tokenizer.
      precision: ``float32``, ``bfloat16`` or ``int8``.
      decoding: ``DecodingOptions``.
      files: paths of what is copied into its assets.
    """
    with Precision("bfloat16" if precision == "bfloat16" else "off", "as asked for").scope():
        model = TaggerModel(config)
    directory.read_weights(model)
    network = FrozenNetwork.of(model)
    if precision == "int8":
        network, products = quantize(network)
        print(f"int8: {len(products)} matrix products")
    write_saved_model(path, ServingModule(network, model.chain, config, tokenizer, decoding), files, config.window)
