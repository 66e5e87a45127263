"""Chinese named entity recognition with ALBERT-BiLSTM-CRF.

TensorFlow is imported when the first name that needs it is used, not by ``import ner``.
"""

import importlib

# Sets how loud TensorFlow is before anything here imports it.
import albert  # noqa: F401

_EXPORTS = {
    "Entity": "ner.entity",
    "Tagger": "ner.tagging.tagger",
    "evaluate": "ner.evaluation.scores",
}
__all__ = ["Entity", "Tagger", "evaluate"]


def __getattr__(name):
    """Import the module that defines a public name on first use (PEP 562)."""
    if name not in _EXPORTS:
        raise AttributeError(f"module 'ner' has no attribute {name!r}")
    value = getattr(importlib.import_module(_EXPORTS[name]), name)
    globals()[name] = value
    return value


def __dir__():
    return sorted({*globals(), *_EXPORTS})
