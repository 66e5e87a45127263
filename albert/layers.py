"""The encoder's layers: weights with the names the checkpoint tables use, and how they compute.

Shapes: B batch, T tokens, N rows, V vocabulary, E embedding, H hidden, F feed-forward, M positions.
"""

import collections

import tensorflow as tf

from albert.arithmetic import plain
from albert.keras import keras


class Dense(keras.layers.Layer):
    """y = x @ kernel + bias on rank-2 input.

    Rank 2 on purpose: with no reshape between them TensorFlow fuses MatMul, BiasAdd and activation at inference.

    Args:
      input_size, output_size: shape of the kernel, [input_size, output_size].
      initializer_range: standard deviation of the truncated normal initializer.
      use_bias: whether there is a bias [output_size].
    """

    def __init__(self, input_size, output_size, initializer_range, use_bias=True, **kwargs):
        super().__init__(**kwargs)
        initializer = keras.initializers.TruncatedNormal(stddev=initializer_range)
        self.kernel = self.add_weight("kernel", [input_size, output_size], initializer=initializer, experimental_autocast=False)
        self.bias = self.add_weight("bias", [output_size], initializer="zeros", experimental_autocast=False) if use_bias else None
        self.built = True

    def call(self, x):
        y = tf.matmul(x, tf.cast(self.kernel, self.compute_dtype))
        return y if self.bias is None else plain.bias_add(y, tf.convert_to_tensor(self.bias))


class LayerNorm(keras.layers.Layer):
    """Layer normalisation over the last axis; statistics and parameters in float32, output in the input's dtype."""

    def __init__(self, size, epsilon, **kwargs):
        super().__init__(autocast=False, **kwargs)
        self.epsilon = epsilon
        self.gamma = self.add_weight("gamma", [size], initializer="ones", experimental_autocast=False)
        self.beta = self.add_weight("beta", [size], initializer="zeros", experimental_autocast=False)
        self.built = True

    def call(self, x):
        return plain.layer_norm(x, self.gamma, self.beta, self.epsilon)


class Embeddings(keras.layers.Layer):
    """Word + position + type embeddings, layer norm, and the projection from E to H where the layout has one.

    See ``AlbertConfig.embedding_projection`` for the three orders of these steps.
    """

    def __init__(self, config, **kwargs):
        super().__init__(**kwargs)
        self.config = config
        width = config.embedding_norm_size

        def table(name, rows, columns):
            initializer = keras.initializers.TruncatedNormal(stddev=config.initializer_range)
            # Gathered in float32 and cast after: casting a whole table to look up a few rows would be wasted work.
            return self.add_weight(name, [rows, columns], initializer=initializer, experimental_autocast=False)

        self.word = table("word", config.vocab_size, config.embedding_size)
        self.position = table("position", config.max_position_embeddings, width)
        self.type = table("type", config.type_vocab_size, width)
        self.norm = LayerNorm(width, config.layer_norm_eps, name="norm")
        self.projection = None
        if config.embedding_projection != "none":
            self.projection = Dense(
                config.embedding_size,
                config.hidden_size,
                config.initializer_range,
                use_bias=config.embedding_projection == "after_norm",
                name="projection",
            )
        self.built = True

    def call(self, word_ids, type_ids, seed):
        """Embed one batch.

        Args:
          word_ids: int32 [B, T].
          type_ids: int32 [B, T], or None for all zero.
          seed: int32 [2] dropout seed, or None for no dropout.

        Returns:
          (embedding_output [B, T, E or H], hidden [B, T, H]): the sum after its layer norm, as the original code returns
          it, and what the first transformer layer takes.
        """
        config = self.config
        shape = tf.shape(word_ids)
        batch, length = shape[0], shape[1]
        x = tf.gather(self.word, word_ids)
        if config.embedding_projection == "before_sum":
            x = self._project(tf.cast(x, self.compute_dtype), batch, length)
        x = tf.cast(x, tf.float32)
        x += self.type[0] if type_ids is None else tf.gather(self.type, type_ids)
        x += self.position[:length]
        x = tf.cast(self.norm(x), self.compute_dtype)
        output = plain.dropout(x, config.hidden_dropout_prob, seed, mask_id=0)
        if config.embedding_projection == "after_norm":
            return output, self._project(output, batch, length)
        return output, output

    def _project(self, x, batch, length):
        y = self.projection(tf.reshape(x, [-1, self.config.embedding_size]))
        return tf.reshape(y, [batch, length, self.config.hidden_size])


BlockWeights = collections.namedtuple(
    "BlockWeights",
    "qkv_kernel qkv_bias attention_kernel attention_bias attention_gamma attention_beta "
    "intermediate_kernel intermediate_bias output_kernel output_bias output_gamma output_beta",
)
BlockWeights.__doc__ = """One block's weights as tensors; query, key and value side by side."""
_KERNELS = ("qkv_kernel", "attention_kernel", "intermediate_kernel", "output_kernel")
_BIASES = ("qkv_bias", "attention_bias", "intermediate_bias", "output_bias")


class TransformerBlock(keras.layers.Layer):
    """One set of transformer weights (Google ALBERT's ``group_G``), applied by as many layers as share it."""

    def __init__(self, config, **kwargs):
        super().__init__(**kwargs)
        self.config = config
        hidden, inner, std = config.hidden_size, config.intermediate_size, config.initializer_range
        self.query = Dense(hidden, hidden, std, name="query")
        self.key = Dense(hidden, hidden, std, name="key")
        self.value = Dense(hidden, hidden, std, name="value")
        self.attention_output = Dense(hidden, hidden, std, name="attention_output")
        self.attention_norm = LayerNorm(hidden, config.layer_norm_eps, name="attention_norm")
        self.intermediate = Dense(hidden, inner, std, name="intermediate")
        self.output_dense = Dense(inner, hidden, std, name="output_dense")
        self.output_norm = LayerNorm(hidden, config.layer_norm_eps, name="output_norm")
        self.built = True

    def weights_for_inference(self):
        """``BlockWeights`` in the compute dtype, norms in float32; for all the layers that share the block."""
        weights = self._weights()
        return weights._replace(**{name: tf.cast(getattr(weights, name), self.compute_dtype) for name in _KERNELS + _BIASES})

    def has_trivial_norms(self):
        """True if in the compute dtype a norm's gamma is all 1 or its beta all 0, as before any training; see ``onednn.layer_norm``."""

        def values(variable):
            return tf.cast(variable, self.compute_dtype).numpy()

        with tf.init_scope():
            norms = [(values(norm.gamma), values(norm.beta)) for norm in (self.attention_norm, self.output_norm)]
        return any((gamma == 1).all() or not beta.any() for gamma, beta in norms)

    def weights_for_training(self, uses, arithmetic):
        """A ``BlockWeights`` for each of the ``uses`` layers that share the block: kernels in the compute dtype, all else float32.

        Gradients are added up in float32; ``arithmetic`` is the module that the layers compute with, see ``call``.
        """
        columns = [
            arithmetic.shared(value, self.compute_dtype if name in _KERNELS else tf.float32, uses)
            for name, value in self._weights()._asdict().items()
        ]
        return [BlockWeights(*row) for row in zip(*columns)]

    def _weights(self):
        query, key, value = self.query, self.key, self.value
        return BlockWeights(
            qkv_kernel=tf.concat([query.kernel, key.kernel, value.kernel], axis=1),
            qkv_bias=tf.concat([query.bias, key.bias, value.bias], axis=0),
            attention_kernel=tf.convert_to_tensor(self.attention_output.kernel),
            attention_bias=tf.convert_to_tensor(self.attention_output.bias),
            attention_gamma=tf.convert_to_tensor(self.attention_norm.gamma),
            attention_beta=tf.convert_to_tensor(self.attention_norm.beta),
            intermediate_kernel=tf.convert_to_tensor(self.intermediate.kernel),
            intermediate_bias=tf.convert_to_tensor(self.intermediate.bias),
            output_kernel=tf.convert_to_tensor(self.output_dense.kernel),
            output_bias=tf.convert_to_tensor(self.output_dense.bias),
            output_gamma=tf.convert_to_tensor(self.output_norm.gamma),
            output_beta=tf.convert_to_tensor(self.output_norm.beta),
        )

    def call(self, x, residual, mask_bias, batch, weights, seed, mask_id, arithmetic=plain, packing=None):
        """One transformer layer.

        Args:
          x, residual: the same [N, H], rows of one sequence adjacent: what the layer computes on, and what it adds that to. N = B·T
            without a packing.
          mask_bias: float32 [B, 1, 1, T], or None when nothing is padded.
          batch: int32 scalar, B.
          weights: ``BlockWeights`` for ``arithmetic``.
          seed: int32 [2] dropout seed, or None for no dropout.
          mask_id: Python int that tells this layer's dropout masks from the other layers'.
          arithmetic: the module with the element-wise parts: ``albert.arithmetic.plain`` with any weights,
            ``albert.arithmetic.onednn`` with weights for inference, or ``albert.arithmetic.xla`` with those for training.
          packing: the ``Packing`` of the N rows, or None when they are all places of the batch.

        Returns:
          The output [N, H] twice, for the next layer.
        """
        config, w = self.config, weights

        def mask(y, number):
            return plain.dropout_mask(tf.shape(y), config.hidden_dropout_prob, seed, mask_id + number)

        def attend(y):
            return self._attention(y, mask_bias, batch, w, seed, mask_id, arithmetic, packing)

        def feed_forward(y):
            y = arithmetic.bias_activation(tf.matmul(y, w.intermediate_kernel), w.intermediate_bias, config.hidden_act)
            return tf.matmul(y, w.output_kernel)

        if config.ln_type == "preln":
            y = attend(arithmetic.layer_norm(x, w.attention_gamma, w.attention_beta, config.layer_norm_eps))
            x = plain.residual_sum(residual, y, w.attention_bias, mask(y, 1))
            y = feed_forward(arithmetic.layer_norm(x, w.output_gamma, w.output_beta, config.layer_norm_eps))
            x = plain.residual_sum(x, y, w.output_bias, mask(y, 2))
            return x, x
        epsilon = config.layer_norm_eps
        y = attend(x)
        x, residual = arithmetic.residual_norm(residual, y, w.attention_bias, w.attention_gamma, w.attention_beta, epsilon, mask(y, 1))
        y = feed_forward(x)
        return arithmetic.residual_norm(residual, y, w.output_bias, w.output_gamma, w.output_beta, epsilon, mask(y, 2))

    def _attention(self, x, mask_bias, batch, w, seed, mask_id, arithmetic, packing):
        """Everything up to the product with the output kernel, without its bias: [N, H]."""
        heads, size = self.config.num_attention_heads, self.config.head_size
        query, key, value = arithmetic.split_heads(tf.matmul(x, w.qkv_kernel), w.qkv_bias, batch, heads, packing)
        scores = tf.matmul(query, key, transpose_b=True)
        length = tf.shape(query)[2]
        # Not the shape of the scores: what else uses them keeps TensorFlow from fusing their product.
        dropped = plain.dropout_mask([batch, heads, length, length], self.config.attention_probs_dropout_prob, seed, mask_id)
        probabilities = arithmetic.attention_probabilities(scores, size**-0.5, mask_bias, dropped)
        return tf.matmul(arithmetic.join_heads(tf.matmul(probabilities, value), packing), w.attention_kernel)
