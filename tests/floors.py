"""The floors of ``albert`` and ``ner``.

A room is a folder, or a module that lies beside the folders. It knows the rooms of floors below its own, and no other.
"""

# From the ground up.
FLOORS = {
    "errors, arithmetic": "albert.arithmetic albert.errors albert.lazy albert.moved albert.optimization albert.pretrained albert.process",
    "foreign bytes, layers": "albert albert.foreign albert.layers albert.lock albert.text_file",
    "the encoder, files": "albert.encoder albert.fields albert.files",
    "commands' frame, a tokenizer's file": "albert.command albert.tokenizer_json",
    "tokenizers": "albert.tokenization",
    "formats, the vocabulary": "albert.formats albert.vocabulary",
    "the encoder's config, releases": "albert.config albert.hub albert.pretraining_model",
    "checkpoints": "albert.checkpoints",
    "training runs": "albert.training",
    "pretraining": "albert.pretraining",
    "commands of the encoder": "albert.cli",
    "words of the domain": "ner ner.batches ner.entity ner.errors ner.pretrained",
    "schemes, lexicon, clients": "ner.lattice ner.schemes ner.serving_client",
    "tags": "ner.tags",
    "long texts, scores": "ner.evaluation ner.long_text",
    "data, the network": "ner.data ner.model",
    "decoding": "ner.decoding",
    "export": "ner.export",
    "tagging": "ner.tagging",
    "training a tagger": "ner.training",
    "commands of the tagger": "ner.cli",
    "the paper's comparison": "ner.reproduce",
}
