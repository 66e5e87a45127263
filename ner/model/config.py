"""Configuration of a trained tagger, as it is stored beside its weights."""

import dataclasses
import os
from typing import Optional, Union

from albert.character_map import CHARACTER_MAPS, NONE
from albert.config import AlbertConfig
from albert.errors import ConfigError, FieldError, UserError
from albert.fields import check_fields, check_keys, setting, shown
from albert.files import read_json
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

    vocab_size: int = setting(at_least=1)
    hidden_size: int = setting(at_least=1)

    # A sentence may have any length.
    max_position_embeddings = None

    def __post_init__(self):
        check_fields(self)

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
    """Words of the lattice LSTM or of SoftLexicon.

    Attributes:
      num_words: words of the lexicon that have a vector of their own; all others share one.
      word_embedding_size: E, width of a word's vector.
      max_word_length: characters of the longest word.
    """

    num_words: int = setting(at_least=0)
    word_embedding_size: int = setting(50, "Width of the word vectors of --rnn=lattice or --softlexicon.", at_least=1)
    max_word_length: int = setting(4, "Characters of the longest word of --rnn=lattice or --softlexicon.", at_least=2, at_most=100)

    def __post_init__(self):
        check_fields(self)

    @property
    def num_slots(self):
        """S, number of word lengths: 2 to ``max_word_length``."""
        return self.max_word_length - 1

    @classmethod
    def from_dict(cls, values):
        """Config from ``dataclasses.asdict``'s result. Raises ConfigError on an unknown or missing key."""
        check_keys(cls, values, "lattice config", all_needed=True)
        return cls(**values)


# Rules by which entities are chosen.
GOLD, SILVER = "gold", "silver"
_ENCODERS = {"albert": AlbertConfig, "char": CharEncoderConfig}
# Fields of ``TaggerConfig`` that version 0.1.0 did not have, with the values that say what it did.
_LATER = {"character_map": NONE, "softlexicon": False, "silver": False, "guideline": GOLD, "edge_punctuation": True}
# Vectors of words that SoftLexicon gives a character.
NUM_SETS = 3


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
      lattice: with ``rnn="lattice"`` or ``softlexicon``, its ``LatticeConfig``; else None.
      use_crf: linear-chain CRF on top; without it every character is classified on its own (softmax).
      dropout: dropout rate on the encoder's output and on the recurrent layer's.
      character_map: what becomes of characters before the vocabulary is looked up, one of ``albert.character_map.CHARACTER_MAPS``.
      softlexicon: whether the recurrent layer reads words beside each character (:mod:`ner.model.soft_lexicon`); not with a lattice.
      silver: whether the network was trained on silver sentences besides those of the training set. They begin with ``[MASK]`` in place
        of ``[CLS]``, so that it knows by whose rules their entities were chosen.
      guideline: the rules by which it tags, ``gold``, those of the training set, or ``silver``.
      edge_punctuation: whether its entities may begin or end with punctuation, if ``DecodingOptions`` leave that to the tagger.
    """

    encoder: Union[AlbertConfig, CharEncoderConfig]
    tag_set: TagSet
    max_seq_length: int = setting(128, "Longest input in tokens, [CLS] and [SEP] included; longer text is cut into windows.", at_least=3)
    do_lower_case: bool = True
    rnn: str = setting("lstm", "The bidirectional recurrent layer on the encoder.", choices=recurrent.rnns)
    lstm_cell: str = setting("standard", f"Cell of --rnn=lstm: {recurrent.describe_cells()}.", choices=recurrent.cells)
    lstm_units: int = setting(128, "Units of the recurrent layer in each direction.", at_least=1)
    lattice: Optional[LatticeConfig] = None
    use_crf: bool = setting(True, "Score tag sequences with a linear-chain CRF; without, each character is classified on its own.")
    dropout: float = setting(0.1, "Dropout rate on the encoder's output, the recurrent layer's and word vectors.", at_least=0, below=1)
    character_map: str = setting(
        NONE,
        "Characters that the network reads in place of others: with simplified, traditional ones as simplified, and after Chinese ones "
        "half-width punctuation as full-width.",
        choices=CHARACTER_MAPS,
    )
    softlexicon: bool = setting(False, "Give the recurrent layer the words of a lexicon around each character (SoftLexicon).")
    silver: bool = False
    guideline: str = setting(GOLD, choices=(GOLD, SILVER))
    edge_punctuation: bool = True

    def __post_init__(self):
        check_fields(self)
        limit = self.encoder.max_position_embeddings
        if limit is not None and self.max_seq_length > limit:
            raise FieldError("{max_seq_length}: found {}, expected at most the encoder's {} positions", self.max_seq_length, limit)
        kind = recurrent.find(self.rnn, self.lstm_cell)
        if kind is None and self.lstm_cell != "standard":
            with_cell = [other.rnn for other in recurrent.KINDS if other.cell == self.lstm_cell]
            raise FieldError("{lstm_cell}={} requires {rnn}={}", self.lstm_cell, " or ".join(with_cell))
        if self.guideline == SILVER and not self.silver:
            raise FieldError("{guideline}: found silver, expected gold: the network was trained on no silver sentences")
        reads_words = kind is not None and kind.reads_words
        if self.softlexicon and reads_words:
            raise FieldError("{softlexicon}: found true with {rnn}={}, which reads words itself", self.rnn)
        if (self.lattice is not None) != (reads_words or self.softlexicon):
            found = "settings" if self.lattice else None
            raise FieldError("{lattice}: found {} with {rnn}={} and {softlexicon}={}", found, self.rnn, str(self.softlexicon).lower())

    @property
    def num_features(self):
        """Numbers that the layer above the encoder reads for each character."""
        return self.encoder.hidden_size + (NUM_SETS * self.lattice.word_embedding_size if self.softlexicon else 0)

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
        """All fields as a JSON-ready dict; ``from_dict`` gives an equal config back.

        Fields that version 0.1.0 did not have are left out where they say what it did.
        """
        encoder = {"encoder_type": self.encoder_type, "encoder": self.encoder.to_dict()}
        values = {**encoder, **{**dataclasses.asdict(self), **encoder, "tag_set": self.tag_set.to_dict()}}
        return {name: value for name, value in values.items() if name not in _LATER or value != _LATER[name]}

    @classmethod
    def from_json_file(cls, path, what):
        """Config from a JSON file; ``what`` it should be is for messages. Raises UserError with the file's name."""
        values = read_json(path, what)
        try:
            return cls.from_dict(values)
        except UserError as e:
            raise ConfigError(f"{os.fspath(path)}: {e}") from e

    @classmethod
    def from_dict(cls, values):
        """Config from ``to_dict``'s result. Raises ConfigError on an unknown or missing key."""
        values = {**_LATER, **values} if isinstance(values, dict) else values
        encoder_type = values.pop("encoder_type", None) if isinstance(values, dict) else None
        check_keys(cls, values, "tagger config", all_needed=True)
        if not isinstance(encoder_type, str) or encoder_type not in _ENCODERS:
            raise ConfigError(f"tagger config: encoder_type: expected one of {', '.join(_ENCODERS)}, found {shown(encoder_type)}")
        parts = {"encoder": _ENCODERS[encoder_type].from_dict(values["encoder"]), "tag_set": TagSet.from_dict(values["tag_set"])}
        if values["lattice"] is not None:
            parts["lattice"] = LatticeConfig.from_dict(values["lattice"])
        return cls(**{**values, **parts})
