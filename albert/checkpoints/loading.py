"""Values from a checkpoint into variables, one tensor at a time."""

import contextlib
from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from albert.checkpoints.locate import Checkpoint
from albert.checkpoints.matching import match
from albert.checkpoints.shapes import encoder_shapes, head_shapes
from albert.encoder import AlbertEncoder
from albert.pretraining_model import AlbertForPretraining

POOLER = "pooler/"
HEADS = ("masked_lm/", "sentence_order/")


def check(checkpoint, shapes, optional=()):
    """``match`` without its problems: raises the first of them. Nothing is read before everything fits."""
    matching = match(checkpoint, shapes, optional)
    if matching.problems:
        raise matching.problems[0]
    return matching


def read_weights(checkpoint, matching):
    """Yield (canonical name, float32 values in our orientation) for every match; one tensor is in memory at a time."""
    for m in matching.matches:
        value = checkpoint.source.read_finite(m.theirs)
        yield m.ours, tf.transpose(value) if m.row.transposed and len(value.shape) == 2 else value
        del value
    if any(ours.startswith("masked_lm/") for ours in (m.ours for m in matching.matches)):
        _check_tied(checkpoint, matching)


def _check_tied(checkpoint, matching):
    """Refuse a head whose output matrix is not the word embeddings: the logits would be another model's."""
    source = checkpoint.source
    stored = {m.ours: m.theirs for m in matching.matches}
    for tied, ours in checkpoint.format.tied.items():
        copy, original = checkpoint.head_scope + tied, stored[ours]
        if copy in source.tensors and copy != original and not np.array_equal(source.read(copy), source.read(original)):
            raise source.error(copy, f"the values of {original}, to which it is tied", "other values")


def load_weights(model: Any, checkpoint: Checkpoint, optional: Sequence[str] = ()) -> tuple[str, ...]:
    """Assign a checkpoint's values to a model's variables; see ``albert.checkpoints.load_weights``."""
    weight_map = model.weight_map()
    matching = check(checkpoint, {name: tuple(variable.shape) for name, variable in weight_map.items()}, optional)
    _assign(weight_map, checkpoint, matching)
    return matching.skipped


def load_encoder(checkpoint: Checkpoint, require_pooler: bool = True) -> AlbertEncoder:
    """An ``AlbertEncoder`` with the checkpoint's weights; see ``albert.load_encoder``."""
    return _load(AlbertEncoder, checkpoint, encoder_shapes(checkpoint.config), () if require_pooler else ("pooler/",))


def load_pretraining_model(checkpoint: Checkpoint, optional: Sequence[str] = ()) -> AlbertForPretraining:
    """An ``AlbertForPretraining`` with the checkpoint's weights; see ``albert.load_pretraining_model``."""
    shapes = {**encoder_shapes(checkpoint.config), **head_shapes(checkpoint.config)}
    return _load(AlbertForPretraining, checkpoint, shapes, optional)


def heads_in(checkpoint):
    """Heads, of ``HEADS``, that the checkpoint has: tuple of canonical prefixes.

    Raises:
      CheckpointError: it has a part of one.
    """
    matching = check(checkpoint, {**encoder_shapes(checkpoint.config), **head_shapes(checkpoint.config)}, (*HEADS, POOLER))
    return tuple(head for head in HEADS if not any(name.startswith(head) for name in matching.skipped))


def weights_of(checkpoint, heads=()):
    """All values of a checkpoint: dict from canonical name to float32 ``np.ndarray``, the encoder's and those of ``heads``.

    A checkpoint without a pooler has no values of one.
    """
    config = checkpoint.config
    head_weights = {name: shape for name, shape in head_shapes(config).items() if name.startswith(tuple(heads))}
    matching = check(checkpoint, {**encoder_shapes(config), **head_weights}, (POOLER,))
    return {ours: np.asarray(value) for ours, value in read_weights(checkpoint, matching)}


def _load(model_class, checkpoint, shapes, optional):
    matching = check(checkpoint, shapes, optional)
    with contextlib.nullcontext() if matching.skipped else uninitialized():
        model = model_class(checkpoint.config)
    _assign(model.weight_map(), checkpoint, matching)
    return model


def _assign(weight_map, checkpoint, matching):
    for ours, value in read_weights(checkpoint, matching):
        weight_map[ours].assign(value)


@contextlib.contextmanager
def uninitialized():
    """Variables made inside get memory but no values: drawing random numbers to overwrite them takes longer than reading the file."""

    def create(next_creator, **kwargs):
        shape, dtype = kwargs.get("shape"), kwargs.get("dtype")
        # Keras' own counters come with a value instead of an initializer.
        if shape is not None and callable(kwargs["initial_value"]):
            kwargs["initial_value"] = lambda: tf.raw_ops.Empty(shape=shape, dtype=dtype, init=False)
        return next_creator(**kwargs)

    with tf.variable_creator_scope(create):
        yield
