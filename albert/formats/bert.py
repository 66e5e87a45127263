"""Google BERT: google-research/bert's ``modeling.py``, which BERT-wwm and BERT-wwm-ext share. Our groups are its layers."""

from albert.formats import google
from albert.formats.table import Format, Row, tf_dense, tf_norm


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

FORMAT = Format(
    layout="bert",
    title="Google BERT",
    marker=r"(^|/)bert/encoder/layer_\d+/",
    anchor="bert/embeddings/word_embeddings",
    own=("bert/",),
    encoder=(*EMBEDDINGS, *block("bert/encoder/layer_{g}"), *tf_dense("pooler", "bert/pooler/dense")),
    heads=google.FORMAT.heads,
)
