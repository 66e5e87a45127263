"""HuggingFace ALBERT: the state dict of ``AlbertModel`` (no prefix) or of a model that holds one (``albert.``)."""

import functools

from albert.errors import ConfigError
from albert.formats import huggingface
from albert.formats.architecture import add_identity, drop_projection, impossible, require_postln
from albert.formats.config_keys import BERT_KEYS, MOST_LAYERS, require
from albert.formats.table import Format, Row, torch_dense, torch_norm

_BLOCK = "encoder.albert_layer_groups.{g}.albert_layers.0"


def _claims_config(values):
    return values.get("model_type") == "albert"


def _read_config(values):
    values = huggingface.read_config(values, "albert")
    if "embedding_size" not in values:
        raise ConfigError("missing key 'embedding_size'")
    _check_same_groups(values)
    # AlbertTransformer has its embedding_hidden_mapping_in whether or not E == H.
    values["embedding_projection"] = "after_norm"
    return values


def _write_config(fields):
    _check_same_groups(fields)
    require(fields, "embedding_projection", "after_norm", "huggingface")
    values = huggingface.write_config(fields, "albert", (*BERT_KEYS, "embedding_size", "num_hidden_groups"))
    return {**values, "inner_group_num": 1}


def _check_same_groups(fields):
    """transformers rounds the group of a layer, int(i / (L / G)), unlike the original int(i / L * G); for some L and G that differs."""
    layers, groups = fields.get("num_hidden_layers"), fields.get("num_hidden_groups", 1)
    if not isinstance(layers, int) or not isinstance(groups, int) or not 1 <= groups < layers <= MOST_LAYERS:
        return  # one block for each layer; anything broken AlbertConfig refuses by name
    for i in range(layers):
        if int(i / (layers / groups)) != int(i / layers * groups):
            raise ConfigError(f"num_hidden_groups must give layer {i} one group in both codes, found {groups} groups for {layers} layers")


def _adapt(config, weights):
    require_postln(config)
    config, weights = drop_projection(config, weights)
    if config.embedding_projection != "none":
        return config, weights
    if config.num_hidden_groups == config.num_hidden_layers:
        raise impossible("it has no projection and a block of weights for every layer, which HuggingFace calls BERT")
    return add_identity(config, weights, "after_norm")


FORMAT = Format(
    layout="huggingface_albert",
    title="HuggingFace ALBERT",
    marker=r"(^|\.)encoder\.albert_layer_groups\.\d+\.",
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
        architectures={(True, True): "AlbertForPreTraining", (True, False): "AlbertForMaskedLM"},
        base_model="AlbertModel",
        special_tokens={"pad_token_id": "[PAD]", "bos_token_id": "[CLS]", "eos_token_id": "[SEP]"},
    ),
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
