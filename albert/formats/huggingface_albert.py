"""HuggingFace ALBERT: the state dict of ``AlbertModel`` (no prefix) or of a model that holds one (``albert.``)."""

from albert.formats.table import Format, Row, torch_dense, torch_norm

_BLOCK = "encoder.albert_layer_groups.{g}.albert_layers.0"

FORMAT = Format(
    layout="huggingface_albert",
    title="HuggingFace ALBERT",
    marker=r"(^|\.)encoder\.albert_layer_groups\.\d+\.",
    anchor="embeddings.word_embeddings.weight",
    own=("embeddings.", "encoder.", "pooler."),
    scope="albert.",
    scope_required=True,
    ignored=("embeddings.position_ids", "embeddings.token_type_ids"),
    tied={"predictions.decoder.weight": "embeddings/word", "predictions.decoder.bias": "masked_lm/bias"},
    encoder=(
        Row("embeddings/word", "embeddings.word_embeddings.weight"),
        Row("embeddings/position", "embeddings.position_embeddings.weight"),
        Row("embeddings/type", "embeddings.token_type_embeddings.weight"),
        *torch_norm("embeddings/norm", "embeddings.LayerNorm"),
        *torch_dense("embeddings/projection", "encoder.embedding_hidden_mapping_in"),
        *torch_dense("group_{g}/attention/query", f"{_BLOCK}.attention.query"),
        *torch_dense("group_{g}/attention/key", f"{_BLOCK}.attention.key"),
        *torch_dense("group_{g}/attention/value", f"{_BLOCK}.attention.value"),
        *torch_dense("group_{g}/attention/output", f"{_BLOCK}.attention.dense"),
        *torch_norm("group_{g}/attention/norm", f"{_BLOCK}.attention.LayerNorm"),
        *torch_dense("group_{g}/ffn/intermediate", f"{_BLOCK}.ffn"),
        *torch_dense("group_{g}/ffn/output", f"{_BLOCK}.ffn_output"),
        *torch_norm("group_{g}/ffn/norm", f"{_BLOCK}.full_layer_layer_norm"),
        *torch_dense("pooler", "pooler"),
    ),
    heads=(
        *torch_dense("masked_lm/dense", "predictions.dense"),
        *torch_norm("masked_lm/norm", "predictions.LayerNorm"),
        Row("masked_lm/bias", "predictions.bias", aliases=("predictions.decoder.bias",)),
        *torch_dense("sentence_order", "sop_classifier.classifier"),
    ),
)
