"""The encoder and its pretraining heads once more, in float64 NumPy, straight from the formulas of the published models.

Slow and plain on purpose: one sequence, one head and one layer at a time, so that it shares neither code nor shapes with
the library it is compared with.

Letters: B batch, T tokens, P masked positions, V vocabulary, E embedding, H hidden, F feed-forward, L layers.
"""

import math

import numpy as np


def forward(config, weights, input_ids, input_mask=None, token_type_ids=None, masked_lm_positions=None):
    """Forward pass without dropout.

    Args:
      config: an ``albert.AlbertConfig``.
      weights: dict from the canonical names of ``AlbertForPretraining.weight_map`` to arrays.
      input_ids: int [B, T].
      input_mask: int [B, T], 1 for a token and 0 for padding; None: everything is a token.
      token_type_ids: int [B, T]; None: all 0.
      masked_lm_positions: int [B, P]; None: no masked-LM logits.

    Returns:
      dict of float64 arrays: embedding_output [B, T, E or H], encoder_outputs (list of L × [B, T, H]),
      sequence_output [B, T, H], pooled_output [B, H], sentence_order_logits [B, 2], and masked_lm_logits [B, P, V] if asked for.
    """
    weights = {name: np.asarray(value, np.float64) for name, value in weights.items()}
    rows = []
    for b in range(len(input_ids)):
        mask = np.ones(len(input_ids[b])) if input_mask is None else np.asarray(input_mask[b], np.float64)
        types = np.zeros(len(input_ids[b]), int) if token_type_ids is None else token_type_ids[b]
        positions = None if masked_lm_positions is None else masked_lm_positions[b]
        rows.append(_sequence(config, weights, input_ids[b], mask, types, positions))
    outputs = {name: np.stack([row[name] for row in rows]) for name in rows[0] if name != "encoder_outputs"}
    outputs["encoder_outputs"] = [np.stack([row["encoder_outputs"][i] for row in rows]) for i in range(config.num_hidden_layers)]
    return outputs


def _sequence(config, w, ids, mask, types, positions):
    """One sequence: ids, mask, types [T]."""
    embedding_output, x = _embed(config, w, ids, types)
    encoder_outputs = []
    for i in range(config.num_hidden_layers):
        group = int(i / config.num_hidden_layers * config.num_hidden_groups)
        x = _layer(config, w, f"group_{group}", x, mask)
        encoder_outputs.append(x)
    pooled = np.tanh(_dense(w, "pooler", x[0]))
    outputs = {
        "embedding_output": embedding_output,
        "encoder_outputs": encoder_outputs,
        "sequence_output": x,
        "pooled_output": pooled,
        "sentence_order_logits": _dense(w, "sentence_order", pooled),
    }
    if positions is not None:
        outputs["masked_lm_logits"] = np.stack([_masked_lm(config, w, x[position]) for position in positions])
    return outputs


def _embed(config, w, ids, types):
    word = np.stack([w["embeddings/word"][i] for i in ids])
    added = np.stack([w["embeddings/position"][t] + w["embeddings/type"][types[t]] for t in range(len(ids))])
    if config.embedding_projection == "before_sum":  # brightmart
        e = _norm(w, "embeddings/norm", word @ w["embeddings/projection/kernel"] + added, config.layer_norm_eps)
        return e, e
    e = _norm(w, "embeddings/norm", word + added, config.layer_norm_eps)
    if config.embedding_projection == "none":  # BERT, and ALBERT with E == H
        return e, e
    return e, _dense(w, "embeddings/projection", e)


def _layer(config, w, group, x, mask):
    def attention(y):
        return _attention(config, w, f"{group}/attention", y, mask)

    def feed_forward(y):
        return _dense(w, f"{group}/ffn/output", _activation(config, _dense(w, f"{group}/ffn/intermediate", y)))

    def attention_norm(y):
        return _norm(w, f"{group}/attention/norm", y, config.layer_norm_eps)

    def ffn_norm(y):
        return _norm(w, f"{group}/ffn/norm", y, config.layer_norm_eps)

    if config.ln_type == "preln":
        x = x + attention(attention_norm(x))
        return x + feed_forward(ffn_norm(x))
    x = attention_norm(x + attention(x))
    return ffn_norm(x + feed_forward(x))


def _attention(config, w, name, x, mask):
    size = config.hidden_size // config.num_attention_heads
    query, key, value = (_dense(w, f"{name}/{part}", x) for part in ("query", "key", "value"))
    context = np.zeros_like(x)
    for head in range(config.num_attention_heads):
        columns = slice(head * size, (head + 1) * size)
        for t in range(len(x)):
            scores = np.array([query[t, columns] @ key[s, columns] / math.sqrt(size) - 10000 * (1 - mask[s]) for s in range(len(x))])
            exponentials = np.exp(scores - scores.max())
            context[t, columns] = exponentials / exponentials.sum() @ value[:, columns]
    return _dense(w, f"{name}/output", context)


def _masked_lm(config, w, x):
    """Logits [V] for one position's hidden state [H]."""
    t = _norm(w, "masked_lm/norm", _activation(config, _dense(w, "masked_lm/dense", x)), config.layer_norm_eps)
    if config.embedding_projection == "before_sum":
        t = t @ w["embeddings/projection/kernel"].T
    return t @ w["embeddings/word"].T + w["masked_lm/bias"]


def _dense(w, name, x):
    return x @ w[f"{name}/kernel"] + w[f"{name}/bias"]


def _norm(w, name, x, epsilon):
    mean = x.mean(-1, keepdims=True)
    variance = ((x - mean) ** 2).mean(-1, keepdims=True)
    return (x - mean) / np.sqrt(variance + epsilon) * w[f"{name}/gamma"] + w[f"{name}/beta"]


def _activation(config, x):
    if config.hidden_act == "gelu":
        return 0.5 * x * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))
    if config.hidden_act == "gelu_erf":
        return 0.5 * x * (1 + np.vectorize(math.erf)(x / math.sqrt(2)))
    return {"relu": np.maximum(x, 0), "tanh": np.tanh(x), "linear": x}[config.hidden_act]
