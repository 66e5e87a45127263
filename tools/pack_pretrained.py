"""Pack weights as they ship: rounded to float16, without the paths of the machine they were made on.

::

    python tools/pack_pretrained.py --checkpoint=output/pretrain_tiny/step-00025000 --output_dir=albert/pretrained/albert_mini_zh
    python tools/pack_pretrained.py --model_dir=output/msra_albert_mini --output_dir=ner/pretrained/msra_albert_mini

A pretraining checkpoint is written in HuggingFace's layout, a tagger as the training output it is; other files of the directory, the
model card above all, stay. What is printed belongs into the card.
"""

import dataclasses
import os
import shutil
import tempfile

import numpy as np
from absl import flags
from safetensors.numpy import load_file, save

from albert import command
from albert.cli.convert_checkpoint import convert
from albert.errors import UserError
from albert.files import atomic_write, sha256, write_json
from ner.export.provenance import without_directories
from ner.model import run_record
from ner.model.directory import BEST_WEIGHTS, ModelDir

_LIMIT = 12_000_000  # bytes of a file of weights: a package that is quick to install


def pack_checkpoint(checkpoint, output_dir):
    """Write a checkpoint in HuggingFace's layout with float16 weights. Returns the names of the files."""
    with tempfile.TemporaryDirectory() as work:
        converted = os.path.join(work, "converted")
        convert(checkpoint, converted, "huggingface")
        names = sorted(os.listdir(converted))
        for name in names:
            if not name.endswith(".safetensors"):
                shutil.copyfile(os.path.join(converted, name), os.path.join(output_dir, name))
        # transformers refuses a file that does not say this.
        _write_half(os.path.join(converted, "model.safetensors"), os.path.join(output_dir, "model.safetensors"), {"format": "pt"})
    return names


def pack_tagger(model_dir, output_dir):
    """Copy what a tagger needs and the record of its training, with float16 weights. Returns the names of the files.

    Taggers that ship read traditional characters and half-width punctuation as their simplified and full-width ones, and let no entity
    begin or end with punctuation, whatever they were trained with.
    """
    source, target = ModelDir(model_dir), ModelDir(output_dir)
    config = dataclasses.replace(source.read_config(), character_map="simplified", edge_punctuation=False)
    target.write_config(config)
    vocabulary = source.read_tokenizer(config).path
    shutil.copyfile(vocabulary, target.file(os.path.basename(vocabulary)))
    write_json(target.file(run_record.RECORD), without_directories(run_record.read(source)))
    _write_half(source.file(BEST_WEIGHTS), target.file(BEST_WEIGHTS))
    return ["model.json", "labels.txt", os.path.basename(vocabulary), run_record.RECORD, BEST_WEIGHTS]


def _write_half(source, target, metadata=None):
    """Round a safetensors file to float16; refuse numbers that it cannot hold."""
    try:
        weights = load_file(source)
    except OSError as e:
        raise UserError(f"{source}: {e.strerror or e}, expected a file of weights") from e
    with np.errstate(over="ignore"):
        half = {name: value.astype(np.float16) for name, value in weights.items()}
    for name, value in half.items():
        if not np.all(np.isfinite(value)):
            raise UserError(f"{source}: tensor {name}: found a number that float16 cannot hold, expected at most 65,504")
    contents = save(half, metadata)
    if len(contents) > _LIMIT:
        raise UserError(f"{target}: {len(contents):,} bytes, expected at most {_LIMIT:,}")
    with atomic_write(target, "wb") as f:
        f.write(contents)


def main(_):
    """The command; see the module."""
    options = flags.FLAGS
    if bool(options.checkpoint) == bool(options.model_dir):
        raise UserError("expected one of --checkpoint and --model_dir")
    os.makedirs(options.output_dir, exist_ok=True)
    names = (
        pack_checkpoint(options.checkpoint, options.output_dir)
        if options.checkpoint
        else pack_tagger(options.model_dir, options.output_dir)
    )
    for name in names:
        path = os.path.join(options.output_dir, name)
        print(f"| `{name}` | {os.path.getsize(path):,} | `{sha256(path)}` |")


if __name__ == "__main__":
    flags.DEFINE_string("checkpoint", None, "A pretraining checkpoint to pack.")
    flags.DEFINE_string("model_dir", None, "A training output directory to pack.")
    flags.DEFINE_string("output_dir", None, "The directory to write to.", required=True)
    command.run(main)
