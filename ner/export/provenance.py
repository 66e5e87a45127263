"""Provenance of an exported model, ``provenance.json``: its sources, tools and measurements."""

import os

from albert.files import sha256
from ner.model import environment, run_record

PROVENANCE = "provenance.json"


def describe(directory, export_format, precision, decoding):
    """The provenance of an export.

    Args:
      directory: the ``ModelDir`` it is made from.
      export_format: ``savedmodel`` or ``onnx``.
      precision: ``float32``, ``bfloat16`` or ``int8``.
      decoding: ``DecodingOptions``.

    Returns:
      JSON-ready dict: these, the weights' file and SHA-256, the record of the training run if there is one, and versions and hardware.
    """
    weights = directory.weights_name()
    return {
        "format": export_format,
        "precision": precision,
        "constrained_decoding": decoding.constrained_decoding,
        "visible_edges": decoding.edges,
        "edge_punctuation": decoding.edge_punctuation,
        "weights": {"file": weights, "sha256": sha256(directory.file(weights))},
        "training": without_directories(run_record.read(directory)) if run_record.is_there(directory) else None,
        **environment.describe(),
    }


def without_directories(record):
    """A run's record with only the last part of every absolute path that its flags name: an export is given to others."""
    flags = [session.get("flags", {}) for session in record.get("sessions", [])]
    values = [value for own in flags for flag in own.values() for value in (flag if isinstance(flag, list) else [flag])]
    # Without the slash at their end, which would be taken out of the middle of longer ones; longest first: one may be in another.
    given = {value.rstrip(os.sep) for value in values if isinstance(value, str) and os.path.isabs(value)}
    paths = sorted(given - {""}, key=len, reverse=True)

    def shorten(value):
        if isinstance(value, dict):
            return {key: shorten(own) for key, own in value.items()}
        if isinstance(value, list):
            return [shorten(own) for own in value]
        if isinstance(value, str):
            for path in paths:
                value = value.replace(path, os.path.basename(os.path.normpath(path)))
        return value

    return shorten(record)
