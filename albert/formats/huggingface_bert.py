"""HuggingFace BERT: the state dict of ``BertModel`` (no prefix) or of a model that holds one (``bert.``)."""

import functools

from albert.formats import huggingface
from albert.formats.architecture import drop_projection, impossible, require_postln
from albert.formats.config_keys import BERT_KEYS, require, unshared
from albert.formats.table import Format, Row, torch_dense, torch_norm

_LAYER = "encoder.layer.{g}"


def _claims_config(values):
    return values.get("model_type") == "bert"


def _read_config(values):
    return unshared(huggingface.read_config(values, "bert"))


def _write_config(fields):
    require(fields, "embedding_projection", "none", "huggingface")
    require(fields, "num_hidden_groups", fields["num_hidden_layers"], "huggingface")
    return huggingface.write_config(fields, "bert", BERT_KEYS)


def _adapt(config, weights):
    require_postln(config)
    config, weights = drop_projection(config, weights)
    if config.embedding_projection != "none" or config.num_hidden_groups != config.num_hidden_layers:
        raise impossible("it has a projection or shares blocks of weights, which HuggingFace calls ALBERT")
    return config, weights


FORMAT = Format(
    layout="huggingface_bert",
    title="HuggingFace BERT",
    marker=r"(^|\.)encoder\.layer\.\d+\.attention\.self\.",
    anchor="embeddings.word_embeddings.weight",
    own=("embeddings.", "encoder.", "pooler."),
    files=huggingface.FILES,
    container="safetensors",
    target="huggingface",
    claims_config=_claims_config,
    read_config=_read_config,
    write_config=_write_config,
    adapt=_adapt,
    json_files=functools.partial(
        huggingface.json_files,
        architectures={
            (True, True): "BertForPreTraining",
            (True, False): "BertForMaskedLM",
            (False, True): "BertForNextSentencePrediction",
        },
        base_model="BertModel",
        special_tokens={"pad_token_id": "[PAD]"},
    ),
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
