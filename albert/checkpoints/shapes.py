"""The shapes a config gives the weights, without building a model."""


def encoder_shapes(config):
    """Shape of every weight of ``AlbertEncoder.weight_map()``: dict from canonical name to tuple."""
    hidden, inner, width = config.hidden_size, config.intermediate_size, config.embedding_norm_size
    shapes = {
        "embeddings/word": (config.vocab_size, config.embedding_size),
        "embeddings/position": (config.max_position_embeddings, width),
        "embeddings/type": (config.type_vocab_size, width),
        **_norm("embeddings/norm", width),
    }
    if config.embedding_projection != "none":
        shapes["embeddings/projection/kernel"] = (config.embedding_size, hidden)
    if config.embedding_projection == "after_norm":
        shapes["embeddings/projection/bias"] = (hidden,)
    for g in range(config.num_hidden_groups):
        for name in ("query", "key", "value", "output"):
            shapes.update(_dense(f"group_{g}/attention/{name}", hidden, hidden))
        shapes.update(_norm(f"group_{g}/attention/norm", hidden))
        shapes.update(_dense(f"group_{g}/ffn/intermediate", hidden, inner))
        shapes.update(_dense(f"group_{g}/ffn/output", inner, hidden))
        shapes.update(_norm(f"group_{g}/ffn/norm", hidden))
    shapes.update(_dense("pooler", hidden, hidden))
    return shapes


def head_shapes(config):
    """Shape of every weight that ``AlbertForPretraining.weight_map()`` adds to the encoder's."""
    width = config.hidden_size if config.embedding_projection == "before_sum" else config.embedding_size
    return {
        **_dense("masked_lm/dense", config.hidden_size, width),
        **_norm("masked_lm/norm", width),
        "masked_lm/bias": (config.vocab_size,),
        **_dense("sentence_order", config.hidden_size, 2),
    }


def _dense(name, inputs, outputs):
    return {f"{name}/kernel": (inputs, outputs), f"{name}/bias": (outputs,)}


def _norm(name, width):
    return {f"{name}/gamma": (width,), f"{name}/beta": (width,)}
