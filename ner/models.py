"""The tagger network: encoder → dropout → BiLSTM → dropout → emissions → CRF.

Shapes: B batch, T characters (the encoder sees T + 2 tokens, with [CLS] and [SEP]), H hidden, U LSTM units, K tags.
"""

import tensorflow as tf

from albert import AlbertEncoder, ops
from albert.encoder import add_weights
from albert.layers import Dense
from ner.layers.bilstm import BiLSTM
from ner.layers.crf import CRF, LinearChain

# Dropout sites of the head; the encoder's own start at 0 and stay below this for any published depth.
_ENCODER_OUTPUT_SITE = 1_000_001
_BILSTM_OUTPUT_SITE = 1_000_002


class TaggerModel(tf.keras.Model):
    """ALBERT-BiLSTM-CRF, and with its parts switched off ALBERT-CRF, ALBERT-BiLSTM and plain ALBERT fine-tuning.

    Args:
      config: a ``TaggerConfig``.
      encoder: an ``AlbertEncoder`` of ``config.encoder``; made when left out.

    Call arguments:
      inputs: dict with ``input_word_ids`` int32 [B, T + 2] and ``lengths`` int32 [B], characters per row in [0, T].
      training: whether dropout is applied.
      seed: int32 [2] dropout seed; left out: drawn from TensorFlow's global generator.

    Returns:
      Emissions float32 [B, T, K].
    """

    def __init__(self, config, encoder=None, name="tagger", **kwargs):
        super().__init__(name=name, **kwargs)
        self.config = config
        num_tags = len(config.tag_set)
        self.encoder = encoder or AlbertEncoder(config.encoder)
        hidden = config.encoder.hidden_size
        self.bilstm = BiLSTM(hidden, config.lstm_units) if config.use_bilstm else None
        features = 2 * config.lstm_units if config.use_bilstm else hidden
        # Glorot's standard deviation for this shape: BERT's 0.02 is too small for a layer that is trained from scratch.
        self.emissions = Dense(features, num_tags, (2.0 / (features + num_tags)) ** 0.5, name="emissions", dtype="float32")
        self.crf = CRF(num_tags) if config.use_crf else None
        self.built = True

    def call(self, inputs, training=None, seed=None):
        lengths = inputs["lengths"]
        seed = ops.dropout_seed(seed, training)
        word_ids = inputs["input_word_ids"]
        mask = tf.sequence_mask(lengths + 2, tf.shape(word_ids)[1], dtype=tf.int32)
        encoded = self.encoder({"input_word_ids": word_ids, "input_mask": mask}, training=training, seed=seed)
        # Without [CLS]; the column of [SEP] in the longest row goes too, in shorter rows it is padding here.
        x = encoded["sequence_output"][:, 1:-1]
        x = ops.dropout(tf.cast(x, tf.float32), self.config.dropout, seed, _ENCODER_OUTPUT_SITE)
        if self.bilstm is not None:
            x = self.bilstm(x, lengths)
            x = ops.dropout(x, self.config.dropout, seed, _BILSTM_OUTPUT_SITE)
        shape = tf.shape(x)
        emissions = self.emissions(tf.reshape(x, [-1, x.shape[-1]]))
        return tf.reshape(emissions, [shape[0], shape[1], len(self.config.tag_set)])

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
          dict with ``encoder``, ``head`` (BiLSTM and emissions) and ``crf``, each a list of variables; ``crf`` is empty
          without a CRF. The encoder's pooler feeds nothing here and is left out.
        """
        pooler = {id(variable) for variable in self.encoder.pooler.trainable_variables}
        head = self.emissions.trainable_variables + (self.bilstm.trainable_variables if self.bilstm is not None else [])
        return {
            "encoder": [v for v in self.encoder.trainable_variables if id(v) not in pooler],
            "head": head,
            "crf": self.crf.trainable_variables if self.crf is not None else [],
        }

    def weight_map(self):
        """Every weight under its canonical name::

        encoder/…                                    as AlbertEncoder.weight_map
        bilstm/{forward,backward}/{kernel [H, 4U], recurrent_kernel [U, 4U], bias [4U]}
        emissions/{kernel [2U or H, K], bias [K]}    crf/{transitions [K, K], start [K], end [K]}
        """
        weights = {f"encoder/{name}": variable for name, variable in self.encoder.weight_map().items()}
        if self.bilstm is not None:
            weights.update({f"bilstm/{name}": variable for name, variable in self.bilstm.weight_map().items()})
        add_weights(weights, "emissions", self.emissions)
        if self.crf is not None:
            weights.update({f"crf/{name}": getattr(self.crf, name) for name in ("transitions", "start", "end")})
        return weights
