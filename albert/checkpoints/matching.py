"""Match of stored tensors to weights: a format's table applied to one file, with everything that does not fit."""

import dataclasses

from albert.checkpoints.files.weights_file import FLOATS
from albert.formats.table import Row


@dataclasses.dataclass(frozen=True)
class Match:
    """A weight and the tensor that holds it."""

    ours: str
    theirs: str
    row: Row


@dataclasses.dataclass(frozen=True)
class Matching:
    """Match of a checkpoint to a set of weights.

    Attributes:
      matches: ``Match`` for every weight that is there with the right shape.
      skipped: canonical names of optional weights that the file does not have.
      ignored: dict from stored name to the reason it is not wanted.
      problems: ``CheckpointError`` for every tensor that is cut off, missing, mis-shaped, or the encoder's own and unused.
    """

    matches: tuple
    skipped: tuple
    ignored: dict
    problems: tuple


def group_rows(rows, groups):
    """A format's rows with ``{g}`` filled in for every group: list of ``Row``."""
    filled = []
    for row in rows:
        if "{g}" not in row.ours:
            filled.append(row)
            continue
        for g in range(groups):
            names = (row.ours, row.theirs, *row.aliases)
            ours, theirs, *aliases = (name.replace("{g}", str(g)) for name in names)
            filled.append(dataclasses.replace(row, ours=ours, theirs=theirs, aliases=tuple(aliases)))
    return filled


def match(checkpoint, shapes, optional=()):
    """Lay the checkpoint's format over its file.

    Args:
      checkpoint: a ``Checkpoint``.
      shapes: dict from canonical name to shape of the weights that are wanted.
      optional: canonical prefixes (``pooler/``, ``masked_lm/``); weights under one may be absent, if all of them are.

    Returns:
      ``Matching``.
    """
    source, fmt = checkpoint.source, checkpoint.format
    groups = checkpoint.config.num_hidden_groups
    rows = [(checkpoint.scope, row) for row in group_rows(fmt.encoder, groups)]
    rows += [(checkpoint.head_scope, row) for row in group_rows(fmt.heads, groups)]
    stored = {row.ours: (_stored_name(source, scope, row), row) for scope, row in rows}
    matches, skipped, problems = [], [], list(source.problems)
    for ours, shape in shapes.items():
        theirs, row = stored[ours]
        expected = tuple(reversed(shape)) if row.transposed else tuple(shape)
        if theirs not in source.tensors:
            if _absent_as_a_whole(ours, optional, shapes, stored, source):
                skipped.append(ours)
            else:
                problems.append(source.error(theirs, f"shape {list(expected)}", "no such tensor"))
            continue
        tensor = source.tensors[theirs]
        if tensor.shape != expected:
            wanted = f"shape {list(expected)} by {checkpoint.config_file}"
            problems.append(source.error(theirs, wanted, list(tensor.shape)))
        elif tensor.dtype not in FLOATS:
            problems.append(source.error(theirs, f"one of {', '.join(FLOATS)}", tensor.dtype))
        else:
            matches.append(Match(ours, theirs, row))
    used = {m.theirs for m in matches} | {stored[ours][0] for ours in shapes}
    heads = {name for ours, (name, _) in stored.items() if ours not in shapes} & set(source.tensors)
    ignored = {}
    for name in source.tensors:
        if name in used:
            continue
        reason = _reason_to_ignore(name, checkpoint, heads)
        if reason:
            ignored[name] = reason
        else:
            found = f"one of shape {list(source.tensors[name].shape)}, which {checkpoint.config_file} has no place for"
            problems.append(source.error(name, "no such tensor", found))
    return Matching(tuple(matches), tuple(skipped), ignored, tuple(problems))


def _stored_name(source, scope, row):
    for name in (row.theirs, *row.aliases):
        if scope + name in source.tensors:
            return scope + name
    return scope + row.theirs


def _absent_as_a_whole(ours, optional, shapes, stored, source):
    for prefix in optional:
        if ours.startswith(prefix):
            return not any(stored[name][0] in source.tensors for name in shapes if name.startswith(prefix))
    return False


def _reason_to_ignore(name, checkpoint, heads):
    """Why a tensor that no wanted weight uses may be left alone; None if it may not."""
    fmt, source = checkpoint.format, checkpoint.source
    if name in heads:
        return "pretraining head"
    # A TensorFlow optimizer stores its slots under the name of the variable they belong to.
    if any(name[:i] in source.tensors for i, c in enumerate(name) if c == "/"):
        return "optimizer slot"
    if name.startswith(checkpoint.head_scope) and name[len(checkpoint.head_scope) :] in fmt.tied:
        return "copy of a tied weight"
    if not name.startswith(tuple(checkpoint.scope + own for own in fmt.own)):
        return "not part of the encoder"
    if name[len(checkpoint.scope) :] in fmt.ignored:
        return "constant"
    return None
