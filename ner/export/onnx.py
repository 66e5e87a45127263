"""A version for ONNX Runtime.

::

    BASE/<version>/model.onnx           the network: word ids in, emissions out, without its weights
                   best.safetensors     its weights as training stored them, and the CRF's; or int8.safetensors
                   labels.txt, model.json, vocab.txt, provenance.json

ONNX Runtime, in any language, reads the weights from where they lie in the other file; nothing is in two files. Texts become ids by one
table from character to id, and tags by the Viterbi algorithm: :class:`ner.tagging.light.LightPredictor` shows how. Needs no TensorFlow.
"""

import os

import numpy as np
from safetensors.numpy import save

from albert.checkpoints.files.safetensors import SafetensorsFile
from albert.checkpoints.files.weights_file import ITEM_SIZE
from albert.errors import FieldError
from albert.files import atomic_write
from albert.onnx.graph import Place
from albert.onnx.products import given_weights
from ner.export.files import copy_files
from ner.export.versions import ONNX_MODEL
from ner.model.graph import emissions_graph, find_obstacle, stored_shapes

INT8_WEIGHTS = "int8.safetensors"


def check(config):
    """Raise UserError if a tagger has no ONNX graph."""
    obstacle = find_obstacle(config)
    if obstacle:
        raise FieldError("{export_format}: found onnx with a {}, expected savedmodel", obstacle)


def export_onnx(path, directory, config, precision, files):
    """Write a version but for its provenance.

    Args:
      path: directory to write to.
      directory: the ``ModelDir`` of the tagger.
      config: its ``TaggerConfig``.
      precision: ``float32`` or ``int8``.
      files: paths of what is copied beside it.

    Returns:
      Name of the file of weights.

    Raises:
      UserError: a file is not there, or the weights are broken.
    """
    graph, plain = emissions_graph(config, precision), emissions_graph(config)
    stored = directory.open_weights(stored_shapes(config, plain))
    read = stored.read_finite
    weights = given_weights(graph, read)  # of all values it is known now that they are numbers
    copy_files(files, path)
    if precision == "int8":
        name = INT8_WEIGHTS
        chain = {key: np.array(read(key)) for key in stored.tensors if key.startswith("crf/")}
        with atomic_write(os.path.join(path, name), "wb") as f:
            f.write(save({key: np.ascontiguousarray(value) for key, value in {**weights, **chain}.items()}))
    else:
        name = directory.weights_name()
        copy_files([directory.file(name)], path)
    with atomic_write(os.path.join(path, ONNX_MODEL), "wb") as f:
        f.write(graph.serialize(places(os.path.join(path, name))))
    return name


def places(path):
    """Of every tensor in a safetensors file its :class:`albert.onnx.graph.Place`."""
    file = SafetensorsFile(path)
    return {
        name: Place(tensor.dtype, os.path.basename(path), file.offset(name), tensor.size * ITEM_SIZE[tensor.dtype])
        for name, tensor in file.tensors.items()
    }
