"""A checkpoint directory in a published format's own conventions: file names, config keys, vocabulary."""

import json
import os
import shutil

import numpy as np

from albert.checkpoints.files.safetensors import write_safetensors
from albert.checkpoints.files.tensorflow import write_tf1, write_tf2
from albert.checkpoints.matching import group_rows
from albert.files import atomic_write
from albert.formats import FORMATS
from albert.vocabulary import copy_vocabulary

# Kinds of weights files, by the name a ``Format`` has for them: functions of path or prefix, and dict from stored name to array.
CONTAINERS = {"tensorflow1": write_tf1, "tensorflow2": write_tf2, "safetensors": write_safetensors}


def write_checkpoint(directory, layout, config, weights, vocab_file=None, spm_model_file=None, do_lower_case=True):
    """Write weights, config and vocabulary into an existing directory.

    Args:
      directory: where to write.
      layout: a key of ``albert.formats.FORMATS``.
      config: the ``AlbertConfig``, of an architecture the layout has.
      weights: dict from canonical name to float32 array, the encoder's and any heads'.
      vocab_file, spm_model_file: files to copy, or None.
      do_lower_case: what to tell HuggingFace's tokenizer about a ``vocab.txt``.

    Raises:
      ConfigError: the layout's config has no way to say what ``config`` holds.
    """
    fmt = FORMATS[layout]
    contents = {fmt.files.config: config.to_dict(layout)}
    if fmt.json_files:
        contents = fmt.json_files(contents[fmt.files.config], set(weights), vocab_file, spm_model_file, do_lower_case)
    CONTAINERS[fmt.container](os.path.join(directory, fmt.files.weights), stored_tensors(fmt, config, weights))
    for name, values in contents.items():
        _write_json(os.path.join(directory, name), values)
    if vocab_file:
        copy_vocabulary(vocab_file, os.path.join(directory, fmt.files.vocabulary))
    if spm_model_file:
        shutil.copyfile(spm_model_file, os.path.join(directory, fmt.files.sentencepiece))


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


def _write_json(path, values):
    with atomic_write(path) as f:
        json.dump(values, f, indent=2)
        f.write("\n")
