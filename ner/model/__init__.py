"""The network of a tagger: its settings, its layers and the directory a trained one is kept in."""

import importlib

_EXPORTS = {"BiLSTM": "ner.model.recurrent.bilstm", "CRF": "ner.model.crf.layer"}
__all__ = ["CRF", "BiLSTM"]


def __getattr__(name):
    """Import the module that defines a public name on first use (PEP 562)."""
    if name not in _EXPORTS:
        raise AttributeError(f"module 'ner.model' has no attribute {name!r}")
    return getattr(importlib.import_module(_EXPORTS[name]), name)
