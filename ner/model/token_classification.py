"""HuggingFace's ``AlbertForTokenClassification`` and ``BertForTokenClassification`` as taggers without a recurrent layer and CRF, and back.

Their linear layer on the encoder's output is this library's ``emissions``; only the order of its rows and the names of the labels differ.
Everything here works on files and NumPy arrays.
"""

import dataclasses
import os
import re
from typing import Optional

import numpy as np

from albert import formats
from albert.checkpoints import find
from albert.checkpoints.files.safetensors import write_safetensors
from albert.checkpoints.matching import match
from albert.checkpoints.shapes import encoder_shapes
from albert.errors import CheckpointError, ConfigError
from albert.files import read_json, write_json
from albert.vocabulary import copy_vocabulary
from ner.model.config import TaggerConfig
from ner.tags import OUTSIDE, SCHEMES, TagSet

CONFIG_FILE = "config.json"
_TOKENIZER_FILE = "tokenizer_config.json"

_CLASSES = {"huggingface_albert": "AlbertForTokenClassification", "huggingface_bert": "BertForTokenClassification"}
_DROPOUT_KEYS = {"huggingface_albert": "classifier_dropout_prob", "huggingface_bert": "classifier_dropout"}
_KERNEL, _BIAS = "classifier.weight", "classifier.bias"
_LONGEST = 512  # tokens of a window, where the encoder has more positions
# Added to the score of a tag that the model does not have: it is never the best, and its probability is 0.
_NEVER = -1e4
_TAG = re.compile(r"([A-Z])[-_](\S+)")
_SPECIAL = re.compile(r"\[\w+\]|<\w+>")


@dataclasses.dataclass(frozen=True)
class TokenClassifier:
    """A token classification model as a tagger.

    Attributes:
      config: its ``TaggerConfig``.
      weights: dict from the names of ``TaggerModel.weight_map`` to float32 arrays.
      vocab_file, spm_model_file: the tokenizer's file, one of the two.
      left_out: labels that stand for no tag, such as ``[PAD]``; they are never predicted.
    """

    config: TaggerConfig
    weights: dict
    vocab_file: Optional[str]
    spm_model_file: Optional[str]
    left_out: tuple


def read(path):
    """Read a HuggingFace token classification model.

    Args:
      path: its directory, as ``save_pretrained`` writes it.

    Returns:
      ``TokenClassifier``.

    Raises:
      CheckpointError: it is no such model, has layers of its own (a CRF), or a tensor is missing or mis-shaped.
      ConfigError: its labels are not the tags of a scheme.
    """
    checkpoint = find(path)
    if checkpoint.layout not in _CLASSES:
        known = " or ".join(_CLASSES.values())
        raise CheckpointError(f"{checkpoint.path}: expected a HuggingFace {known}, found {checkpoint.format.title}")
    values = read_json(checkpoint.config_file, "a HuggingFace model's config", error=ConfigError)
    matching = match(checkpoint, encoder_shapes(checkpoint.config), optional=("pooler/",))
    if matching.problems:
        raise matching.problems[0]
    _check_head(checkpoint, matching)
    tag_set, rows, left_out = _tag_set(_labels(values, checkpoint), checkpoint.config_file)
    weights = {f"encoder/{m.ours}": _oriented(checkpoint.source.read_finite(m.theirs), m.row.transposed) for m in matching.matches}
    for name, shape in encoder_shapes(checkpoint.config).items():
        weights.setdefault(f"encoder/{name}", np.zeros(shape, np.float32))  # a pooler, which feeds nothing here
    kernel, bias = checkpoint.source.read_finite(_KERNEL), checkpoint.source.read_finite(_BIAS)
    weights["emissions/kernel"] = np.zeros((kernel.shape[1], len(tag_set)), np.float32)
    weights["emissions/bias"] = np.full(len(tag_set), _NEVER, np.float32)
    for tag, row in rows.items():
        weights["emissions/kernel"][:, tag_set.index[tag]] = kernel[row]
        weights["emissions/bias"][tag_set.index[tag]] = bias[row]
    config = TaggerConfig(
        encoder=checkpoint.config,
        tag_set=tag_set,
        max_seq_length=_longest(checkpoint.directory, checkpoint.config.max_position_embeddings),
        do_lower_case=_lower_cases(checkpoint.directory),
        rnn="none",
        use_crf=False,
    )
    if not checkpoint.vocab_file and not checkpoint.spm_model_file:
        raise CheckpointError(f"{checkpoint.directory}: expected a vocabulary beside the weights (vocab.txt, tokenizer.json), found none")
    return TokenClassifier(config, weights, checkpoint.vocab_file, checkpoint.spm_model_file, left_out)


def write(directory, config, weights, vocab_file=None, spm_model_file=None):
    """Write a tagger as a HuggingFace token classification model.

    Args:
      directory: an existing directory.
      config: its ``TaggerConfig``, without recurrent layer and CRF.
      weights: dict from the names of ``TaggerModel.weight_map`` to float32 arrays.
      vocab_file, spm_model_file: the tokenizer's file to copy, one of the two.

    Returns:
      Name of the class of transformers that loads it.

    Raises:
      CheckpointError: the tagger has layers that such a model has not, or an encoder that HuggingFace cannot store.
    """
    check_convertible(config)
    from albert.checkpoints.writing import stored_tensors  # noqa: PLC0415 - imports TensorFlow

    # Without the pooler, which these classes leave out.
    encoder = {name[len("encoder/") :]: value for name, value in weights.items() if name.startswith("encoder/")}
    encoder = {name: value for name, value in encoder.items() if not name.startswith("pooler/")}
    encoder_config, encoder, layout = formats.adapt(config.encoder, encoder, "huggingface")
    fmt = formats.FORMATS[layout]
    tensors = {fmt.scope + name: value for name, value in stored_tensors(fmt, encoder_config, encoder).items()}
    tensors[_KERNEL] = np.ascontiguousarray(weights["emissions/kernel"].T)
    tensors[_BIAS] = weights["emissions/bias"]
    files = fmt.json_files(encoder_config.to_dict(layout), set(encoder), vocab_file, spm_model_file, config.do_lower_case)
    tags = config.tag_set.tags
    files[CONFIG_FILE].update(
        {
            "architectures": [_CLASSES[layout]],
            "id2label": {str(i): tag for i, tag in enumerate(tags)},
            "label2id": {tag: i for i, tag in enumerate(tags)},
            _DROPOUT_KEYS[layout]: config.dropout,
        }
    )
    files[_TOKENIZER_FILE]["model_max_length"] = config.max_seq_length
    write_safetensors(os.path.join(directory, fmt.files.weights), tensors)
    for name, values in files.items():
        write_json(os.path.join(directory, name), values)
    if vocab_file:
        copy_vocabulary(vocab_file, os.path.join(directory, fmt.files.vocabulary))
    else:
        copy_vocabulary(spm_model_file, os.path.join(directory, fmt.files.sentencepiece))
    return _CLASSES[layout]


def check_convertible(config):
    """Refuse a ``TaggerConfig`` of a tagger that is not an encoder and one linear layer. Raises CheckpointError."""
    extra = "a recurrent layer" if config.rnn != "none" else "a CRF" if config.use_crf else None
    if extra or config.encoder_type != "albert":
        raise CheckpointError(
            f"this tagger has {extra or 'no ALBERT or BERT'}; a HuggingFace token classification model is an encoder and one linear layer"
        )


def _check_head(checkpoint, matching):
    """Refuse what is not an encoder and one linear layer."""
    source, hidden = checkpoint.source, checkpoint.config.hidden_size
    others = [name for name, reason in matching.ignored.items() if reason == "not part of the encoder" and name not in (_KERNEL, _BIAS)]
    if others:
        raise source.error(min(others), f"nothing but an encoder and {_KERNEL}", "it: the model has layers of its own")
    for name, dimensions in ((_KERNEL, 2), (_BIAS, 1)):
        if name not in source.tensors:
            raise source.error(name, "the layer of a token classification model", "no such tensor: this is no tagger")
        shape = source.tensors[name].shape
        if len(shape) != dimensions or (dimensions == 2 and shape[1] != hidden) or shape[0] != source.tensors[_KERNEL].shape[0]:
            raise source.error(name, f"[number of labels{f', {hidden}' * (dimensions == 2)}]", list(shape))


def _labels(values, checkpoint):
    """The label of every row of the linear layer: list of strings, as the config's ``id2label`` has them."""
    file, rows = checkpoint.config_file, checkpoint.source.tensors[_KERNEL].shape[0]
    classes = values.get("architectures") or [_CLASSES[checkpoint.layout]]
    if values.get("auto_map") or classes != [_CLASSES[checkpoint.layout]]:
        own = " with code of its own" if values.get("auto_map") else ""
        raise ConfigError(f"{file}: expected the model class {_CLASSES[checkpoint.layout]}, found {', '.join(map(str, classes))}{own}")
    id2label = values.get("id2label")
    if not isinstance(id2label, dict) or not all(isinstance(label, str) for label in id2label.values()):
        raise ConfigError(f"{file}: expected id2label, a label for each row of {_KERNEL}, found none")
    if set(id2label) != {str(i) for i in range(rows)}:
        raise ConfigError(f"{file}: expected id2label from 0 to {rows - 1}, the rows of {_KERNEL}, found {len(id2label)} labels")
    return [id2label[str(i)] for i in range(rows)]


def _tag_set(labels, file):
    """The ``TagSet`` of some labels, and where each of its tags is among them.

    Returns:
      (``TagSet``, dict from tag to row, labels that stand for no tag).
    """
    rows, left_out = {}, []
    for row, label in enumerate(labels):
        match_ = _TAG.fullmatch(label)
        if _SPECIAL.fullmatch(label):
            left_out.append(label)
            continue
        if not match_ and label not in (OUTSIDE, "0"):
            raise ConfigError(f"{file}: id2label: expected {OUTSIDE} or a tag such as B-PER, found {label!r} (row {row})")
        tag = f"{match_[1]}-{match_[2]}" if match_ else OUTSIDE
        if tag in rows:
            raise ConfigError(f"{file}: id2label: expected each tag once, found {tag} in rows {rows[tag]} and {row}")
        rows[tag] = row
    if OUTSIDE not in rows:
        raise ConfigError(f"{file}: id2label: expected a label {OUTSIDE} for characters outside of entities, found none")
    letters = {tag[0] for tag in rows if tag != OUTSIDE}
    types = tuple(dict.fromkeys(tag[2:] for tag in rows if tag != OUTSIDE))
    for scheme in SCHEMES:
        tag_set = TagSet(types, scheme) if types else None
        # A scheme of which all letters are there; a type may lack a tag it never needs.
        if tag_set and {tag[0] for tag in tag_set.tags[1:]} == letters:
            return tag_set, rows, tuple(left_out)
    found = f"tags with {', '.join(sorted(letters))}" if letters else "no tag"
    raise ConfigError(f"{file}: id2label: expected the tags of one scheme ({', '.join(SCHEMES)}), found {found}")


def _lower_cases(directory):
    """Lower-casing as the tokenizer's own config has it; true if the config has none, as for all Chinese vocabularies."""
    return _tokenizer_settings(directory).get("do_lower_case") is not False


def _longest(directory, positions):
    """Tokens of a window: as many as the model has positions, or as its tokenizer says."""
    said = _tokenizer_settings(directory).get("model_max_length")
    return min(positions, said if type(said) is int and said >= 3 else _LONGEST)


def _tokenizer_settings(directory):
    path = os.path.join(directory, _TOKENIZER_FILE)
    return read_json(path, "a HuggingFace tokenizer's settings", error=ConfigError) if os.path.isfile(path) else {}


def _oriented(values, transposed):
    return np.ascontiguousarray(values.T if transposed and values.ndim == 2 else values, dtype=np.float32)
