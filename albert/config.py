"""The encoder's configuration, read from every published config file."""

import dataclasses
import json
import os
from collections.abc import Mapping
from typing import Any, Optional, Union

from albert.errors import ConfigError
from albert.fields import check_fields, check_keys, setting
from albert.files import atomic_write, read_json
from albert.formats import FORMATS, layout_of
from albert.formats.config_keys import MOST_LAYERS

ACTIVATIONS = ("gelu", "gelu_erf", "relu", "tanh", "linear")


@dataclasses.dataclass(frozen=True)
class AlbertConfig:
    """Architecture of an ALBERT or BERT encoder (immutable; every field is validated).

    Attributes:
      vocab_size: V, number of word-embedding rows.
      embedding_size: E, width of the word embeddings.
      hidden_size: H, width of every transformer layer.
      num_hidden_layers: L, how many times a block is applied.
      num_hidden_groups: G, how many blocks with weights of their own there are; 1 for ALBERT, L for BERT.
        See :meth:`group_of_layer`.
      num_attention_heads: heads per layer; must divide H.
      intermediate_size: F, width of the feed-forward layer.
      hidden_act: ``gelu`` (the tanh form of the original code), ``gelu_erf``, ``relu``, ``tanh`` or ``linear``.
      hidden_dropout_prob, attention_probs_dropout_prob: dropout rates in [0, 1).
      max_position_embeddings: M, the longest input in tokens.
      type_vocab_size: number of token types.
      initializer_range: standard deviation of the truncated normal initializer.
      layer_norm_eps: epsilon inside the square root of layer normalisation; 1e-12 in every published model.
      embedding_projection: where E becomes H. ``after_norm``: word + position + type in width E, layer norm, dense with
        bias (Google ALBERT). ``before_sum``: word embedding times a matrix without bias, then position and type in width
        H, layer norm (brightmart). ``none``: E == H and no projection (BERT; ALBERT with E == H).
      ln_type: ``postln`` (norm after the residual sum) or ``preln`` (norm before attention and feed-forward, and no
        final norm, as brightmart's code has it).
    """

    # Upper limits far above all that was ever trained: beyond them a config is damaged, and would only fill the memory.
    vocab_size: int = setting(at_least=1, at_most=1 << 24)
    embedding_size: int = setting(at_least=1, at_most=1 << 16)
    hidden_size: int = setting(at_least=1, at_most=1 << 16)
    num_hidden_layers: int = setting(at_least=1, at_most=MOST_LAYERS)
    num_attention_heads: int = setting(at_least=1, at_most=1 << 16)
    intermediate_size: int = setting(at_least=1, at_most=1 << 20)
    num_hidden_groups: int = setting(1, at_least=1, at_most=MOST_LAYERS)
    hidden_act: str = setting("gelu", choices=ACTIVATIONS)
    hidden_dropout_prob: float = setting(0.0, at_least=0, below=1)
    attention_probs_dropout_prob: float = setting(0.0, at_least=0, below=1)
    max_position_embeddings: int = setting(512, at_least=1, at_most=1 << 20)
    type_vocab_size: int = setting(2, at_least=1, at_most=1 << 16)
    initializer_range: float = setting(0.02, at_least=0, at_most=100)
    layer_norm_eps: float = setting(1e-12, above=0, at_most=1)
    embedding_projection: str = setting("after_norm", choices=("after_norm", "before_sum", "none"))
    ln_type: str = setting("postln", choices=("postln", "preln"))

    def __post_init__(self) -> None:
        check_fields(self)
        if self.hidden_size % self.num_attention_heads:
            raise ConfigError(f"num_attention_heads must divide hidden_size {self.hidden_size}, found {self.num_attention_heads}")
        if self.num_hidden_groups > self.num_hidden_layers:
            raise ConfigError(
                f"num_hidden_groups must not exceed num_hidden_layers {self.num_hidden_layers}, found {self.num_hidden_groups}"
            )
        if self.embedding_projection == "none" and self.embedding_size != self.hidden_size:
            raise ConfigError(
                f"embedding_size must equal hidden_size {self.hidden_size} when there is no projection, found {self.embedding_size}"
            )

    @property
    def embedding_norm_size(self) -> int:
        """Width in which word, position and type embeddings are summed and normalised: E for Google ALBERT, else H."""
        return self.embedding_size if self.embedding_projection == "after_norm" else self.hidden_size

    @property
    def head_size(self) -> int:
        """Width of one attention head, H / num_attention_heads."""
        return self.hidden_size // self.num_attention_heads

    def group_of_layer(self, layer: int) -> int:
        """Index of the block that layer ``layer`` (0-based) uses: int(layer / L * G), as in the original code."""
        if self.num_hidden_groups == self.num_hidden_layers:
            return layer  # BERT; the floating-point formula is off by one here for some L (22, 23, 26, …)
        return int(layer / self.num_hidden_layers * self.num_hidden_groups)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any], layout: Optional[str] = None) -> "AlbertConfig":
        """Config from the keys of a published config file or of :meth:`to_dict`.

        Args:
          values: the parsed JSON object. With the key ``embedding_projection``, which no published config has, it is what
            :meth:`to_dict` wrote.
          layout: which format's conventions the keys follow, a key of ``albert.formats.FORMATS``; by default told from the keys
            themselves (``albert.formats.layout_of``). Loading a checkpoint passes the layout its variable names show.

        Raises:
          ConfigError: a key is unknown, missing, or asks for something this library does not implement.
        """
        if not isinstance(values, dict):
            raise ConfigError(f"found {type(values).__name__}, expected a dict of a config's keys and values")
        if layout is not None and layout not in FORMATS:
            raise ConfigError(f"layout must be one of {', '.join(FORMATS)}, found {layout!r}")
        if "embedding_projection" in values:
            return cls._from_known(values)
        return cls._from_known(FORMATS[layout or layout_of(values)].read_config(dict(values)))

    @classmethod
    def _from_known(cls, values: Mapping[str, Any]) -> "AlbertConfig":
        check_keys(cls, values)
        return cls(**values)

    @classmethod
    def from_json_file(cls, path: Union[str, os.PathLike[str]], layout: Optional[str] = None) -> "AlbertConfig":
        """Config from a JSON file; see :meth:`from_dict`. Raises ConfigError with the file's name."""
        values = read_json(path, "the config of an encoder", error=ConfigError)
        try:
            return cls.from_dict(values, layout)
        except ConfigError as e:
            raise ConfigError(f"{os.fspath(path)}: {e}") from e

    def to_dict(self, layout: Optional[str] = None) -> dict[str, Any]:
        """A JSON-ready dict that :meth:`from_dict` turns into an equal config.

        Args:
          layout: the published format whose keys to use, a key of ``albert.formats.FORMATS``; by default the fields of this class.

        Raises:
          ConfigError: the layout has no way to say what this config holds.
        """
        fields = dataclasses.asdict(self)
        return fields if layout is None else FORMATS[layout].write_config(fields)

    def to_json_file(self, path: Union[str, os.PathLike[str]], layout: Optional[str] = None) -> None:
        """Write :meth:`to_dict` as indented JSON, all at once."""
        with atomic_write(path) as f:
            json.dump(self.to_dict(layout), f, indent=2)
            f.write("\n")

    def replace(self, **changes: Any) -> "AlbertConfig":
        """A copy with some fields changed, validated again."""
        return dataclasses.replace(self, **changes)
