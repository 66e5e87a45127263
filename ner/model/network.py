"""The tagger network: encoder → dropout → recurrent layer → dropout → emissions → CRF.

Shapes: B batch, T characters (the encoder sees T + 2 tokens, with [CLS] and [SEP]), H hidden, U recurrent units, K tags, S slots
for words of 2, 3, …, S + 1 characters, N words with vectors of their own, W width of those.
"""

import tensorflow as tf

from albert import AlbertEncoder
from albert.arithmetic import plain
from albert.arithmetic.devices import on_accelerator
from albert.encoder import add_weights
from albert.keras import keras
from albert.layers import Dense
from ner.model import recurrent
from ner.model.characters import CharEncoder, VectorTable
from ner.model.config import CharEncoderConfig
from ner.model.crf.layer import CRF, LinearChain
from ner.model.soft_lexicon import SoftLexicon

# Narrower encoders gain less from computing no padding than it costs.
_LEAST_WIDTH_WITHOUT_PADDING = 512
# Dropout masks of the head; the ids of the encoder's start at 0 and stay below these for any published depth.
_ENCODER_OUTPUT_MASK = 1_000_001
_RNN_OUTPUT_MASK = 1_000_002
_WORD_VECTORS_MASK = 1_000_003


class TaggerModel(keras.Model):
    """ALBERT-BiLSTM-CRF and the systems it is compared with: one network whose parts the config chooses.

    The encoder is ALBERT, BERT or a table of character vectors; above it comes one of ``ner.model.recurrent`` or nothing; and on top
    a CRF or nothing.

    Args:
      config: a ``TaggerConfig``.
      encoder: an ``AlbertEncoder`` of ``config.encoder``; made when left out. A wide one (H of 512 or more) is told to leave out padding,
        but on a GPU or TPU.

    Call arguments:
      inputs: dict with ``input_word_ids`` int32 [B, T + 2] and ``lengths`` int32 [B], characters per row in [0, T]; for a
        lattice or SoftLexicon also ``lattice_words`` int32 [B, T, S], at [b, t, s] the id of the lexicon's word of s + 2 characters that
        starts at character t, and 0 where there is none.
      training: whether dropout is applied.
      seed: int32 [2] dropout seed; left out: drawn from TensorFlow's global generator.
      encoder_weights: at inference, the encoder's own of ``AlbertEncoder.weights_for_inference``; left out or empty: made in every call.

    Returns:
      Emissions float32 [B, T, K].
    """

    def __init__(self, config, encoder=None, name="tagger", **kwargs):
        super().__init__(name=name, **kwargs)
        self.config = config
        num_tags = len(config.tag_set)
        self.encoder = encoder or _make_encoder(config.encoder)
        hidden = config.encoder.hidden_size
        if isinstance(self.encoder, AlbertEncoder) and hidden >= _LEAST_WIDTH_WITHOUT_PADDING:
            self.encoder.remove_padding = not on_accelerator()
        self.rnn = recurrent.make(config)
        lattice = config.lattice
        self.words = None
        if config.softlexicon:
            self.words = SoftLexicon(lattice.num_words, lattice.word_embedding_size, lattice.num_slots)
        elif lattice is not None:
            self.words = VectorTable(lattice.num_words + 1, lattice.word_embedding_size, name="words")
        features = 2 * config.lstm_units if self.rnn is not None else config.num_features
        # Glorot's standard deviation for this shape: BERT's 0.02 is too small for a layer that is trained from scratch.
        self.emissions = Dense(features, num_tags, (2.0 / (features + num_tags)) ** 0.5, name="emissions", dtype="float32")
        self.crf = CRF(num_tags) if config.use_crf else None
        self.built = True

    def call(self, inputs, training=None, seed=None, encoder_weights=None):
        lengths = inputs["lengths"]
        seed = plain.dropout_seed(seed, training)
        word_ids = inputs["input_word_ids"]
        mask = tf.sequence_mask(lengths + 2, tf.shape(word_ids)[1], dtype=tf.int32)
        inputs = {**inputs, "input_mask": mask}
        if not encoder_weights:
            x = self.encoder(inputs, training=training, seed=seed)["sequence_output"]
        else:
            x = self.encoder.sequence_output(inputs, encoder_weights)
        # Without [CLS]; the column of [SEP] in the longest row goes too, in shorter rows it is padding here.
        x = x[:, 1:-1]
        if training:
            x = plain.dropout(tf.cast(x, tf.float32), self.config.dropout, seed, _ENCODER_OUTPUT_MASK)
        if self.config.softlexicon:
            words = plain.dropout(self.words(inputs["lattice_words"]), self.config.dropout, seed, _WORD_VECTORS_MASK)
            x = tf.concat([tf.cast(x, tf.float32), words], axis=-1)
        if self.rnn is not None:
            x = self.rnn(x, lengths, *self._words(inputs, seed))
            x = plain.dropout(x, self.config.dropout, seed, _RNN_OUTPUT_MASK)
        shape = tf.shape(x)
        emissions = self.emissions(tf.reshape(tf.cast(x, tf.float32), [-1, x.shape[-1]]))
        return tf.reshape(emissions, [shape[0], shape[1], len(self.config.tag_set)])

    def _words(self, inputs, seed):
        """Inputs of the recurrent layer besides characters: for a lattice (vectors [N, W], places [N, 3]), else nothing."""
        if self.words is None or self.config.softlexicon:
            return ()
        places = tf.where(inputs["lattice_words"] > 0)
        vectors = tf.gather(self.words.word, tf.gather_nd(inputs["lattice_words"], places) - 1)
        return plain.dropout(vectors, self.config.dropout, seed, _WORD_VECTORS_MASK), places

    def input_signature(self):
        """The inputs of a call: dict from name to ``tf.TensorSpec``."""
        shapes = {"input_word_ids": [None, None], "lengths": [None]}
        if self.config.lattice is not None:
            shapes["lattice_words"] = [None, None, self.config.lattice.num_slots]
        return {name: tf.TensorSpec(shape, tf.int32, name) for name, shape in shapes.items()}

    def loss(self, emissions, tags, lengths):
        """Negative log-likelihood of each sentence (paper, eq. 18), or without a CRF the sum of its characters' cross-entropy.

        Args:
          emissions: float32 [B, T, K].
          tags: int32 [B, T].
          lengths: int32 [B].

        Returns:
          float32 [B].
        """
        if self.crf is not None:
            return -self.crf.log_likelihood(emissions, tags, lengths)
        entropy = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=tags, logits=emissions)
        return tf.reduce_sum(entropy * tf.sequence_mask(lengths, tf.shape(emissions)[1], dtype=tf.float32), axis=1)

    @property
    def chain(self):
        """The ``LinearChain`` to decode with: the CRF's, or without a CRF one whose scores are all zero (argmax per character)."""
        if self.crf is not None:
            return self.crf.chain
        size = len(self.config.tag_set)
        return LinearChain(tf.zeros([size, size]), tf.zeros([size]), tf.zeros([size]))

    def parameter_groups(self):
        """Trainable variables by the learning rate they follow.

        Returns:
          dict with ``encoder``, ``head`` (recurrent layer, word vectors and emissions) and ``crf``, each a list of variables;
          ``crf`` is empty without a CRF. A pretrained encoder's pooler feeds nothing here and is left out.
        """
        pooler = getattr(self.encoder, "pooler", None)
        unused = {id(variable) for variable in pooler.trainable_variables} if pooler is not None else set()
        head = self.emissions.trainable_variables + (self.rnn.trainable_variables if self.rnn is not None else [])
        if self.words is not None:
            head = head + self.words.trainable_variables
        return {
            "encoder": [v for v in self.encoder.trainable_variables if id(v) not in unused],
            "head": head,
            "crf": self.crf.trainable_variables if self.crf is not None else [],
        }

    def weight_map(self):
        """Every weight under its canonical name::

        encoder/…                                    as the encoder's weight_map
        rnn/{forward,backward}/…                     as the recurrent layer's weight_map
        word_vectors [N + 1, W]                      row 0 for all words of the lexicon that have no row of their own
        word_frequencies [N + 1]                     of SoftLexicon
        emissions/{kernel [2U or H, K], bias [K]}    crf/{transitions [K, K], start [K], end [K]}
        """
        weights = {f"encoder/{name}": variable for name, variable in self.encoder.weight_map().items()}
        if self.rnn is not None:
            weights.update({f"rnn/{name}": variable for name, variable in self.rnn.weight_map().items()})
        if self.words is not None:
            weights["word_vectors"] = self.words.word
        if self.config.softlexicon:
            weights["word_frequencies"] = self.words.frequency
        add_weights(weights, "emissions", self.emissions)
        if self.crf is not None:
            weights.update({f"crf/{name}": getattr(self.crf, name) for name in ("transitions", "start", "end")})
        return weights


def _make_encoder(config):
    return CharEncoder(config) if isinstance(config, CharEncoderConfig) else AlbertEncoder(config)
