"""ALBERT and BERT as an ONNX graph: what :class:`albert.encoder.AlbertEncoder` computes at inference.

Shapes: B batch, N tokens, E embedding, H hidden, F feed-forward.
"""

from albert.onnx.graph import Graph
from albert.onnx.products import Float32

_NEGATIVE = -10000.0  # added to the scores of padding


def add_encoder(graph: Graph, products: Float32, config, word_ids: str, is_token: str, prefix: str = "") -> str:
    """Add an encoder to a graph.

    Args:
      graph: the ``Graph``.
      products: how it multiplies.
      config: the ``AlbertConfig``.
      word_ids: int [B, N].
      is_token: bool [B, N], False for padding.
      prefix: stands before the names of the encoder's weights, those of ``AlbertEncoder.weight_map``.

    Returns:
      The last layer's output, float32 [B, N, H].
    """
    return _Encoder(graph, products, config, prefix).output(word_ids, is_token)


class _Encoder:
    def __init__(self, graph, products, config, prefix):
        self.graph, self.products, self.config, self.prefix = graph, products, config, prefix

    def output(self, word_ids, is_token):
        graph, config = self.graph, self.config
        bias = graph.add("Where", is_token, graph.constant(0.0), graph.constant(_NEGATIVE))
        bias = graph.add("Unsqueeze", bias, graph.ints(1, 2))  # [B, 1, 1, N]
        x = self._embed(word_ids)
        for layer in range(config.num_hidden_layers):
            x = self._layer(x, bias, f"{self.prefix}group_{config.group_of_layer(layer)}")
        return x

    def _embed(self, word_ids):
        graph, config, prefix = self.graph, self.config, f"{self.prefix}embeddings"
        width = config.embedding_norm_size
        x = self.products.lookup(f"{prefix}/word", config.vocab_size, config.embedding_size, word_ids)
        if config.embedding_projection == "before_sum":
            x = self.products.dense(x, [f"{prefix}/projection"], config.embedding_size, config.hidden_size, bias=False)
        types = graph.weight(f"{prefix}/type", config.type_vocab_size, width)
        places = graph.weight(f"{prefix}/position", config.max_position_embeddings, width)
        places = graph.once("Add", places, graph.once("Slice", types, graph.ints(0), graph.ints(1)))
        length = graph.add("Shape", word_ids, start=1, end=2)
        x = graph.add("Add", x, graph.add("Slice", places, graph.ints(0), length))
        x = self._norm(x, f"{prefix}/norm", width)
        if config.embedding_projection == "after_norm":
            x = self.products.dense(x, [f"{prefix}/projection"], config.embedding_size, config.hidden_size)
        return x

    def _layer(self, x, bias, group):
        add, norms = self.graph.add, (f"{group}/attention/norm", f"{group}/ffn/norm")
        hidden = self.config.hidden_size
        if self.config.ln_type == "preln":
            x = add("Add", x, self._attention(self._norm(x, norms[0], hidden), bias, f"{group}/attention"))
            return add("Add", x, self._feed_forward(self._norm(x, norms[1], hidden), f"{group}/ffn"))
        x = self._norm(add("Add", x, self._attention(x, bias, f"{group}/attention")), norms[0], hidden)
        return self._norm(add("Add", x, self._feed_forward(x, f"{group}/ffn")), norms[1], hidden)

    def _attention(self, x, bias, name):
        graph, config = self.graph, self.config
        hidden, heads, size = config.hidden_size, config.num_attention_heads, config.head_size
        qkv = self.products.dense(x, [f"{name}/{part}" for part in ("query", "key", "value")], hidden, hidden)
        qkv = graph.add("Reshape", qkv, graph.ints(0, 0, 3, heads, size))
        query, key, value = graph.add("Split", qkv, axis=2, num_outputs=3, outputs=3)
        query, value = (graph.add("Transpose", graph.add("Squeeze", part, graph.ints(2)), perm=[0, 2, 1, 3]) for part in (query, value))
        key = graph.add("Transpose", graph.add("Squeeze", key, graph.ints(2)), perm=[0, 2, 3, 1])
        scores = graph.add("Mul", graph.add("MatMul", query, key), graph.constant(size**-0.5))
        context = graph.add("MatMul", graph.add("Softmax", graph.add("Add", scores, bias), axis=-1), value)
        context = graph.add("Reshape", graph.add("Transpose", context, perm=[0, 2, 1, 3]), graph.ints(0, 0, hidden))
        return self.products.dense(context, [f"{name}/output"], hidden, hidden)

    def _feed_forward(self, x, name):
        config = self.config
        x = self.products.dense(x, [f"{name}/intermediate"], config.hidden_size, config.intermediate_size)
        return self.products.dense(self._activation(x), [f"{name}/output"], config.intermediate_size, config.hidden_size)

    def _activation(self, x):
        name = self.config.hidden_act
        if name == "linear":
            return x
        if name.startswith("gelu"):
            return self.graph.add("Gelu", x, approximate="none" if name == "gelu_erf" else "tanh")
        return self.graph.add(name.capitalize(), x)

    def _norm(self, x, name, width):
        gamma, beta = (self.graph.weight(f"{name}/{part}", width) for part in ("gamma", "beta"))
        return self.graph.add("LayerNormalization", x, gamma, beta, axis=-1, epsilon=self.config.layer_norm_eps)
