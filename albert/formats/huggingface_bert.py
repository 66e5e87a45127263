"""HuggingFace BERT: the state dict of ``BertModel`` (no prefix) or of a model that holds one (``bert.``)."""

from albert.formats.table import Format, Row, torch_dense, torch_norm

_LAYER = "encoder.layer.{g}"

FORMAT = Format(
    layout="huggingface_bert",
    title="HuggingFace BERT",
    marker=r"(^|\.)encoder\.layer\.\d+\.attention\.self\.",
    anchor="embeddings.word_embeddings.weight",
    own=("embeddings.", "encoder.", "pooler."),
    scope="bert.",
    scope_required=True,
    ignored=("embeddings.position_ids", "embeddings.token_type_ids"),
    tied={"cls.predictions.decoder.weight": "embeddings/word", "cls.predictions.decoder.bias": "masked_lm/bias"},
    encoder=(
        Row("embeddings/word", "embeddings.word_embeddings.weight"),
        Row("embeddings/position", "embeddings.position_embeddings.weight"),
        Row("embeddings/type", "embeddings.token_type_embeddings.weight"),
        *torch_norm("embeddings/norm", "embeddings.LayerNorm"),
        *torch_dense("group_{g}/attention/query", f"{_LAYER}.attention.self.query"),
        *torch_dense("group_{g}/attention/key", f"{_LAYER}.attention.self.key"),
        *torch_dense("group_{g}/attention/value", f"{_LAYER}.attention.self.value"),
        *torch_dense("group_{g}/attention/output", f"{_LAYER}.attention.output.dense"),
        *torch_norm("group_{g}/attention/norm", f"{_LAYER}.attention.output.LayerNorm"),
        *torch_dense("group_{g}/ffn/intermediate", f"{_LAYER}.intermediate.dense"),
        *torch_dense("group_{g}/ffn/output", f"{_LAYER}.output.dense"),
        *torch_norm("group_{g}/ffn/norm", f"{_LAYER}.output.LayerNorm"),
        *torch_dense("pooler", "pooler.dense"),
    ),
    heads=(
        *torch_dense("masked_lm/dense", "cls.predictions.transform.dense"),
        *torch_norm("masked_lm/norm", "cls.predictions.transform.LayerNorm"),
        Row("masked_lm/bias", "cls.predictions.bias", aliases=("cls.predictions.decoder.bias",)),
        *torch_dense("sentence_order", "cls.seq_relationship"),
    ),
)
