"""The same function of the input, written as another architecture: what makes a checkpoint of one layout storable in another.

All works on plain dicts from canonical name to float32 array, with the ``AlbertConfig`` they belong to.

* A product of matrices is a matrix: brightmart's word embeddings times ``word_embeddings_2`` are word embeddings with E == H.
* The identity is a matrix: where a layout must have a projection and E == H, it stores the identity.
* Sharing is equality: a block used by several layers can be stored once for each of them.

Nothing else is possible. Google ALBERT with E != H normalises the sum of word, position and type in width E, brightmart and BERT in
width H after (or without) the projection: no weights make a layer norm over E values one over H values.
"""

import numpy as np

from albert.errors import CheckpointError


def impossible(reason):
    """The error that a format's ``adapt`` raises."""
    return CheckpointError(f"this checkpoint cannot be converted exactly: {reason}")


def require_postln(config):
    """Refuse a pre-LN architecture."""
    if config.ln_type == "preln":
        raise impossible("it is pre-LN, which only brightmart's layout has: the others normalise after the residual sum")


def drop_projection(config, weights):
    """Fold a projection into the word embeddings, or leave out one that does nothing; unchanged where neither is possible."""
    if config.embedding_projection != "before_sum":
        return drop_identity(config, weights)
    weights = dict(weights)
    kernel = weights.pop("embeddings/projection/kernel")
    # In float64 and rounded once: the sum over E is the only new rounding a conversion adds.
    weights["embeddings/word"] = (weights["embeddings/word"].astype(np.float64) @ kernel.astype(np.float64)).astype(np.float32)
    # brightmart's masked-LM head is (t · kernelᵀ) · wordᵀ = t · (word · kernel)ᵀ, so the head stays as it is.
    return config.replace(embedding_projection="none", embedding_size=config.hidden_size), weights


def drop_identity(config, weights):
    """Leave out a projection after the norm that does nothing; unchanged where there is none or it does something."""
    if config.embedding_projection != "after_norm" or config.embedding_size != config.hidden_size:
        return config, weights
    kernel, bias = weights["embeddings/projection/kernel"], weights["embeddings/projection/bias"]
    if not np.array_equal(kernel, np.eye(config.hidden_size)) or np.any(bias):
        return config, weights
    kept = {name: value for name, value in weights.items() if not name.startswith("embeddings/projection/")}
    return config.replace(embedding_projection="none"), kept


def add_identity(config, weights, projection):
    """A projection that does nothing, ``after_norm`` or ``before_sum``, for a config that has none."""
    weights = {**weights, "embeddings/projection/kernel": np.eye(config.hidden_size, dtype=np.float32)}
    if projection == "after_norm":
        weights["embeddings/projection/bias"] = np.zeros(config.hidden_size, np.float32)
    return config.replace(embedding_projection=projection), weights


def unshare(config, weights):
    """A block of its own for every layer, as BERT stores them."""
    layers = config.num_hidden_layers
    if config.num_hidden_groups == layers:
        return config, weights
    unshared = {name: value for name, value in weights.items() if not name.startswith("group_")}
    for layer in range(layers):
        prefix = f"group_{config.group_of_layer(layer)}/"
        for name, value in weights.items():
            if name.startswith(prefix):
                unshared[f"group_{layer}/{name[len(prefix) :]}"] = value
    return config.replace(num_hidden_groups=layers), unshared
