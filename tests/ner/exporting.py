"""What the tests of exports share: a small tagger on disk, and texts."""

import numpy as np
import tensorflow as tf

from albert import AlbertConfig
from ner.config import TaggerConfig
from ner.model_dir import BEST_WEIGHTS, ModelDir
from ner.models import TaggerModel
from ner.tags import TagSet

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


def save_tagger(path, config=CONFIG, seed=5):
    """Write a tagger with random weights, large enough to find many entities, as training would; returns its ``ModelDir``."""
    path.mkdir()
    directory = ModelDir(path)
    directory.write_config(config)
    with open(directory.vocab_file, "w", encoding="utf-8", newline="\n") as f:
        f.writelines(f"{token}\n" for token in VOCABULARY)
    tf.keras.utils.set_random_seed(seed)
    model = TaggerModel(config)
    random = np.random.default_rng(seed)
    for name, variable in model.weight_map().items():
        # A CRF of zeros prefers no tag to another, so that entities are many and short.
        if not name.startswith("crf/"):
            variable.assign(variable + 0.5 * random.normal(size=variable.shape).astype(np.float32))
    directory.write_weights(BEST_WEIGHTS, model)
    return directory


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
