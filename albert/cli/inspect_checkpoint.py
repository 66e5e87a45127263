"""Say what a checkpoint is, what of it would be loaded, what is ignored, and everything that is wrong with it.

::

    python -m albert.inspect_checkpoint albert_base_zh

Builds no model and reads no values. The exit code is 1 if the encoder could not be loaded.
"""

import collections
import dataclasses
from typing import Optional

from albert import command
from albert.checkpoints import find
from albert.checkpoints.matching import match
from albert.checkpoints.shapes import encoder_shapes, head_shapes
from albert.errors import UserError
from albert.fields import check_fields, setting
from albert.hub.settings import FetchSettings
from albert.vocabulary_file import read_vocabulary

_HEAD_GROUPS = ("masked_lm/", "sentence_order/")
_OPTIONAL = ("pooler/",)
# Optimizer slots double or triple the list and say nothing new.
_COUNTED_ONLY = "optimizer slot"


@dataclasses.dataclass(frozen=True)
class InspectCommand:
    """Settings of a report on a checkpoint."""

    path: Optional[str] = setting(None, "A checkpoint: its directory, prefix or weights file, or the name of a release.", arguments="PATH")
    show_all: bool = setting(False, "List optimizer slots one by one instead of counting them.")
    fetching: FetchSettings = FetchSettings()

    def __post_init__(self):
        check_fields(self)


def describe(path, show_all=False, offline=None):
    """The report on one checkpoint.

    Args:
      path: anything ``albert.load_encoder`` takes.
      show_all: list optimizer slots one by one instead of counting them.
      offline: as ``albert.checkpoints.find`` takes it.

    Returns:
      (lines, ok): the report, and whether ``load_encoder`` would succeed but for damaged values.

    Raises:
      CheckpointError: the weights file cannot be found or opened, or its format is not known.
    """
    checkpoint = find(path, offline=offline)
    source = checkpoint.source
    rows = [
        ("checkpoint", source.path),
        ("format", f"{checkpoint.format.title} ({source.kind})"),
        ("config", checkpoint.config_file or "none"),
        ("vocabulary", _vocabulary(checkpoint)),
    ]
    matching, problems, encoder_problems = None, [], []
    try:
        config = checkpoint.config
    except UserError as e:
        problems = encoder_problems = [e]
    else:
        encoder, heads = encoder_shapes(config), head_shapes(config)
        encoder_problems = match(checkpoint, encoder, _OPTIONAL).problems
        matching = match(checkpoint, {**encoder, **heads}, (*_HEAD_GROUPS, *_OPTIONAL))
        problems = matching.problems
        rows.append(("architecture", _architecture(config)))
    rows.append(("tensors", f"{len(source.tensors):,} with {sum(tensor.size for tensor in source.tensors.values()):,} numbers"))
    if matching:
        used = [m for m in matching.matches if m.ours in encoder]
        rows.append(("encoder", f"{len(used):,} of {len(encoder):,} tensors, {_parameters(source, used):,} parameters"))
        in_heads = [m for m in matching.matches if m.ours in heads]
        found = [head[:-1] for head in _HEAD_GROUPS if any(m.ours.startswith(head) for m in in_heads)]
        rows.append(("heads", f"{', '.join(found)}: {_parameters(source, in_heads):,} parameters" if found else "none"))
    lines = [f"{label:<13} {value}" for label, value in rows]
    lines += ["", *_tensor_table(source, matching, show_all), ""]
    lines += [f"remark: {remark}" for remark in checkpoint.remarks]
    lines += [f"problem: {problem}" for problem in problems]
    lines.append("the encoder cannot be loaded" if encoder_problems else "the encoder can be loaded")
    return lines, not encoder_problems


def _tensor_table(source, matching, show_all):
    """One line per stored tensor: name, shape, type, and what becomes of it."""
    uses, ignored = {}, matching.ignored if matching else {}
    if matching:
        uses.update({m.theirs: m.ours + (" (transposed)" if m.row.transposed and "kernel" in m.ours else "") for m in matching.matches})
    counted = collections.Counter()
    body = []
    for name, tensor in source.tensors.items():
        if ignored.get(name) == _COUNTED_ONLY and not show_all:
            counted[name.rpartition("/")[2]] += 1
            continue
        use = f"ignored: {ignored[name]}" if name in ignored else uses.get(name, "?")
        body.append((name, "x".join(map(str, tensor.shape)) or "scalar", tensor.dtype, use))
    body += [(f"(every variable)/{slot}", f"{count} tensors", "", f"ignored: {_COUNTED_ONLY}") for slot, count in sorted(counted.items())]
    header = ("stored tensor", "shape", "type", "weight")
    widths = [max(len(row[i]) for row in [header, *body]) for i in range(3)]
    return ["  ".join([*(cell.ljust(width) for cell, width in zip(row, widths)), row[3]]).rstrip() for row in [header, *body]]


def _parameters(source, matches):
    return sum(source.tensors[m.theirs].size for m in matches)


def _architecture(config):
    sizes = f"V={config.vocab_size:,} E={config.embedding_size} H={config.hidden_size} F={config.intermediate_size}"
    blocks = (
        f"{config.num_hidden_layers} layers from {config.num_hidden_groups} block{'s' if config.num_hidden_groups > 1 else ''} of weights"
    )
    return f"{blocks}, {sizes}, {config.num_attention_heads} heads, {config.hidden_act}, {config.ln_type}"


def _vocabulary(checkpoint):
    if checkpoint.vocab_file:
        return f"{checkpoint.vocab_file}, {len(read_vocabulary(checkpoint.vocab_file)):,} entries"
    return checkpoint.spm_model_file or "none"


def run(settings: InspectCommand) -> int:
    """Print the report on a checkpoint; returns the exit code."""
    lines, ok = describe(settings.path, settings.show_all, settings.fetching.offline or None)
    print("\n".join(lines))
    return 0 if ok else command.EXIT_USER_ERROR


if __name__ == "__main__":
    command.run_module(InspectCommand, run)
