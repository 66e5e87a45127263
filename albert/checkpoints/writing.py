"""A checkpoint directory in a published format's own conventions: file names, config keys, vocabulary."""

import json
import os
import shutil

import numpy as np

from albert.checkpoints.files.safetensors import write_safetensors
from albert.checkpoints.files.tensorflow import write_tf1, write_tf2
from albert.checkpoints.locate import FORMATS
from albert.checkpoints.matching import group_rows
from albert.files import atomic_write

_BY_LAYOUT = {fmt.layout: fmt for fmt in FORMATS}

# Weights (a prefix for TensorFlow), config, vocabulary and SentencePiece model, as each publisher names them.
_FILES = {
    "google": ("model.ckpt-best", "albert_config.json", "vocab_chinese.txt", "30k-clean.model"),
    "brightmart": ("albert_model.ckpt", "albert_config.json", "vocab.txt", "30k-clean.model"),
    "bert": ("bert_model.ckpt", "bert_config.json", "vocab.txt", "30k-clean.model"),
    "huggingface_albert": ("model.safetensors", "config.json", "vocab.txt", "spiece.model"),
    "huggingface_bert": ("model.safetensors", "config.json", "vocab.txt", "spiece.model"),
    "tf2": ("model.ckpt", "albert_config.json", "vocab.txt", "30k-clean.model"),
}

# The class of transformers that holds just the heads that are there, by (masked LM, sentence order).
_ARCHITECTURES = {
    "huggingface_albert": {(True, True): "AlbertForPreTraining", (True, False): "AlbertForMaskedLM"},
    "huggingface_bert": {
        (True, True): "BertForPreTraining",
        (True, False): "BertForMaskedLM",
        (False, True): "BertForNextSentencePrediction",
    },
}
_BASE_MODELS = {"huggingface_albert": "AlbertModel", "huggingface_bert": "BertModel"}


def write_checkpoint(directory, layout, config, weights, vocab_file=None, spm_model_file=None, do_lower_case=True):
    """Write weights, config and vocabulary into an existing directory.

    Args:
      directory: where to write.
      layout: one of ``albert.formats.config_keys.LAYOUTS``, or ``tf2``.
      config: the ``AlbertConfig``, of an architecture the layout has.
      weights: dict from canonical name to float32 array, the encoder's and any heads'.
      vocab_file, spm_model_file: files to copy, or None.
      do_lower_case: what to tell HuggingFace's tokenizer about a ``vocab.txt``.

    Raises:
      ConfigError: the layout's config has no way to say what ``config`` holds.
    """
    weights_name, config_name, vocab_name, spm_name = _FILES[layout]
    huggingface = layout.startswith("huggingface")
    config_values = config.to_dict(None if layout == "tf2" else layout)
    if huggingface:
        config_values = {"architectures": [_architecture(layout, weights)], **config_values, **_special_tokens(layout, vocab_file)}
    stored = stored_tensors(_BY_LAYOUT[layout], config, weights)
    write = write_safetensors if huggingface else write_tf2 if layout == "tf2" else write_tf1
    write(os.path.join(directory, weights_name), stored)
    _write_json(os.path.join(directory, config_name), config_values)
    if vocab_file:
        shutil.copyfile(vocab_file, os.path.join(directory, vocab_name))
    if spm_model_file:
        shutil.copyfile(spm_model_file, os.path.join(directory, spm_name))
    if huggingface and (vocab_file or spm_model_file):
        _write_json(os.path.join(directory, "tokenizer_config.json"), _tokenizer_config(vocab_file, do_lower_case))


def stored_tensors(fmt, config, weights):
    """A format's names and orientations for canonical weights: dict from stored name to float32 array."""
    rows = group_rows((*fmt.encoder, *fmt.heads), config.num_hidden_groups)
    heads = {row.ours for row in group_rows(fmt.heads, config.num_hidden_groups)}
    # An encoder alone is stored without the scope it has inside the model with heads, as its own save function does.
    scope = fmt.scope if heads & set(weights) else ""
    stored = {}
    for row in rows:
        if row.ours in weights:
            value = np.asarray(weights[row.ours])
            name = row.theirs if row.ours in heads else scope + row.theirs
            stored[name] = np.ascontiguousarray(value.T) if row.transposed else value
    return stored


def _architecture(layout, weights):
    heads = tuple(any(name.startswith(head) for name in weights) for head in ("masked_lm/", "sentence_order/"))
    return _ARCHITECTURES[layout].get(heads, _BASE_MODELS[layout])


def _special_tokens(layout, vocab_file):
    """The ids that HuggingFace configs repeat from the vocabulary; its defaults belong to other vocabularies."""
    if not vocab_file:
        return {}
    with open(vocab_file, encoding="utf-8") as f:
        ids = {line.rstrip("\r\n"): i for i, line in enumerate(f)}
    tokens = {"pad_token_id": "[PAD]"}
    if layout == "huggingface_albert":
        tokens.update(bos_token_id="[CLS]", eos_token_id="[SEP]")
    return {key: ids[token] for key, token in tokens.items() if token in ids}


def _tokenizer_config(vocab_file, do_lower_case):
    # AlbertTokenizer reads SentencePiece models only; the Chinese vocabularies are BERT's.
    if vocab_file:
        return {"tokenizer_class": "BertTokenizer", "do_lower_case": do_lower_case, "tokenize_chinese_chars": True}
    return {"tokenizer_class": "AlbertTokenizer", "do_lower_case": do_lower_case}


def _write_json(path, values):
    with atomic_write(path) as f:
        json.dump(values, f, indent=2)
        f.write("\n")
