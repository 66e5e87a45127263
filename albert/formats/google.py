"""Google ALBERT: google-research/albert's ``modeling.py``, one block of weights per hidden group."""

from albert.errors import CheckpointError, ConfigError
from albert.formats.architecture import drop_projection, impossible, require_postln
from albert.formats.config_keys import ALBERT_FIXED, BERT_KEYS, check_fixed, expect, read_tf, require, write_tf
from albert.formats.table import FileNames, Format, Row, tf_dense, tf_norm

_BLOCK = "bert/encoder/transformer/group_{g}/inner_group_0"


def _refuse_grouped_feed_forward(source):
    """brightmart's ``modeling_google_fast.py`` has these names, but a feed-forward kernel [16, H/16, F/16] of 16 parallel parts."""
    for name, tensor in source.tensors.items():
        if name.endswith("/ffn_1/intermediate/dense/kernel") and len(tensor.shape) != 2:
            raise CheckpointError(
                f"{source.path}: tensor {name}: expected a feed-forward kernel [hidden_size, intermediate_size], "
                f"found {list(tensor.shape)}: the grouped feed-forward variant (google_fast), which is not supported"
            )


def _claims_config(values):
    return "num_hidden_groups" in values and "model_type" not in values


def _read_config(values):
    check_fixed(values, ALBERT_FIXED)
    values = read_tf(values)
    expect(values, "ln_type", "postln", "Google ALBERT")
    if "embedding_size" not in values:
        raise ConfigError("missing key 'embedding_size'")
    values["embedding_projection"] = "none" if values["embedding_size"] == values.get("hidden_size") else "after_norm"
    return values


def _write_config(fields):
    require(fields, "ln_type", "postln", "google")
    same = fields["embedding_size"] == fields["hidden_size"]
    require(fields, "embedding_projection", "none" if same else "after_norm", "google")
    return {**write_tf(fields, "google", (*BERT_KEYS, "embedding_size", "num_hidden_groups")), **ALBERT_FIXED}


def _adapt(config, weights):
    require_postln(config)
    config, weights = drop_projection(config, weights)
    if config.embedding_projection == "after_norm" and config.embedding_size == config.hidden_size:
        raise impossible(
            "it has E == H and a projection after the embeddings' layer norm that is not the identity; Google's layout then has none"
        )
    return config, weights


FORMAT = Format(
    layout="google",
    title="Google ALBERT",
    marker=r"/group_\d+/inner_group_\d+/",
    anchor="bert/embeddings/word_embeddings",
    own=("bert/",),
    refuse=_refuse_grouped_feed_forward,
    files=FileNames("model.ckpt-best", "albert_config.json", "vocab_chinese.txt"),
    claims_config=_claims_config,
    read_config=_read_config,
    write_config=_write_config,
    adapt=_adapt,
    encoder=(
        Row("embeddings/word", "bert/embeddings/word_embeddings"),
        Row("embeddings/position", "bert/embeddings/position_embeddings"),
        Row("embeddings/type", "bert/embeddings/token_type_embeddings"),
        *tf_norm("embeddings/norm", "bert/embeddings/LayerNorm"),
        *tf_dense("embeddings/projection", "bert/encoder/embedding_hidden_mapping_in"),
        *tf_dense("group_{g}/attention/query", f"{_BLOCK}/attention_1/self/query"),
        *tf_dense("group_{g}/attention/key", f"{_BLOCK}/attention_1/self/key"),
        *tf_dense("group_{g}/attention/value", f"{_BLOCK}/attention_1/self/value"),
        *tf_dense("group_{g}/attention/output", f"{_BLOCK}/attention_1/output/dense"),
        *tf_norm("group_{g}/attention/norm", f"{_BLOCK}/LayerNorm"),
        *tf_dense("group_{g}/ffn/intermediate", f"{_BLOCK}/ffn_1/intermediate/dense"),
        *tf_dense("group_{g}/ffn/output", f"{_BLOCK}/ffn_1/intermediate/output/dense"),
        *tf_norm("group_{g}/ffn/norm", f"{_BLOCK}/LayerNorm_1"),
        *tf_dense("pooler", "bert/pooler/dense"),
    ),
    heads=(
        *tf_dense("masked_lm/dense", "cls/predictions/transform/dense"),
        *tf_norm("masked_lm/norm", "cls/predictions/transform/LayerNorm"),
        Row("masked_lm/bias", "cls/predictions/output_bias"),
        Row("sentence_order/kernel", "cls/seq_relationship/output_weights", transposed=True),
        Row("sentence_order/bias", "cls/seq_relationship/output_bias"),
    ),
)
