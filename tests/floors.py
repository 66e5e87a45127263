"""The floors of ``albert`` and ``ner``: a folder knows those on floors below its own, and no other.

Modules that lie beside the folders stand where what they import lets them.
"""

# From the ground up.
FLOORS = {
    "arithmetic": "albert.arithmetic albert.onnx albert.pretrained",
    "published formats": "albert.formats",
    "weights from the network": "albert.hub",
    "checkpoints": "albert.checkpoints",
    "training runs": "albert.training",
    "pretraining": "albert.pretraining",
    "commands of the encoder": "albert.cli",
    "for people to look at": "ner.display",
    "batches, lexicon, clients": "ner.batches ner.lattice ner.pretrained ner.serving_client",
    "long texts, scores": "ner.evaluation ner.long_text",
    "data, the network": "ner.data ner.model",
    "decoding": "ner.decoding",
    "export": "ner.export",
    "tagging": "ner.tagging",
    "training a tagger": "ner.training",
    "serving": "ner.server",
    "the paper's comparison": "ner.reproduce",
    "commands of the tagger": "ner.cli",
}
