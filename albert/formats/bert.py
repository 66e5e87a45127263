"""Google BERT: google-research/bert's ``modeling.py``, which BERT-wwm and BERT-wwm-ext share. Our groups are its layers."""

from albert.formats import google
from albert.formats.architecture import drop_projection, impossible, require_postln, unshare
from albert.formats.config_keys import BERT_KEYS, TF_FIXED, expect, read_tf, require, unshared, write_tf
from albert.formats.table import FileNames, Format, Row, tf_dense, tf_norm


def block(prefix):
    """Rows of one transformer layer stored under ``prefix``; brightmart's shared layer has the same names inside."""
    return (
        *tf_dense("group_{g}/attention/query", f"{prefix}/attention/self/query"),
        *tf_dense("group_{g}/attention/key", f"{prefix}/attention/self/key"),
        *tf_dense("group_{g}/attention/value", f"{prefix}/attention/self/value"),
        *tf_dense("group_{g}/attention/output", f"{prefix}/attention/output/dense"),
        *tf_norm("group_{g}/attention/norm", f"{prefix}/attention/output/LayerNorm"),
        *tf_dense("group_{g}/ffn/intermediate", f"{prefix}/intermediate/dense"),
        *tf_dense("group_{g}/ffn/output", f"{prefix}/output/dense"),
        *tf_norm("group_{g}/ffn/norm", f"{prefix}/output/LayerNorm"),
    )


EMBEDDINGS = (
    Row("embeddings/word", "bert/embeddings/word_embeddings"),
    Row("embeddings/position", "bert/embeddings/position_embeddings"),
    Row("embeddings/type", "bert/embeddings/token_type_embeddings"),
    *tf_norm("embeddings/norm", "bert/embeddings/LayerNorm"),
)


def _claims_config(values):
    return not {"embedding_size", "num_hidden_groups", "model_type"} & set(values)


def _read_config(values):
    values = read_tf(values)
    expect(values, "ln_type", "postln", "BERT")
    return unshared(values)


def _write_config(fields):
    require(fields, "ln_type", "postln", "bert")
    require(fields, "embedding_projection", "none", "bert")
    require(fields, "num_hidden_groups", fields["num_hidden_layers"], "bert")
    return {**write_tf(fields, "bert", BERT_KEYS), **TF_FIXED}


def _adapt(config, weights):
    require_postln(config)
    config, weights = drop_projection(config, weights)
    if config.embedding_projection != "none":
        raise impossible("it normalises word + position + type in width E, then projects to H; BERT has width H throughout")
    return unshare(config, weights)


FORMAT = Format(
    layout="bert",
    title="Google BERT",
    marker=r"(^|/)bert/encoder/layer_\d+/",
    anchor="bert/embeddings/word_embeddings",
    own=("bert/",),
    files=FileNames("bert_model.ckpt", "bert_config.json"),
    claims_config=_claims_config,
    read_config=_read_config,
    write_config=_write_config,
    adapt=_adapt,
    encoder=(*EMBEDDINGS, *block("bert/encoder/layer_{g}"), *tf_dense("pooler", "bert/pooler/dense")),
    heads=google.FORMAT.heads,
)
