"""The pretraining heads of the published checkpoints: masked language model and sentence order.

Shapes: B batch, T tokens, P masked positions, V vocabulary, E embedding, H hidden.
"""

import tensorflow as tf

from albert.arithmetic import plain
from albert.encoder import AlbertEncoder, add_weights
from albert.layers import Dense, LayerNorm


class MaskedLMHead(tf.keras.layers.Layer):
    """Logits over the vocabulary at chosen positions, with the word embeddings as output matrix.

    Google ALBERT: t = LN(act(dense H→E)), logits = t · wordᵀ + bias. brightmart: t = LN(act(dense H→H)),
    logits = (t · projectionᵀ) · wordᵀ + bias. BERT: dense H→H, logits = t · wordᵀ + bias.
    """

    def __init__(self, config, **kwargs):
        super().__init__(**kwargs)
        self.config = config
        width = config.hidden_size if config.embedding_projection == "before_sum" else config.embedding_size
        self.dense = Dense(config.hidden_size, width, config.initializer_range, name="dense")
        self.norm = LayerNorm(width, config.layer_norm_eps, name="norm")
        self.bias = self.add_weight("bias", [config.vocab_size], initializer="zeros", experimental_autocast=False)
        self.built = True

    def call(self, sequence_output, positions, embeddings):
        """Logits float32 [B, P, V] at ``positions`` int32 [B, P] of ``sequence_output`` [B, T, H]."""
        hidden = tf.gather(sequence_output, positions, batch_dims=1)
        shape = tf.shape(positions)
        x = tf.reshape(hidden, [-1, self.config.hidden_size])
        x = self.norm(plain.activation(self.config.hidden_act)(self.dense(x)))
        if self.config.embedding_projection == "before_sum":
            x = tf.matmul(x, tf.cast(embeddings.projection.kernel, x.dtype), transpose_b=True)
        logits = tf.cast(tf.matmul(x, tf.cast(embeddings.word, x.dtype), transpose_b=True), tf.float32) + self.bias
        return tf.reshape(logits, [shape[0], shape[1], self.config.vocab_size])


class AlbertForPretraining(tf.keras.Model):
    """An encoder with its two pretraining heads.

    Args:
      config: an ``AlbertConfig``.
      encoder: an ``AlbertEncoder`` of that config; made when left out.

    Call arguments:
      inputs: the encoder's inputs and ``masked_lm_positions`` int32 [B, P].
      training, seed: as for the encoder.

    Returns:
      The encoder's outputs and ``masked_lm_logits`` float32 [B, P, V], ``sentence_order_logits`` float32 [B, 2]
      (class 0: the segments are in order; the published BERT's class 0: the second segment follows the first).
    """

    def __init__(self, config, encoder=None, name="albert_for_pretraining", **kwargs):
        super().__init__(name=name, **kwargs)
        self.config = config
        self.encoder = encoder or AlbertEncoder(config)
        self.masked_lm = MaskedLMHead(config, name="masked_lm")
        self.sentence_order = Dense(config.hidden_size, 2, config.initializer_range, name="sentence_order")
        self.built = True

    def call(self, inputs, training=None, seed=None):
        outputs = dict(self.encoder(inputs, training=training, seed=seed))
        outputs["masked_lm_logits"] = self.masked_lm(outputs["sequence_output"], inputs["masked_lm_positions"], self.encoder.embeddings)
        outputs["sentence_order_logits"] = tf.cast(self.sentence_order(outputs["pooled_output"]), tf.float32)
        return outputs

    def weight_map(self):
        """The encoder's ``weight_map`` and the heads'::

        masked_lm/dense/{kernel [H, E or H], bias}, masked_lm/norm/{gamma,beta}, masked_lm/bias [V],
        sentence_order/{kernel [H, 2], bias [2]}
        """
        weights = self.encoder.weight_map()
        add_weights(weights, "masked_lm/dense", self.masked_lm.dense)
        add_weights(weights, "masked_lm/norm", self.masked_lm.norm)
        add_weights(weights, "masked_lm", self.masked_lm)
        add_weights(weights, "sentence_order", self.sentence_order)
        return weights
