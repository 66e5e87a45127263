"""Parts of a checkpoint format: a table of rows, read from left to right when writing and from right to left when reading; file names; and
functions for its configs and its architecture."""

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
class FileNames:
    """A publisher's names for the files of a checkpoint.

    Attributes:
      weights: the weights file, or the prefix of a TensorFlow checkpoint.
      config, vocabulary, sentencepiece: the files written beside it.
      configs: patterns by which a config beside weights of this format is found, the first match before the others.
      other_weights: further weights files that are found in a directory without ``weights``, in this order. TensorFlow checkpoints are
        found under any prefix.
    """

    weights: str
    config: str
    vocabulary: str = "vocab.txt"
    sentencepiece: str = "30k-clean.model"
    configs: tuple = ("albert_config*.json", "bert_config*.json")
    other_weights: tuple = ()


@dataclasses.dataclass(frozen=True)
class Format:
    """A published checkpoint format: all that is known of it. To be found it needs its line in ``albert.formats``, nothing else.

    Attributes:
      layout: the format's name.
      title: how to name the format to a person.
      marker: regular expression that finds a name in every file of this format and in none of the others.
      encoder: rows of the encoder.
      heads: rows of the pretraining heads.
      anchor: the stored name of the word embeddings; what stands before it in a file is the scope the encoder was saved under.
      own: what the encoder's stored names begin with, after the scope: such a tensor must be used, or the file is refused.
      files: ``FileNames``.
      claims_config: function (keys and values of a config) → whether they are this format's, for a config without weights beside it.
      read_config: function (keys and values of a published config, which it may change) → fields of ``AlbertConfig``; raises
        ``ConfigError`` for a key that is missing, or that asks for a variant this library does not implement.
      write_config: the reverse; raises ``ConfigError`` if this format's configs have no way to say what a field holds.
      adapt: function (``AlbertConfig``, dict from canonical name to float32 array) → (config, weights) of an architecture this format
        has, computing the same; raises ``CheckpointError`` with the reason if there is none. See ``albert.formats.architecture``.
      container: kind of weights file that is written, one of ``albert.checkpoints.writing.CONTAINERS``.
      target: see ``output_format``.
      json_files: function (config's keys and values, canonical names of the weights, vocab_file or None, spm_model_file or None,
        do_lower_case) → dict from file name to JSON-ready value, where more than the config is written.
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
    files: FileNames
    claims_config: Callable
    read_config: Callable
    write_config: Callable
    adapt: Callable
    container: str = "tensorflow1"
    target: str = ""
    json_files: Optional[Callable] = None
    scope: str = ""
    scope_required: bool = False
    ignored: tuple = ()
    tied: dict = dataclasses.field(default_factory=dict)
    refuse: Optional[Callable] = None

    @property
    def output_format(self):
        """Name by which a conversion asks for this format: ``target``, or without one the layout. Formats of one name are tried in turn."""
        return self.target or self.layout
