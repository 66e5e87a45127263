"""Convert a checkpoint of any published layout to any other whose architecture can hold the same function.

::

    python -m albert.convert_checkpoint --input_path=albert_base_zh --output_path=albert_base_zh_hf --output_format=huggingface

The result is written in the target's own conventions (file names, config keys, vocabulary) into a new directory, loaded again, and
compared with the source on random input: the largest absolute difference of every hidden state is printed. Above 1e-4 nothing is
kept and the exit code is 1. Pretraining heads are converted when they are there.
"""

import dataclasses
import os
import secrets
import shutil
from typing import Optional

import numpy as np

from albert import command, formats
from albert.checkpoints import find
from albert.errors import CheckpointError, UserError
from albert.fields import check_fields, setting
from albert.hub.settings import FetchSettings

TOLERANCE = 1e-4


@dataclasses.dataclass(frozen=True)
class ConvertCommand:
    """Settings of a conversion: the source, and the layout to write."""

    input_path: str = setting(help="Checkpoint to convert: a directory, prefix, weights file or release.")
    output_path: str = setting(help="Directory to make; must not exist.")
    output_format: str = setting(help="Layout to write; tf2 is this library's own object checkpoint.", choices=formats.targets)
    albert_config_file: Optional[str] = setting(None, "The input's config, if not the one beside it.")
    vocab_file: Optional[str] = setting(None, "The input's vocab.txt, if not the one beside it.")
    spm_model_file: Optional[str] = setting(None, "The input's SentencePiece model, if not the one beside it.")
    do_lower_case: bool = setting(True, "What a HuggingFace tokenizer is told about the vocabulary.")
    fetching: FetchSettings = FetchSettings()

    def __post_init__(self):
        check_fields(self)


def convert(
    input_path, output_path, output_format, config_file=None, vocab_file=None, spm_model_file=None, do_lower_case=True, offline=None
):
    """Convert one checkpoint.

    Args:
      input_path: anything ``albert.load_encoder`` takes.
      output_path: the directory to make; must not exist.
      output_format: one of ``albert.formats.targets()``.
      config_file, vocab_file, spm_model_file: use these instead of the files beside the input.
      do_lower_case: what to tell HuggingFace's tokenizer.
      offline: as ``albert.checkpoints.find`` takes it.

    Returns:
      (source ``Checkpoint``, result ``Checkpoint``, differences): differences is a dict from output name to its largest absolute
      difference.

    Raises:
      UserError: the output exists or cannot be written, the input is broken, the target cannot hold it, or the result differs.
    """
    # TensorFlow is wanted from here on; --help and mistakes in the flags should not wait for it.
    from albert.checkpoints import loading, writing  # noqa: PLC0415

    output_path = os.path.normpath(os.fspath(output_path))
    if os.path.lexists(output_path):
        raise UserError(f"--output_path: {output_path} exists, expected the name of a new directory")
    source = find(input_path, config_file, vocab_file, spm_model_file, offline)
    heads = loading.heads_in(source)
    weights = loading.weights_of(source, heads)
    try:
        config, weights, layout = formats.adapt(source.config, weights, output_format)
    except CheckpointError as e:
        raise CheckpointError(f"--output_format={output_format}: {e}") from e

    parent, name = os.path.split(output_path)
    temporary = os.path.join(parent, f".{name}.{secrets.token_hex(4)}.tmp")
    try:
        os.makedirs(parent or ".", exist_ok=True)
        os.mkdir(temporary)
        writing.write_checkpoint(temporary, layout, config, weights, source.vocab_file, source.spm_model_file, do_lower_case)
        del weights
        differences = compare(source, find(temporary), heads)
        worst = max(differences, key=differences.get)
        if not differences[worst] <= TOLERANCE:
            raise CheckpointError(
                f"{source.path}: expected the converted {worst} to differ by at most {TOLERANCE}, found {differences[worst]:.2e}; "
                "nothing was written"
            )
        os.rename(temporary, output_path)
    except OSError as e:
        raise UserError(f"--output_path: cannot write {e.filename or output_path}: {e.strerror or e}") from e
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return source, find(output_path), differences


def compare(first, second, heads=()):
    """The largest absolute difference of every output of two checkpoints on the same random input.

    Args:
      first, second: ``Checkpoint``s of the same sizes.
      heads: canonical prefixes of the pretraining heads that both have.

    Returns:
      dict from output name to float, infinity where either is not a number.
    """
    outputs = []
    for checkpoint in (first, second):
        outputs.append(_outputs(checkpoint, heads))
    differences = {}
    for name, value in outputs[0].items():
        difference = np.max(np.abs(value - outputs[1][name]))
        differences[name] = float(difference) if np.isfinite(difference) else float("inf")
    return differences


def _outputs(checkpoint, heads):
    """Every hidden state of a checkpoint's model for the random input, by name."""
    from albert.checkpoints import loading  # noqa: PLC0415 - imports TensorFlow

    absent = tuple(head for head in loading.HEADS if head not in heads)
    outputs = loading.load_pretraining_model(checkpoint, optional=(*absent, loading.POOLER))(_random_inputs(checkpoint.config))
    named = {"embedding_output": outputs["embedding_output"]}
    for i, layer in enumerate(outputs["encoder_outputs"], start=1):
        named[f"encoder_outputs[{i - 1}]"] = layer
    if checkpoint.has_pooler:
        named["pooled_output"] = outputs["pooled_output"]
    for head in heads:
        name = f"{head[:-1]}_logits"
        named[name] = outputs[name]
    return {name: np.asarray(value) for name, value in named.items()}


def _random_inputs(config, batch=4, longest=64):
    """Rows of different lengths with padding, both token types, random masked positions."""
    rng = np.random.default_rng(0)
    length = min(longest, config.max_position_embeddings)
    lengths = np.linspace(length, 1, batch).astype(int)
    shape = (batch, length)
    return {
        "input_word_ids": rng.integers(config.vocab_size, size=shape, dtype=np.int32),
        "input_mask": (np.arange(length) < lengths[:, None]).astype(np.int32),
        "input_type_ids": rng.integers(config.type_vocab_size, size=shape, dtype=np.int32),
        "masked_lm_positions": rng.integers(length, size=(batch, 3), dtype=np.int32),
    }


def run(settings: ConvertCommand) -> None:
    """Convert, and print the differences."""
    source, result, differences = convert(
        settings.input_path,
        settings.output_path,
        settings.output_format,
        settings.albert_config_file,
        settings.vocab_file,
        settings.spm_model_file,
        settings.do_lower_case,
        settings.fetching.offline or None,
    )
    heads = [name[: -len("_logits")] for name in differences if name.endswith("_logits")]
    width = max(len(name) for name in differences)
    print(f"{source.path} ({source.format.title}) -> {result.path} ({result.format.title})")
    for remark in source.remarks:
        print(f"remark: {remark}")
    print(f"pretraining heads: {', '.join(heads) or 'none in the source'}")
    print(f"{'output':{width}}  max |difference|")
    for name, difference in differences.items():
        print(f"{name:{width}}  {difference:.2e}")
    print(f"{'maximum':{width}}  {max(differences.values()):.2e}")


if __name__ == "__main__":
    command.run_module(ConvertCommand, run)
