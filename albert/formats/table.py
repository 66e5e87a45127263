"""What a checkpoint format is made of: one table of rows, read from left to right when writing and from right to left when reading."""

import dataclasses
from typing import Callable, Optional


@dataclasses.dataclass(frozen=True)
class Row:
    """One weight: its canonical name (``AlbertEncoder.weight_map``) and how the format stores it.

    Attributes:
      ours: canonical name; ``{g}`` stands for a group's number.
      theirs: stored name, with ``{g}`` where the format numbers its groups or layers.
      transposed: stored as the transpose of our [in, out] matrix.
      aliases: further names that older files use for the same tensor.
    """

    ours: str
    theirs: str
    transposed: bool = False
    aliases: tuple = ()


def tf_dense(ours, theirs):
    """A dense layer stored as kernel [in, out] and bias."""
    return Row(f"{ours}/kernel", f"{theirs}/kernel"), Row(f"{ours}/bias", f"{theirs}/bias")


def tf_norm(ours, theirs):
    """A layer norm stored as gamma and beta."""
    return Row(f"{ours}/gamma", f"{theirs}/gamma"), Row(f"{ours}/beta", f"{theirs}/beta")


def torch_dense(ours, theirs):
    """A ``torch.nn.Linear``: weight [out, in] and bias."""
    return Row(f"{ours}/kernel", f"{theirs}.weight", transposed=True), Row(f"{ours}/bias", f"{theirs}.bias")


def torch_norm(ours, theirs):
    """A ``torch.nn.LayerNorm``: weight and bias, which the first conversions from TensorFlow call gamma and beta."""
    return (
        Row(f"{ours}/gamma", f"{theirs}.weight", aliases=(f"{theirs}.gamma",)),
        Row(f"{ours}/beta", f"{theirs}.bias", aliases=(f"{theirs}.beta",)),
    )


@dataclasses.dataclass(frozen=True)
class Format:
    """A published checkpoint format.

    Attributes:
      layout: one of ``albert.formats.config_keys.LAYOUTS``, or ``tf2``.
      title: how to name the format to a person.
      marker: regular expression that finds a name in every file of this format and in none of the others.
      encoder: rows of the encoder.
      heads: rows of the pretraining heads.
      anchor: the stored name of the word embeddings; what stands before it in a file is the scope the encoder was saved under.
      own: what the encoder's stored names begin with, after the scope: such a tensor must be used, or the file is refused.
      scope: where the encoder sits in the model with heads. A stored encoder may or may not be inside it.
      scope_required: whether any other scope means another model (``roberta.``) rather than a wrapper.
      ignored: stored names inside ``own`` that hold no weight.
      tied: stored name → canonical name, for tensors that repeat another and are not stored twice when we write.
      refuse: called with the source before anything else; raises for a variant that shares the names but not the arithmetic.
    """

    layout: str
    title: str
    marker: str
    encoder: tuple
    heads: tuple
    anchor: str
    own: tuple
    scope: str = ""
    scope_required: bool = False
    ignored: tuple = ()
    tied: dict = dataclasses.field(default_factory=dict)
    refuse: Optional[Callable] = None
