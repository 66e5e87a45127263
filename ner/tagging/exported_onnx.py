"""An exported version for ONNX Runtime in Python. Needs no TensorFlow."""

import os
from typing import Optional

from albert.checkpoints.files.safetensors import SafetensorsFile
from ner.decoding.gazetteer import Gazetteer
from ner.export.onnx import INT8_WEIGHTS
from ner.export.versions import ONNX_MODEL
from ner.model.directory import BEST_WEIGHTS, ModelDir
from ner.tagging.export_files import read_export
from ner.tagging.light import LightPredictor, chain_of
from ner.tagging.sessions import Session


def of_export(directory: str, batch_size: int = 64, gazetteer: Optional[Gazetteer] = None) -> LightPredictor:
    """The predictor of an exported version.

    Args:
      directory: the version's.
      batch_size: windows per batch.
      gazetteer: a ``Gazetteer``, or None.

    Raises:
      UserError: it is broken.
    """
    found = read_export(directory)
    stored = found.provenance.get("weights")
    name = os.path.basename(str(stored["file"])) if isinstance(stored, dict) and "file" in stored else BEST_WEIGHTS
    if found.provenance.get("precision") == "int8":
        name = INT8_WEIGHTS
    weights = SafetensorsFile(os.path.join(directory, name))
    for problem in weights.problems:
        raise problem
    tokenizer = ModelDir(directory).read_tokenizer(found.config)
    session = Session(os.path.join(directory, ONNX_MODEL))
    predictor = LightPredictor(
        session, chain_of(found.config, weights.read_finite), found.config, tokenizer, batch_size, found.decoding, gazetteer
    )
    predictor.provenance = found.provenance
    return predictor
