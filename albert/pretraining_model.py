"""The pretraining heads of the published checkpoints: masked language model and sentence order.

Shapes: B batch, T tokens, P masked positions, V vocabulary, E embedding, H hidden.
"""

from collections.abc import Mapping
from typing import Any, Optional

import tensorflow as tf

from albert.arithmetic import plain
from albert.config import AlbertConfig
from albert.encoder import AlbertEncoder, add_weights
from albert.keras import keras
from albert.layers import Dense, LayerNorm


class MaskedLMHead(keras.layers.Layer):
    """Logits over the vocabulary at chosen positions, with the word embeddings as output matrix.

    Google ALBERT: t = LN(act(dense H→E)), logits = t · wordᵀ + bias. brightmart: t = LN(act(dense H→H)),
    logits = (t · projectionᵀ) · wordᵀ + bias. BERT: dense H→H, logits = t · wordᵀ + bias.
    """

    def __init__(self, config: AlbertConfig, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.config = config
        width = config.hidden_size if config.embedding_projection == "before_sum" else config.embedding_size
        self.dense = Dense(config.hidden_size, width, config.initializer_range, name="dense")
        self.norm = LayerNorm(width, config.layer_norm_eps, name="norm")
        self.bias = self.add_weight("bias", [config.vocab_size], initializer="zeros", experimental_autocast=False)
        self.built = True

    def call(self, sequence_output: Any, positions: Any, embeddings: Any) -> Any:
        """Logits float32 [B, P, V] at ``positions`` int32 [B, P] of ``sequence_output`` [B, T, H]."""
        # In float32 because the gradient of a position that is there several times is a sum.
        hidden = tf.gather(tf.cast(sequence_output, tf.float32), positions, batch_dims=1)
        shape = tf.shape(positions)
        x = tf.cast(tf.reshape(hidden, [-1, self.config.hidden_size]), self.compute_dtype)
        x = self.norm(plain.activation(self.config.hidden_act)(self.dense(x)))
        if self.config.embedding_projection == "before_sum":
            x = tf.matmul(x, tf.cast(embeddings.projection.kernel, x.dtype), transpose_b=True)
        logits = _product(x, tf.convert_to_tensor(embeddings.word)) + self.bias
        return tf.reshape(logits, [shape[0], shape[1], self.config.vocab_size])


@tf.custom_gradient
def _product(x, word):
    """x · wordᵀ, float32 [N, V], of x float [N, E] and word float32 [V, E].

    A product in 16 bits would round the logits: to steps of 1/16 between 8 and 16 in bfloat16. Its gradient is two such products, because
    what they give is rounded to x's dtype anyway.
    """

    def gradient(dy):
        dy = tf.cast(dy, x.dtype)
        return tf.matmul(dy, tf.cast(word, x.dtype)), tf.cast(tf.matmul(dy, x, transpose_a=True), tf.float32)

    return tf.matmul(tf.cast(x, tf.float32), word, transpose_b=True), gradient


class AlbertForPretraining(keras.Model):
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

    def __init__(
        self, config: AlbertConfig, encoder: Optional[AlbertEncoder] = None, name: str = "albert_for_pretraining", **kwargs: Any
    ) -> None:
        super().__init__(name=name, **kwargs)
        self.config = config
        self.encoder = encoder or AlbertEncoder(config)
        self.masked_lm = MaskedLMHead(config, name="masked_lm")
        self.sentence_order = Dense(config.hidden_size, 2, config.initializer_range, name="sentence_order", dtype="float32")
        self.built = True

    def call(self, inputs: Mapping[str, Any], training: Optional[bool] = None, seed: Any = None) -> dict[str, Any]:
        outputs = dict(self.encoder(inputs, training=training, seed=seed))
        outputs["masked_lm_logits"] = self.masked_lm(outputs["sequence_output"], inputs["masked_lm_positions"], self.encoder.embeddings)
        outputs["sentence_order_logits"] = self.sentence_order(outputs["pooled_output"])
        return outputs

    def weight_map(self) -> dict[str, Any]:
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
