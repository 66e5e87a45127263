"""brightmart/albert_zh: ``modeling.py`` (post-LN) and ``modeling_preln.py``, which store the same names and shapes.

One layer's weights for all layers, inside named as BERT's; ``word_embeddings_2`` takes the word embeddings from E to H before
position and type are added. Only ``ln_type`` in the config tells the two forms apart.
"""

from albert.formats import bert, google
from albert.formats.architecture import add_identity, drop_identity, impossible
from albert.formats.config_keys import ALBERT_FIXED, BERT_KEYS, TF_FIXED, check_fixed, expect, read_tf, require, write_tf
from albert.formats.table import FileNames, Format, Row, tf_dense


def _claims_config(values):
    return "embedding_size" in values and not {"num_hidden_groups", "model_type"} & set(values)


def _read_config(values):
    check_fixed(values, ALBERT_FIXED)
    values = read_tf(values)
    expect(values, "num_hidden_groups", 1, "brightmart")
    # The first releases' configs predate pre-LN and say nothing: post-LN.
    values.setdefault("ln_type", "postln")
    values["embedding_projection"] = "before_sum"
    return values


def _write_config(fields):
    require(fields, "embedding_projection", "before_sum", "brightmart")
    require(fields, "num_hidden_groups", 1, "brightmart")
    return {**write_tf(fields, "brightmart", (*BERT_KEYS, "embedding_size", "ln_type")), **TF_FIXED}


def _adapt(config, weights):
    config, weights = drop_identity(config, weights)
    if config.embedding_projection == "after_norm":
        raise impossible("it normalises word + position + type in width E, then projects to H; brightmart's layout normalises in width H")
    if config.num_hidden_groups != 1:
        raise impossible(f"it has {config.num_hidden_groups} blocks of weights; brightmart's layout shares one")
    return add_identity(config, weights, "before_sum") if config.embedding_projection == "none" else (config, weights)


FORMAT = Format(
    layout="brightmart",
    title="brightmart ALBERT",
    marker=r"(^|/)bert/(embeddings/word_embeddings_2$|encoder/layer_shared/)",
    anchor="bert/embeddings/word_embeddings",
    own=("bert/",),
    files=FileNames("albert_model.ckpt", "albert_config.json"),
    claims_config=_claims_config,
    read_config=_read_config,
    write_config=_write_config,
    adapt=_adapt,
    encoder=(
        *bert.EMBEDDINGS,
        Row("embeddings/projection/kernel", "bert/embeddings/word_embeddings_2"),
        *bert.block("bert/encoder/layer_shared"),
        *tf_dense("pooler", "bert/pooler/dense"),
    ),
    heads=google.FORMAT.heads,
)
