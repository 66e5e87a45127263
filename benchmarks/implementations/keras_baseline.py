"""The same tagger written the straightforward way with Keras' own layers, tensorflow-addons' CRF and a plain ``tf.function``.

Rank-3 Dense layers, ``LayerNormalization``, attention by einsum, a masked ``Bidirectional(LSTM)``, batches of any shape.
"""

import math

import numpy as np
import tensorflow as tf

from albert.keras import keras
from benchmarks.workloads import HEAD_DROPOUT, LSTM_UNITS, MAX_SEQ_LENGTH, SCHEME, TAG_BATCH
from ner.model.crf import addons, passes
from ner.model.crf.layer import LinearChain
from ner.tags import spans_from_tags

VERSION = f"TensorFlow {tf.__version__}"
layers = keras.layers


def _decode(emissions, transitions, lengths):
    """Best tags, by tensorflow-addons or, where that is not, by the project's own CRF."""
    if addons.functions is not None:
        return addons.functions.crf_decode(emissions, transitions, lengths)[0]
    zeros = tf.zeros([transitions.shape[0]])
    return LinearChain(tf.convert_to_tensor(transitions), zeros, zeros).decode(emissions, lengths)[0]


def _log_likelihood(emissions, tags, lengths, transitions):
    if addons.functions is not None:
        return addons.functions.crf_log_likelihood(emissions, tags, lengths, transitions)[0]
    return passes.log_likelihood(emissions, tags, lengths, tf.convert_to_tensor(transitions))


class Encoder(layers.Layer):
    """ALBERT: word ids int32 [B, T] and mask bool [B, T] to [B, T, H]."""

    def __init__(self, config):
        super().__init__()
        self.config = config
        width = config.embedding_size
        self.word = layers.Embedding(config.vocab_size, width)
        self.position = layers.Embedding(config.max_position_embeddings, width)
        self.type = layers.Embedding(config.type_vocab_size, width)
        self.norm = layers.LayerNormalization(epsilon=config.layer_norm_eps)
        self.projection = layers.Dense(config.hidden_size)
        self.query, self.key, self.value, self.attention_output = (layers.Dense(config.hidden_size) for _ in range(4))
        self.attention_norm = layers.LayerNormalization(epsilon=config.layer_norm_eps)
        self.intermediate = layers.Dense(config.intermediate_size, activation=lambda x: tf.nn.gelu(x, approximate=True))
        self.output_dense = layers.Dense(config.hidden_size)
        self.output_norm = layers.LayerNormalization(epsilon=config.layer_norm_eps)
        self.dropout = layers.Dropout(config.hidden_dropout_prob)
        self.attention_dropout = layers.Dropout(config.attention_probs_dropout_prob)

    def call(self, word_ids, mask, training):
        x = self.word(word_ids) + self.position(tf.range(tf.shape(word_ids)[1])) + self.type(tf.zeros_like(word_ids))
        x = self.projection(self.dropout(self.norm(x), training=training))
        bias = (1.0 - tf.cast(mask, self.compute_dtype)[:, None, None, :]) * -10000.0
        for _ in range(self.config.num_hidden_layers):
            x = self.attention_norm(x + self.dropout(self._attention(x, bias, training), training=training))
            x = self.output_norm(x + self.dropout(self.output_dense(self.intermediate(x)), training=training))
        return x

    def _attention(self, x, bias, training):
        heads, size = self.config.num_attention_heads, self.config.head_size
        shape = tf.shape(x)

        def split(y):
            return tf.reshape(y, [shape[0], shape[1], heads, size])

        scores = tf.einsum("btnd,bsnd->bnts", split(self.query(x)), split(self.key(x))) / math.sqrt(size) + bias
        probabilities = self.attention_dropout(tf.nn.softmax(scores), training=training)
        context = tf.einsum("bnts,bsnd->btnd", probabilities, split(self.value(x)))
        return self.attention_output(tf.reshape(context, [shape[0], shape[1], heads * size]))


class Tagger(keras.Model):
    """Encoder → dropout → BiLSTM → dropout → emissions; the CRF's scores are weights of the model."""

    def __init__(self, config, num_tags):
        super().__init__()
        self.encoder = Encoder(config)
        self.lstm = layers.Bidirectional(layers.LSTM(LSTM_UNITS, return_sequences=True, dtype="float32"), dtype="float32")
        self.dropout = layers.Dropout(HEAD_DROPOUT, dtype="float32")
        self.emissions = layers.Dense(num_tags, dtype="float32")
        self.transitions, self.start, self.end = (
            self.add_weight(name, shape, dtype="float32", experimental_autocast=False)
            for name, shape in (("transitions", [num_tags, num_tags]), ("start", [num_tags]), ("end", [num_tags]))
        )

    def call(self, word_ids, lengths, training):
        steps = tf.shape(word_ids)[1]
        x = self.encoder(word_ids, tf.sequence_mask(lengths + 2, steps), training)[:, 1:-1]
        x = self.dropout(tf.cast(x, tf.float32), training=training)
        x = self.lstm(x, mask=tf.sequence_mask(lengths, steps - 2))
        emissions = self.emissions(self.dropout(x, training=training))
        first, last = (tf.one_hot(i, steps - 2)[:, :, None] for i in (tf.zeros_like(lengths), lengths - 1))
        return emissions + first * self.start + last * self.end


def prepare(case, side, threads):
    """See ``benchmarks.implementations``."""
    if case.precision == "bfloat16":
        keras.mixed_precision.set_global_policy("mixed_bfloat16")
    corpus, batch = case.corpus(), {name: tf.constant(value) for name, value in case.batch().items()}
    model = Tagger(case.config, len(corpus["tags"]))
    model(batch["input_word_ids"][:1], batch["lengths"][:1], training=False)
    _load(model, case.weights())
    if case.task == "train":
        return _train(model, batch)
    signature = [tf.TensorSpec([None, None], tf.int32), tf.TensorSpec([None], tf.int32)]

    @tf.function(input_signature=signature)
    def decode(word_ids, lengths):
        return _decode(model(word_ids, lengths, training=False), model.transitions, lengths)

    if case.task == "infer":
        lengths = batch["lengths"].numpy()

        def infer():
            return decode(batch["input_word_ids"], batch["lengths"]).numpy()

        return infer, ["".join(map(str, row[:length])) for row, length in zip(infer(), lengths)]
    with open(case.path("vocab.txt"), encoding="utf-8") as f:
        vocabulary = {token.rstrip("\n"): i for i, token in enumerate(f)}
    texts = [corpus["sentence"]] if case.task == "latency" else corpus["texts"]
    width = MAX_SEQ_LENGTH if case.task == "msra-padded" else None

    def run():
        return _tag(decode, vocabulary, texts, corpus["tags"], width)

    return run, [len(spans) for spans in run()]


def _train(model, batch):
    optimizer = keras.optimizers.AdamW(2e-5, weight_decay=0.01, global_clipnorm=1.0)

    def mean_loss(training):
        emissions = model(batch["input_word_ids"], batch["lengths"], training=training)
        return -tf.reduce_mean(_log_likelihood(emissions, batch["tag_ids"], batch["lengths"], model.transitions))

    @tf.function
    def step():
        with tf.GradientTape() as tape:
            loss = mean_loss(training=True)
        optimizer.minimize(loss, model.trainable_variables, tape=tape)
        return loss

    check = float(tf.function(mean_loss)(False))
    return lambda: float(step()), check


def _tag(decode, vocabulary, texts, tags, width):
    """As in ``benchmarks.implementations.pytorch``."""
    unknown, pad, cls, sep = (vocabulary[token] for token in ("[UNK]", "[PAD]", "[CLS]", "[SEP]"))
    order = sorted(range(len(texts)), key=lambda i: -len(texts[i]))
    spans = [None] * len(texts)
    for start in range(0, len(order), TAG_BATCH):
        rows = order[start : start + TAG_BATCH]
        ids = [[cls, *(vocabulary.get(c, unknown) for c in texts[i].lower()), sep] for i in rows]
        columns = width or max(map(len, ids))
        lengths = np.array([len(row) - 2 for row in ids], np.int32)
        decoded = decode(np.array([row + [pad] * (columns - len(row)) for row in ids], np.int32), lengths).numpy()
        for i, row, length in zip(rows, decoded, lengths):
            spans[i] = spans_from_tags([tags[k] for k in row[:length]], SCHEME)
    return spans


def _load(model, weights):
    """Copy the common weights in; every variable must get its value."""
    encoder = model.encoder
    parts = {
        "encoder/embeddings/norm": encoder.norm,
        "encoder/embeddings/projection": encoder.projection,
        **{f"encoder/group_0/attention/{part}": getattr(encoder, part) for part in ("query", "key", "value")},
        "encoder/group_0/attention/output": encoder.attention_output,
        "encoder/group_0/attention/norm": encoder.attention_norm,
        "encoder/group_0/ffn/intermediate": encoder.intermediate,
        "encoder/group_0/ffn/output": encoder.output_dense,
        "encoder/group_0/ffn/norm": encoder.output_norm,
        "emissions": model.emissions,
    }
    variables = {f"encoder/embeddings/{part}": getattr(encoder, part).embeddings for part in ("word", "position", "type")}
    for prefix, layer in parts.items():
        variables.update({f"{prefix}/{variable.name.rsplit('/', 1)[-1][:-2]}": variable for variable in layer.weights})
    for direction, layer in (("forward", model.lstm.forward_layer), ("backward", model.lstm.backward_layer)):
        for attribute in ("kernel", "recurrent_kernel", "bias"):
            variables[f"rnn/{direction}/{attribute}"] = getattr(layer.cell, attribute)
    for name in ("transitions", "start", "end"):
        variables[f"crf/{name}"] = getattr(model, name)
    if len(variables) != len(model.weights):
        raise ValueError(f"{len(model.weights)} weights, {len(variables)} of them are given values")
    for name, variable in variables.items():
        variable.assign(weights[name])
