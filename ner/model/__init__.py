"""The network of a tagger: its settings, its layers and the directory a trained one is kept in."""

from albert import lazy

_EXPORTS = {"BiLSTM": "ner.model.recurrent.bilstm", "CRF": "ner.model.crf.layer"}
__all__ = ["CRF", "BiLSTM"]
__getattr__, __dir__ = lazy.exports(__name__, _EXPORTS)
