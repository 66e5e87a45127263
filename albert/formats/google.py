"""Google ALBERT: google-research/albert's ``modeling.py``, one block of weights per hidden group."""

from albert.errors import CheckpointError
from albert.formats.table import Format, Row, tf_dense, tf_norm

_BLOCK = "bert/encoder/transformer/group_{g}/inner_group_0"


def _refuse_grouped_feed_forward(source):
    """brightmart's ``modeling_google_fast.py`` has these names, but a feed-forward kernel [16, H/16, F/16] of 16 parallel parts."""
    for name, tensor in source.tensors.items():
        if name.endswith("/ffn_1/intermediate/dense/kernel") and len(tensor.shape) != 2:
            raise CheckpointError(
                f"{source.path}: tensor {name}: expected a feed-forward kernel [hidden_size, intermediate_size], "
                f"found {list(tensor.shape)}: the grouped feed-forward variant (google_fast), which is not supported"
            )


FORMAT = Format(
    layout="google",
    title="Google ALBERT",
    marker=r"/group_\d+/inner_group_\d+/",
    anchor="bert/embeddings/word_embeddings",
    own=("bert/",),
    refuse=_refuse_grouped_feed_forward,
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
