"""Layers above the encoder: recurrent context and the conditional random field."""

import importlib

_EXPORTS = {"BiLSTM": "ner.layers.bilstm", "CRF": "ner.layers.crf"}
__all__ = ["CRF", "BiLSTM"]


def __getattr__(name):
    if name not in _EXPORTS:
        raise AttributeError(f"module 'ner.layers' has no attribute {name!r}")
    return getattr(importlib.import_module(_EXPORTS[name]), name)
