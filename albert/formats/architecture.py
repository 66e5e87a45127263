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

TARGETS = ("google", "brightmart", "bert", "huggingface", "tf2")


def adapt(config, weights, target):
    """Weights and config for a target layout that compute what the given ones do.

    Args:
      config: an ``AlbertConfig``.
      weights: dict from canonical name to float32 array; the heads' may be among them.
      target: one of ``TARGETS``.

    Returns:
      (config, weights, layout): what to store, and the layout whose table stores it (``huggingface`` is two).

    Raises:
      CheckpointError: no weights of the target's architecture compute the same, with the reason.
    """
    if target == "tf2":
        return config, weights, "tf2"
    if config.ln_type == "preln" and target != "brightmart":
        raise _impossible(target, "it is pre-LN, which only brightmart's layout has: the others normalise after the residual sum")
    if target == "google":
        return (*_for_google(*_drop_projection(config, weights)), "google")
    if target == "brightmart":
        return (*_for_brightmart(*_drop_projection_after_norm(config, weights)), "brightmart")
    config, weights = _drop_projection(config, weights)
    if target == "bert":
        if config.embedding_projection != "none":
            raise _impossible(target, "it normalises word + position + type in width E, then projects to H; BERT has width H throughout")
        return (*_unshare(config, weights), "bert")
    if config.embedding_projection == "none" and config.num_hidden_groups == config.num_hidden_layers:
        return config, weights, "huggingface_bert"
    if config.embedding_projection == "none":
        config, weights = _add_identity(config, weights, "after_norm")
    return config, weights, "huggingface_albert"


def _impossible(target, reason):
    return CheckpointError(f"--output_format={target}: this checkpoint cannot be converted exactly: {reason}")


def _for_google(config, weights):
    if config.embedding_projection == "after_norm" and config.embedding_size == config.hidden_size:
        raise _impossible(
            "google",
            "it has E == H and a projection after the embeddings' layer norm that is not the identity; Google's layout then has none",
        )
    return config, weights


def _for_brightmart(config, weights):
    if config.embedding_projection == "after_norm":
        raise _impossible(
            "brightmart", "it normalises word + position + type in width E, then projects to H; brightmart's layout normalises in width H"
        )
    if config.num_hidden_groups != 1:
        raise _impossible("brightmart", f"it has {config.num_hidden_groups} blocks of weights; brightmart's layout shares one")
    if config.embedding_projection == "none":
        return _add_identity(config, weights, "before_sum")
    return config, weights


def _drop_projection(config, weights):
    """Fold a projection into the word embeddings, or leave out one that does nothing; unchanged where neither is possible."""
    if config.embedding_projection != "before_sum":
        return _drop_projection_after_norm(config, weights)
    weights = dict(weights)
    kernel = weights.pop("embeddings/projection/kernel")
    # In float64 and rounded once: the sum over E is the only new rounding a conversion adds.
    weights["embeddings/word"] = (weights["embeddings/word"].astype(np.float64) @ kernel.astype(np.float64)).astype(np.float32)
    # brightmart's masked-LM head is (t · kernelᵀ) · wordᵀ = t · (word · kernel)ᵀ, so the head stays as it is.
    return config.replace(embedding_projection="none", embedding_size=config.hidden_size), weights


def _drop_projection_after_norm(config, weights):
    if config.embedding_projection != "after_norm" or config.embedding_size != config.hidden_size:
        return config, weights
    kernel, bias = weights["embeddings/projection/kernel"], weights["embeddings/projection/bias"]
    if not np.array_equal(kernel, np.eye(config.hidden_size)) or np.any(bias):
        return config, weights
    kept = {name: value for name, value in weights.items() if not name.startswith("embeddings/projection/")}
    return config.replace(embedding_projection="none"), kept


def _add_identity(config, weights, projection):
    weights = {**weights, "embeddings/projection/kernel": np.eye(config.hidden_size, dtype=np.float32)}
    if projection == "after_norm":
        weights["embeddings/projection/bias"] = np.zeros(config.hidden_size, np.float32)
    return config.replace(embedding_projection=projection), weights


def _unshare(config, weights):
    """One block for every layer, as BERT stores them."""
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
