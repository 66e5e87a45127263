"""Conventions that HuggingFace's ALBERT and BERT share: file names, keys of the config, what is written beside it."""

import re

from albert.errors import CheckpointError, ConfigError
from albert.fields import shown
from albert.files import read_json
from albert.formats.config_keys import ALBERT_FIXED, BERT_KEYS, activation, check_fixed, require
from albert.formats.table import FileNames
from albert.vocabulary_file import read_vocabulary

SHARD_INDEX = ".index.json"  # after the name of the weights that are in several files

FILES = FileNames(
    weights="model.safetensors",
    config="config.json",
    sentencepiece="spiece.model",
    configs=("config.json",),
    # The order in which transformers itself looks.
    other_weights=(f"model.safetensors{SHARD_INDEX}", "pytorch_model.bin", f"pytorch_model.bin{SHARD_INDEX}"),
)

_FIXED = {"position_embedding_type": "absolute", "is_decoder": False, "add_cross_attention": False}
_FIELDS = {*BERT_KEYS, "embedding_size", "num_hidden_groups", "layer_norm_eps"}
# In HuggingFace's ACT2FN "gelu" is the erf form.
_ACTIVATIONS = {
    "gelu": "gelu_erf",
    "gelu_python": "gelu_erf",
    "gelu_new": "gelu",
    "gelu_fast": "gelu",
    "gelu_pytorch_tanh": "gelu",
    "relu": "relu",
    "tanh": "tanh",
    "linear": "linear",
}
_ACTIVATION_NAMES = {"gelu_erf": "gelu", "gelu": "gelu_new", "relu": "relu", "tanh": "tanh", "linear": "linear"}


def read_config(values, model_type):
    """The keys of a HuggingFace config that matter; the rest (task heads, generation, library versions) is theirs."""
    found = values.get("model_type", model_type)
    if found != model_type:
        raise ConfigError(f"model_type must be {model_type!r} for weights with these names, found {shown(found)}")
    check_fixed(values, {**ALBERT_FIXED, **_FIXED})
    values = {key: value for key, value in values.items() if key in _FIELDS}
    values["hidden_act"] = activation(values, _ACTIVATIONS)
    return values


def write_config(fields, model_type, keys):
    """The keys of a HuggingFace config, of which ``keys`` are fields."""
    require(fields, "ln_type", "postln", "huggingface")
    values = {"model_type": model_type, **{key: fields[key] for key in keys}, "layer_norm_eps": fields["layer_norm_eps"]}
    values["hidden_act"] = _ACTIVATION_NAMES[fields["hidden_act"]]
    return values


def json_files(values, names, vocab_file, spm_model_file, do_lower_case, architectures, base_model, special_tokens):
    """``config.json`` and ``tokenizer_config.json``: ``Format.json_files`` once the last three arguments are given.

    Args:
      values, names, vocab_file, spm_model_file, do_lower_case: as ``Format.json_files``.
      architectures: the class of transformers that holds just the heads that are there, by (masked LM, sentence order).
      base_model: the class for any other heads.
      special_tokens: dict from key of the config to the token whose id it repeats.
    """
    heads = tuple(any(name.startswith(head) for name in names) for head in ("masked_lm/", "sentence_order/"))
    config = {"architectures": [architectures.get(heads, base_model)], **values, **_special_ids(vocab_file, special_tokens)}
    files = {FILES.config: config}
    if vocab_file:
        # AlbertTokenizer reads SentencePiece models only; the Chinese vocabularies are BERT's.
        tokenizer = {"tokenizer_class": "BertTokenizer", "do_lower_case": do_lower_case, "tokenize_chinese_chars": True}
        files["tokenizer_config.json"] = tokenizer
    elif spm_model_file:
        files["tokenizer_config.json"] = {"tokenizer_class": "AlbertTokenizer", "do_lower_case": do_lower_case}
    return files


def read_shard_index(path, error=CheckpointError):
    """The names in an index of shards: dict from tensor to the name of the file beside the index that holds it.

    Raises:
      CheckpointError, or the class given: the index is broken, or names a file elsewhere.
    """
    shard_of = read_json(path, "an index of weights", error=error).get("weight_map")
    if not isinstance(shard_of, dict) or not shard_of:
        raise error(f"{path}: expected a 'weight_map' from tensors to files, found none")
    for name in shard_of.values():
        if not isinstance(name, str) or not re.fullmatch(r"[A-Za-z0-9][\w.-]*", name):
            raise error(f"{path}: expected names of files beside it, found {name!r}")
    return shard_of


def _special_ids(vocab_file, special_tokens):
    """The ids that HuggingFace configs repeat from the vocabulary; its defaults belong to other vocabularies."""
    if not vocab_file:
        return {}
    ids = {entry: i for i, entry in enumerate(read_vocabulary(vocab_file))}
    return {key: ids[token] for key, token in special_tokens.items() if token in ids}
