"""Common parts of the tests of exports: a small tagger on disk, and texts."""

import numpy as np

from albert import AlbertConfig
from albert.keras import keras
from ner.model.config import TaggerConfig
from ner.model.directory import BEST_WEIGHTS, ModelDir
from ner.model.network import TaggerModel
from ner.tags import TagSet, spans_from_tags
from tests.commands import run_ner_here

CHARACTERS = "京上海大学书记李明张三去了在aé1。 　"
VOCABULARY = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *CHARACTERS.replace("é", "e").replace(" ", "").replace("　", ""), "\u2028")
CONFIG = TaggerConfig(
    AlbertConfig(
        vocab_size=len(VOCABULARY),
        embedding_size=7,
        hidden_size=22,
        num_hidden_layers=3,
        num_attention_heads=2,
        intermediate_size=13,
        max_position_embeddings=41,
    ),
    TagSet(("LOC", "PER")),
    max_seq_length=19,
    lstm_units=5,
)
EDGE_TEXTS = ("", "京", "\x00", "\ufeff京", "e\u0301é\u2028\u2029\r\n", "\ufdd0\uffff\U0010ffff\ufffd", "京上海大学" * 7)

# A program that runs both signatures of exported versions by tensor name where neither this project nor tensorflow-addons can be imported.
# Standard input: {"versions": paths, "texts": strings, "asked": how many versions answer}; the last line of its output: for each
# version its answers, and the names of its operations that TensorFlow does not know, of its functions that XLA would compile, and of
# its operations on variables.
PLAIN_TENSORFLOW = """
import json, sys
for name in ("tensorflow_addons", "albert", "ner", "run_ner"):
    sys.modules[name] = None
import tensorflow as tf
from tensorflow.python.framework import op_def_registry

def plain(value):
    return value.decode() if isinstance(value, bytes) else [plain(v) for v in value] if isinstance(value, list) else value

def answer(version, texts, asked):
    result = {}
    with tf.compat.v1.Session(graph=tf.Graph()) as session:
        meta = tf.compat.v1.saved_model.loader.load(session, ["serve"], version)
        for name in ("serving_default", "tags") if asked else ():
            signature = meta.signature_def[name]
            assert signature.method_name == "tensorflow/serving/predict"
            outputs = {key: info.name for key, info in signature.outputs.items()}
            values = session.run(outputs, {signature.inputs["text"].name: texts})
            result[name] = {key: plain(value.tolist()) for key, value in values.items()}
    functions = {function.signature.name: function for function in meta.graph_def.library.function}
    nodes = [*meta.graph_def.node, *(node for function in functions.values() for node in function.node_def)]
    result["unknown"] = sorted({node.op for node in nodes if node.op not in functions and op_def_registry.get(node.op) is None})
    result["compiled"] = sorted(
        name for name, f in functions.items() if f.attr["_XlaMustCompile"].b or any("Xla" in node.op for node in f.node_def)
    )
    result["variables"] = sorted({node.op for node in nodes if "Variable" in node.op or node.op == "VarHandleOp"})
    return result

request = json.load(sys.stdin)
asked = request.get("asked", len(request["versions"]))
print(json.dumps([answer(version, request["texts"], i < asked) for i, version in enumerate(request["versions"])]))
"""


def save_tagger(path, config=CONFIG, seed=5, spread=0.5):
    """Write a tagger with random weights, large enough to find many entities, as training would; returns its ``ModelDir``."""
    path.mkdir()
    directory = ModelDir(path)
    directory.write_config(config)
    with open(directory.vocab_file, "w", encoding="utf-8", newline="\n") as f:
        f.writelines(f"{token}\n" for token in VOCABULARY)
    keras.utils.set_random_seed(seed)
    model = TaggerModel(config)
    random = np.random.default_rng(seed)
    for name, variable in model.weight_map().items():
        # A CRF of zeros prefers no tag to another, so that entities are many and short.
        if not name.startswith("crf/"):
            variable.assign(variable + spread * random.normal(size=variable.shape).astype(np.float32))
    directory.write_weights(BEST_WEIGHTS, model)
    return directory


def export(model, base, **flags):
    """Export a training output directory as ``run_ner.py`` does, below the directory ``base``."""
    run_ner_here(do_export=True, model_dir=str(model), export_dir=str(base), **flags)


def random_texts(count, seed=1, longest=60):
    """Strings of all of Unicode but surrogates, half of their characters from the vocabulary; lengths up to ``longest``."""
    random = np.random.default_rng(seed)
    texts = []
    for _ in range(count):
        points = random.integers(0, 0x110000 - 0x800, random.integers(0, longest + 1))
        known = random.integers(0, len(CHARACTERS), len(points))
        characters = [chr(p + 0x800 if p >= 0xD800 else p) for p in points]
        texts.append("".join(CHARACTERS[k] if random.random() < 0.5 else c for c, k in zip(characters, known)))
    return texts


def check_answers(answers, texts, entities):
    """Compares the answers of ``serving_default`` and ``tags`` to some texts, as lists, with the tagger's entities."""
    found = answers["serving_default"]
    assert found["num_entities"] == list(map(len, entities))
    for key in ("start", "end", "label", "text"):
        rows = [row[:count] for row, count in zip(found[f"entity_{key}"], found["num_entities"])]
        assert rows == [[getattr(entity, key) for entity in row] for row in entities]
    for row, own in zip(found["entity_score"], entities):
        np.testing.assert_allclose(row[: len(own)], [entity.score for entity in own], atol=2e-5)
    assert answers["tags"]["length"] == list(map(len, texts))
    tags = [row[:length] for row, length in zip(answers["tags"]["tag"], answers["tags"]["length"])]
    assert [spans_from_tags(row, "BIO") for row in tags] == [[(e.start, e.end, e.label) for e in row] for row in entities]
