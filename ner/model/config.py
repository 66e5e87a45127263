"""What a trained tagger is made of, as it is stored beside its weights."""

import dataclasses
from typing import Optional, Union

from albert.config import AlbertConfig
from albert.errors import ConfigError
from albert.fields import check_fields, check_keys, shown
from ner.long_text.windows import NUM_SPECIAL_TOKENS
from ner.model import recurrent
from ner.tags import TagSet


@dataclasses.dataclass(frozen=True)
class CharEncoderConfig:
    """A table of character vectors in place of a pretrained encoder.

    Attributes:
      vocab_size: V, number of characters.
      hidden_size: H, width of a vector.
    """

    vocab_size: int
    hidden_size: int

    # A sentence may have any length.
    max_position_embeddings = None

    def __post_init__(self):
        check_fields(self)
        if self.hidden_size < 1:
            raise ConfigError(f"--char_embedding_size: must be positive, found {self.hidden_size}")

    def to_dict(self):
        """All fields as a JSON-ready dict."""
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, values):
        """Config from ``to_dict``'s result. Raises ConfigError on an unknown or missing key."""
        check_keys(cls, values, "character encoder config", all_needed=True)
        return cls(**values)


@dataclasses.dataclass(frozen=True)
class LatticeConfig:
    """Words of the lattice LSTM.

    Attributes:
      num_words: words of the lexicon that have a vector of their own; all others share one.
      word_embedding_size: E, width of a word's vector.
      max_word_length: characters of the longest word.
    """

    num_words: int
    word_embedding_size: int = 50
    max_word_length: int = 4

    def __post_init__(self):
        check_fields(self)
        if self.word_embedding_size < 1:
            raise ConfigError(f"--word_embedding_size: must be positive, found {self.word_embedding_size}")
        if self.max_word_length < 2:
            raise ConfigError(f"--max_word_length: must be at least 2, found {self.max_word_length}")

    @property
    def num_slots(self):
        """S, number of word lengths: 2 to ``max_word_length``."""
        return self.max_word_length - 1

    @classmethod
    def from_dict(cls, values):
        """Config from ``dataclasses.asdict``'s result. Raises ConfigError on an unknown or missing key."""
        check_keys(cls, values, "lattice config", all_needed=True)
        return cls(**values)


_ENCODERS = {"albert": AlbertConfig, "char": CharEncoderConfig}


@dataclasses.dataclass(frozen=True)
class TaggerConfig:
    """Architecture, tags and text settings of a tagger (immutable, JSON both ways).

    Attributes:
      encoder: an ``AlbertConfig`` for a pretrained encoder (BERT has one too), or a ``CharEncoderConfig``.
      tag_set: the ``TagSet``; its order is that of the model's outputs.
      max_seq_length: longest input in tokens, ``[CLS]`` and ``[SEP]`` included; longer text is tagged in windows.
      do_lower_case: whether text is lower-cased before the vocabulary is looked up.
      rnn: the bidirectional recurrent layer, one of ``ner.model.recurrent.rnns()``.
      lstm_cell: with ``rnn="lstm"``, its cell: one of ``ner.model.recurrent.cells()``.
      lstm_units: units of the recurrent layer per direction.
      lattice: with ``rnn="lattice"``, its ``LatticeConfig``; else None.
      use_crf: linear-chain CRF on top; without it every character is classified on its own (softmax).
      dropout: dropout rate on the encoder's output and on the recurrent layer's.
    """

    encoder: Union[AlbertConfig, CharEncoderConfig]
    tag_set: TagSet
    max_seq_length: int = 128
    do_lower_case: bool = True
    rnn: str = "lstm"
    lstm_cell: str = "standard"
    lstm_units: int = 128
    lattice: Optional[LatticeConfig] = None
    use_crf: bool = True
    dropout: float = 0.1

    def __post_init__(self):
        check_fields(self)
        limit = self.encoder.max_position_embeddings
        if limit is None and self.max_seq_length < 3:
            raise ConfigError(f"--max_seq_length: must be at least 3, found {self.max_seq_length}")
        if limit is not None and not 3 <= self.max_seq_length <= limit:
            raise ConfigError(f"--max_seq_length: must lie between 3 and the encoder's {limit} positions, found {self.max_seq_length}")
        for name, known in (("rnn", recurrent.rnns()), ("lstm_cell", recurrent.cells())):
            if getattr(self, name) not in known:
                raise ConfigError(f"--{name}: expected one of {', '.join(known)}, found {getattr(self, name)!r}")
        kind = recurrent.find(self.rnn, self.lstm_cell)
        if kind is None and self.lstm_cell != "standard":
            with_cell = [other.rnn for other in recurrent.KINDS if other.cell == self.lstm_cell]
            raise ConfigError(f"--lstm_cell: found {self.lstm_cell} with --rnn={self.rnn}, expected it with --rnn={' or '.join(with_cell)}")
        if (self.lattice is not None) != (kind is not None and kind.reads_words):
            raise ConfigError(f"tagger config: rnn {self.rnn!r} {'with' if self.lattice else 'without'} lattice settings")
        if self.lstm_units < 1:
            raise ConfigError(f"--lstm_units: must be positive, found {self.lstm_units}")
        if not 0.0 <= self.dropout < 1.0:
            raise ConfigError(f"--dropout: must lie in [0, 1), found {self.dropout}")

    @property
    def window(self):
        """Characters of the longest text that the network reads at once."""
        return self.max_seq_length - NUM_SPECIAL_TOKENS

    @property
    def overlap(self):
        """Characters that neighbouring windows of a longer text share."""
        return self.window // 4

    def least_numbers(self):
        """Numbers that some weights of a model with this config take at least: dict from field to count; cheap for any config."""
        encoder, units = self.encoder, self.lstm_units if self.rnn != "none" else 0
        found = {"vocab_size": encoder.vocab_size, "hidden_size": encoder.hidden_size, "lstm_units": units * units}
        if isinstance(encoder, AlbertConfig):
            found["vocab_size"] *= encoder.embedding_size
            found["hidden_size"] *= encoder.hidden_size * encoder.num_hidden_groups
            found["intermediate_size"] = encoder.hidden_size * encoder.intermediate_size * encoder.num_hidden_groups
            found["max_position_embeddings"] = encoder.embedding_norm_size * encoder.max_position_embeddings
            found["type_vocab_size"] = encoder.embedding_norm_size * encoder.type_vocab_size
        if self.lattice is not None:
            found["word_embedding_size"] = (
                self.lattice.num_words * self.lattice.word_embedding_size + self.lattice.word_embedding_size * units
            )
        return found

    @property
    def encoder_type(self):
        """``albert`` or ``char``."""
        return next(name for name, config_class in _ENCODERS.items() if isinstance(self.encoder, config_class))

    def to_dict(self):
        """All fields as a JSON-ready dict; ``from_dict`` gives an equal config back."""
        encoder = {"encoder_type": self.encoder_type, "encoder": self.encoder.to_dict()}
        return {**encoder, **{**dataclasses.asdict(self), **encoder, "tag_set": self.tag_set.to_dict()}}

    @classmethod
    def from_dict(cls, values):
        """Config from ``to_dict``'s result. Raises ConfigError on an unknown or missing key."""
        values = dict(values) if isinstance(values, dict) else values
        encoder_type = values.pop("encoder_type", None) if isinstance(values, dict) else None
        check_keys(cls, values, "tagger config", all_needed=True)
        if not isinstance(encoder_type, str) or encoder_type not in _ENCODERS:
            raise ConfigError(f"tagger config: encoder_type: expected one of {', '.join(_ENCODERS)}, found {shown(encoder_type)}")
        parts = {"encoder": _ENCODERS[encoder_type].from_dict(values["encoder"]), "tag_set": TagSet.from_dict(values["tag_set"])}
        if values["lattice"] is not None:
            parts["lattice"] = LatticeConfig.from_dict(values["lattice"])
        return cls(**{**values, **parts})
