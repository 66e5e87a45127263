"""AlbertEncoder: text ids in, hidden states out. ALBERT and BERT are the same encoder with different configs."""

import functools
from collections.abc import Mapping, Sequence
from typing import Any, Optional

import numpy as np
import tensorflow as tf

from albert.arithmetic import onednn, plain, xla
from albert.arithmetic.packing import Packing
from albert.arithmetic.processor import cpu_flags
from albert.arithmetic.recompute import recomputed
from albert.config import AlbertConfig
from albert.keras import keras
from albert.layers import Dense, Embeddings, TransformerBlock

# Dropout sites: 0 belongs to the embeddings, each layer has a run of its own.
_MASKS_PER_LAYER = 8
_LEAST_CLUSTER_WIDTH = 128
# Without padding, batches have up to 64 numbers of rows for each B and T in training, where each is compiled; multiples of 16 at inference.
_PACKED_SIZES = 64
_PACKED_MULTIPLE = 16
# But with matrix units products of multiples of 128 rows are so much faster (1,920 rows take less time than 1,808) that more are computed.
_MATRIX_UNIT_MULTIPLE = 128


class AlbertEncoder(keras.Model):
    """The encoder of ALBERT (Lan et al., 2019, arXiv:1909.11942) and of BERT (Devlin et al., 2018, arXiv:1810.04805).

    Example::

        config = albert.AlbertConfig.from_json_file("albert_config.json")
        encoder = albert.AlbertEncoder(config)
        outputs = encoder({"input_word_ids": tf.constant([[2, 15, 3]])})
        outputs["sequence_output"]  # [1, 3, H]

    Args:
      config: an ``AlbertConfig``.
      recompute_grad: whether training keeps only each layer's input and computes the layer once more for its gradient: about a third
        more time, for the memory of one layer's activations instead of all layers'. Results are the same. May be set later, before
        the first step is traced.
      clusters: whether training computes the element-wise parts by ``albert.arithmetic.xla``; by default where TensorFlow can and hidden
        states are wide enough (H of 128 or more) for it to repay compiling them for each shape of batch.
      remove_padding: whether training, and ``sequence_output``, leave rows of padding out of all that goes token by token
        (``albert.arithmetic.packing``). Outputs are then 0 at padding, where they otherwise are values that mean nothing. May be set
        later too.

    Call arguments:
      inputs: dict with ``input_word_ids`` int32 [B, T], and optionally ``input_mask`` int32 [B, T] (1 for a token, 0 for
        padding; left out: everything is attended to) and ``input_type_ids`` int32 [B, T] (left out: all 0).
      training: whether dropout is applied.
      seed: int32 [2]; two calls with one seed drop the same values. Left out: drawn from TensorFlow's global generator.

    Returns:
      dict with ``sequence_output`` [B, T, H], ``pooled_output`` [B, H], ``encoder_outputs`` (list of L × [B, T, H]) and
      ``embedding_output`` ([B, T, E] for Google ALBERT, [B, T, H] otherwise), all in the compute dtype.

    Raises:
      ValueError: T is static and exceeds ``max_position_embeddings``.
      tf.errors.InvalidArgumentError: the same, found when the graph runs.
    """

    def __init__(
        self,
        config: AlbertConfig,
        recompute_grad: bool = False,
        clusters: Optional[bool] = None,
        remove_padding: bool = False,
        name: str = "albert_encoder",
        **kwargs: Any,
    ) -> None:
        super().__init__(name=name, **kwargs)
        self.config = config
        self.recompute_grad = recompute_grad
        self.clusters = config.hidden_size >= _LEAST_CLUSTER_WIDTH if clusters is None else clusters
        self.remove_padding = remove_padding
        self.embeddings = Embeddings(config, name="embeddings")
        self.blocks = [TransformerBlock(config, name=f"group_{g}") for g in range(config.num_hidden_groups)]
        self.pooler = Dense(config.hidden_size, config.hidden_size, config.initializer_range, name="pooler")
        self.built = True

    def call(self, inputs: Mapping[str, Any], training: Optional[bool] = None, seed: Any = None) -> dict[str, Any]:
        config = self.config
        word_ids = inputs["input_word_ids"]
        batch, length = _shape(word_ids)
        seed = plain.dropout_seed(seed, training)
        embedding_output, hidden, mask_bias = self._embed(inputs, length, seed)
        arithmetic, weights = self._weights(training)
        rows = _Rows(inputs, self._packing(inputs, training=True) if training else None)
        x = residual = rows.of(hidden)
        encoder_outputs = []
        for layer in range(config.num_hidden_layers):
            apply = functools.partial(
                self.blocks[config.group_of_layer(layer)],
                mask_bias=mask_bias,
                batch=batch,
                seed=seed,
                mask_id=(layer + 1) * _MASKS_PER_LAYER,
                arithmetic=arithmetic,
                packing=rows.packing,
            )
            if training and self.recompute_grad:
                x, residual = recomputed(apply, (x, residual), weights[layer])
            else:
                x, residual = apply(x, residual, weights=weights[layer])
            encoder_outputs.append(rows.padded(x))
        sequence_output = encoder_outputs[-1]
        return {
            "sequence_output": sequence_output,
            "pooled_output": tf.tanh(self.pooler(sequence_output[:, 0])),
            "encoder_outputs": encoder_outputs,
            "embedding_output": embedding_output,
        }

    def weights_for_inference(self) -> list[Any]:
        """The blocks' weights as inference uses them: a list of ``BlockWeights`` in the compute dtype, one for each group."""
        return [block.weights_for_inference() for block in self.blocks]

    def sequence_output(self, inputs: Mapping[str, Any], weights: Sequence[Any]) -> Any:
        """The last layer's output at inference, with the blocks' weights given: [B, T, H], as ``call`` gives it.

        Args:
          inputs: as for ``call``.
          weights: of ``weights_for_inference``, as tensors or NumPy arrays. Arrays become constants, and their block a function of its own
            that its layers call, kept apart when the graph is optimised: the constants are in the graph once and packed for the matrix
            products once, not for each layer.
        """
        config = self.config
        batch, length = _shape(inputs["input_word_ids"])
        _, hidden, mask_bias = self._embed(inputs, length, seed=None)
        rows = _Rows(inputs, self._packing(inputs, training=False))
        x = rows.of(hidden)
        apply = [self._apart(*pair) if isinstance(pair[1][0], np.ndarray) else self._layer(*pair) for pair in zip(self.blocks, weights)]
        for layer in range(config.num_hidden_layers):
            x = apply[config.group_of_layer(layer)](x, mask_bias, batch, rows.packing)
        return rows.padded(x)

    @staticmethod
    def _layer(block, weights):
        arithmetic = onednn if onednn.available() and not block.has_trivial_norms() else plain

        def layer(x, mask_bias, batch, packing=None):
            return block(x, x, mask_bias, batch, weights, seed=None, mask_id=0, arithmetic=arithmetic, packing=packing)[0]

        return layer

    @classmethod
    def _apart(cls, block, weights):
        # Not inlined in the body of a loop either, where products are not fused with gelu.
        @tf.function(autograph=False, experimental_attributes={"_noinline": True})
        def layer(*inputs):
            # Here and not outside: in the function's own graph these are constants, from outside they would be its inputs.
            return cls._layer(block, weights._make(tf.convert_to_tensor(value) for value in weights))(*inputs)

        return layer

    def _embed(self, inputs, length, seed):
        """(embedding_output, first layer's input [B, T, H], mask_bias), see ``Embeddings`` and ``TransformerBlock``."""
        word_ids = inputs["input_word_ids"]
        with tf.control_dependencies(self._check_length(word_ids, length)):
            word_ids = tf.identity(word_ids)
        mask = inputs.get("input_mask")
        mask_bias = None if mask is None else (1.0 - tf.cast(mask[:, None, None, :], tf.float32)) * -10000.0
        return *self.embeddings(word_ids, inputs.get("input_type_ids"), seed), mask_bias

    def _packing(self, inputs, training):
        mask = inputs.get("input_mask")
        if not self.remove_padding or mask is None:
            return None
        places = tf.size(mask)
        multiple = tf.maximum(places // _PACKED_SIZES, 1) if training else _PACKED_MULTIPLE
        if self.compute_dtype != "bfloat16" or "amx_bf16" not in cpu_flags():
            packing = Packing.of(mask, multiple)
        elif training:
            packing = Packing.of(mask, -(-multiple // _MATRIX_UNIT_MULTIPLE) * _MATRIX_UNIT_MULTIPLE)
        else:
            # Half of that many take as long as all of them, not less.
            multiple = tf.where(places <= _MATRIX_UNIT_MULTIPLE // 2, multiple, _MATRIX_UNIT_MULTIPLE)
            packing = Packing.of(mask, multiple, beyond=True)
        return packing.with_heads(tf.shape(mask)[0], self.config.num_attention_heads)

    def _weights(self, training):
        """(the module with the element-wise parts, ``BlockWeights`` of each of the L layers)."""
        groups = [self.config.group_of_layer(layer) for layer in range(self.config.num_hidden_layers)]
        arithmetic = xla if training and self.clusters and xla.available() else plain
        shared = [iter(block.weights_for_training(groups.count(g), arithmetic)) for g, block in enumerate(self.blocks)]
        return arithmetic, [next(shared[g]) for g in groups]

    def _check_length(self, word_ids, length):
        limit = self.config.max_position_embeddings
        message = f"input_word_ids: the encoder has {limit} positions"
        if word_ids.shape[1] is not None:
            if word_ids.shape[1] > limit:
                raise ValueError(f"{message}, found a length of {word_ids.shape[1]}")
            return []
        return [tf.debugging.assert_less_equal(length, limit, message=message)]

    def weight_map(self) -> dict[str, Any]:
        """Every weight under its canonical name; the checkpoint tables map published names to these.

        Returns:
          dict from name to ``tf.Variable``. G stands for each group's number::

            embeddings/word [V, E]                       embeddings/position [M, E or H], embeddings/type [2, E or H]
            embeddings/norm/{gamma,beta} [E or H]        embeddings/projection/kernel [E, H] (and bias [H] for Google ALBERT)
            group_G/attention/{query,key,value,output}/{kernel [H, H], bias [H]}
            group_G/attention/norm/{gamma,beta} [H]      the norm tied to attention
            group_G/ffn/intermediate/{kernel [H, F], bias [F]}, group_G/ffn/output/{kernel [F, H], bias [H]}
            group_G/ffn/norm/{gamma,beta} [H]            the norm tied to the feed-forward layer
            pooler/{kernel [H, H], bias [H]}
        """
        weights = {
            "embeddings/word": self.embeddings.word,
            "embeddings/position": self.embeddings.position,
            "embeddings/type": self.embeddings.type,
        }
        add_weights(weights, "embeddings/norm", self.embeddings.norm)
        if self.embeddings.projection is not None:
            add_weights(weights, "embeddings/projection", self.embeddings.projection)
        for g, block in enumerate(self.blocks):
            add_weights(weights, f"group_{g}/attention/query", block.query)
            add_weights(weights, f"group_{g}/attention/key", block.key)
            add_weights(weights, f"group_{g}/attention/value", block.value)
            add_weights(weights, f"group_{g}/attention/output", block.attention_output)
            add_weights(weights, f"group_{g}/attention/norm", block.attention_norm)
            add_weights(weights, f"group_{g}/ffn/intermediate", block.intermediate)
            add_weights(weights, f"group_{g}/ffn/output", block.output_dense)
            add_weights(weights, f"group_{g}/ffn/norm", block.output_norm)
        add_weights(weights, "pooler", self.pooler)
        return weights


def add_weights(weights: dict[str, Any], prefix: str, layer: Any) -> None:
    for attribute in ("kernel", "bias", "gamma", "beta"):
        variable = getattr(layer, attribute, None)
        if variable is not None:
            weights[f"{prefix}/{attribute}"] = variable


class _Rows:
    """Between a batch's [B, T, H] and the rows [N, H] that its layers compute on, all of them or those of a ``Packing``."""

    def __init__(self, inputs, packing):
        self.packing = packing
        self._shape = _shape(inputs["input_word_ids"])
        self._is_token = None if packing is None else inputs["input_mask"][:, :, None] > 0

    def of(self, x):
        x = tf.reshape(x, [-1, x.shape[-1]])
        return x if self.packing is None else self.packing.pack(x)

    def padded(self, x):
        shape = [*self._shape, x.shape[-1]]
        if self.packing is None:
            return tf.reshape(x, shape)
        return tf.reshape(self.packing.unpack(x), shape) * tf.cast(self._is_token, x.dtype)


def _shape(word_ids):
    """B and T of word ids [B, T], as scalar tensors."""
    shape = tf.shape(word_ids)
    return shape[0], shape[1]
