"""Workloads that are measured: model sizes, weights and sentences, the same for every side.

Pure Python and NumPy: the processes of every framework import it.
Shapes: B sentences, T characters (T + 2 tokens with [CLS] and [SEP]), V vocabulary, E embedding, H hidden, F feed-forward, L layers,
U LSTM units per direction, K tags.
"""

import dataclasses
import json
import os

import numpy as np

from albert.config import AlbertConfig
from albert.vocabulary import choose_vocabulary, count_characters, write_vocabulary
from ner.data.readers import read_split
from ner.tags import TagSet

LSTM_UNITS = 128
HEAD_DROPOUT = 0.1
MAX_SEQ_LENGTH = 128
TRAIN_BATCH, TAG_BATCH = 16, 64
SCHEME = "BIO"

# The published Chinese models; hidden_act is the tanh form of gelu.
_COMMON = {"vocab_size": 21128, "embedding_size": 128}
SIZES = {
    "tiny": AlbertConfig(**_COMMON, hidden_size=312, num_hidden_layers=4, num_attention_heads=12, intermediate_size=1248),
    "base": AlbertConfig(**_COMMON, hidden_size=768, num_hidden_layers=12, num_attention_heads=12, intermediate_size=3072),
}


@dataclasses.dataclass(frozen=True)
class Case:
    """One thing to measure.

    Attributes:
      task: ``train`` (a step at 16 x 128), ``infer`` (tags at 16 x 128), ``msra`` (texts to entities, batches by length),
        ``msra-padded`` (the other sides pad every sentence to 128) or ``latency`` (one sentence to entities).
      size: key of ``SIZES``.
      precision: ``float32`` or ``bfloat16``.
      dropout: rate inside the encoder; 0 in the published configurations.
      directory: where ``write_inputs`` put weights and sentences.
    """

    task: str
    size: str
    precision: str
    dropout: float
    directory: str

    @property
    def config(self):
        """The encoder's ``AlbertConfig``."""
        return SIZES[self.size].replace(hidden_dropout_prob=self.dropout, attention_probs_dropout_prob=self.dropout)

    def path(self, name):
        """Path of an input file."""
        return os.path.join(self.directory, name)

    def weights(self):
        """dict from canonical name (``TaggerModel.weight_map``) to float32 array."""
        with np.load(self.path(f"weights-{self.size}.npz")) as data:
            return dict(data)

    def batch(self):
        """The fixed batch: ``input_word_ids`` int32 [16, 128], ``lengths`` int32 [16] (96 to 126), ``tag_ids`` int32 [16, 126]."""
        with np.load(self.path("batch.npz")) as data:
            return dict(data)

    def corpus(self):
        """dict with ``texts`` (list of strings), ``sentence`` (the one whose latency is measured) ``types`` and ``tags`` (the K tags)."""
        with open(self.path("corpus.json"), encoding="utf-8") as f:
            return json.load(f)


def write_inputs(directory, data_dir, num_texts, sizes):
    """Write weights, vocabulary and sentences for all cases.

    Args:
      directory: where to.
      data_dir: directory with ``train.txt`` and ``test.txt`` of MSRA.
      num_texts: how many test sentences the ``msra`` tasks tag, evenly spread; 0 for all.
      sizes: keys of ``SIZES``.

    Returns:
      Number of characters in these sentences.
    """
    train, test = read_split(data_dir, "train"), read_split(data_dir, "test")
    tag_set = TagSet.from_tags(train.tag_counts(), SCHEME)
    counts = count_characters(example.text for example in train)
    vocabulary = choose_vocabulary(counts, _COMMON["vocab_size"])
    write_vocabulary(vocabulary, os.path.join(directory, "vocab.txt"))
    texts = [example.text for example in test.examples]
    if num_texts:
        texts = [texts[i] for i in np.linspace(0, len(texts) - 1, num_texts).astype(int)]
    sentence = min(texts, key=lambda text: abs(len(text) - 40))
    with open(os.path.join(directory, "corpus.json"), "w", encoding="utf-8") as f:
        json.dump({"texts": texts, "sentence": sentence, "types": list(tag_set.types), "tags": list(tag_set.tags)}, f, ensure_ascii=False)
    np.savez(os.path.join(directory, "batch.npz"), **_fixed_batch(train, tag_set, vocabulary))
    for size in sizes:
        np.savez(os.path.join(directory, f"weights-{size}.npz"), **random_weights(SIZES[size], len(tag_set)))
    return sum(map(len, texts))


def fixed_lengths():
    """Characters in the rows of the fixed batch: int32 [16], 96 to 126."""
    return np.linspace(96, MAX_SEQ_LENGTH - 2, TRAIN_BATCH).astype(np.int32)


def _fixed_batch(corpus, tag_set, vocabulary):
    """Running text of the training set cut to rows of 96, 98, … 126 characters: some padding, as real batches have."""
    ids = {token: i for i, token in enumerate(vocabulary)}
    width, lengths = MAX_SEQ_LENGTH - 2, fixed_lengths()
    needed = int(lengths.sum())
    characters, tags = [], []
    for example in corpus:
        characters += example.text
        tags += example.tags
        if len(characters) >= needed:
            break
    words = np.full([TRAIN_BATCH, width + 2], ids["[PAD]"], np.int32)
    words[:, 0] = ids["[CLS]"]
    tag_ids = np.zeros([TRAIN_BATCH, width], np.int32)
    start = 0
    for row, length in enumerate(lengths):
        words[row, 1 : length + 1] = [ids.get(c, ids["[UNK]"]) for c in characters[start : start + length]]
        words[row, length + 1] = ids["[SEP]"]
        tag_ids[row, :length] = tag_set.encode(tags[start : start + length])
        start += length
    return {"input_word_ids": words, "lengths": lengths, "tag_ids": tag_ids}


def random_weights(config, num_tags, seed=7):
    """Weights under the names of ``TaggerModel.weight_map``, of the sizes training starts from: float32 arrays."""
    h, e, f, u = config.hidden_size, config.embedding_size, config.intermediate_size, LSTM_UNITS
    block = "encoder/group_0"
    shapes = {
        "encoder/embeddings/word": [config.vocab_size, e],
        "encoder/embeddings/position": [config.max_position_embeddings, e],
        "encoder/embeddings/type": [config.type_vocab_size, e],
        "encoder/embeddings/projection/kernel": [e, h],
        "encoder/embeddings/projection/bias": [h],
        **{f"{block}/attention/{part}/kernel": [h, h] for part in ("query", "key", "value", "output")},
        **{f"{block}/attention/{part}/bias": [h] for part in ("query", "key", "value", "output")},
        f"{block}/ffn/intermediate/kernel": [h, f],
        f"{block}/ffn/intermediate/bias": [f],
        f"{block}/ffn/output/kernel": [f, h],
        f"{block}/ffn/output/bias": [h],
        "encoder/pooler/kernel": [h, h],
        "encoder/pooler/bias": [h],
        **{f"rnn/{direction}/kernel": [h, 4 * u] for direction in ("forward", "backward")},
        **{f"rnn/{direction}/recurrent_kernel": [u, 4 * u] for direction in ("forward", "backward")},
        **{f"rnn/{direction}/bias": [4 * u] for direction in ("forward", "backward")},
        "emissions/kernel": [2 * u, num_tags],
        "emissions/bias": [num_tags],
        "crf/transitions": [num_tags, num_tags],
        "crf/start": [num_tags],
        "crf/end": [num_tags],
    }
    random = np.random.default_rng(seed)
    # The head's weights are larger than training starts with, so that the best tag differs from character to character.
    scale = {"rnn": 0.05, "emissions": 2.0, "crf": 0.5}
    weights = {
        name: (scale.get(name.split("/", maxsplit=1)[0], config.initializer_range) * random.normal(size=shape)).astype(np.float32)
        for name, shape in shapes.items()
    }
    for norm, width in (("encoder/embeddings/norm", e), (f"{block}/attention/norm", h), (f"{block}/ffn/norm", h)):
        # Not 1 and 0, which no trained model has and which constant folding takes away.
        weights[f"{norm}/gamma"] = (1.0 + 0.1 * random.normal(size=width)).astype(np.float32)
        weights[f"{norm}/beta"] = (0.1 * random.normal(size=width)).astype(np.float32)
    return weights


def forward_flops(config, tokens, row_length):
    """Floating-point operations of one forward pass's matrix products, a multiply-add being two; a training step has three times as many.

    Args:
      config: ``AlbertConfig``.
      tokens: rows of the matrix products. Without padding: what has to be computed, whether or not a side computes more.
      row_length: tokens per sequence, over which attention runs.
    """
    h, f, e, u = config.hidden_size, config.intermediate_size, config.embedding_size, LSTM_UNITS
    layer = 4 * h * h + 2 * h * f + 2 * row_length * h
    bilstm = 2 * 4 * u * (h + u)
    return 2 * tokens * (config.num_hidden_layers * layer + e * h + bilstm)
