"""What a trained tagger is made of, as it is stored beside its weights."""

import dataclasses
import json
import os

from albert.config import AlbertConfig
from albert.errors import ConfigError, UserError
from albert.files import atomic_write
from ner.tags import TagSet


@dataclasses.dataclass(frozen=True)
class TaggerConfig:
    """Architecture, tags and text settings of a tagger (immutable, JSON both ways).

    Attributes:
      encoder: the encoder's ``AlbertConfig``.
      tag_set: the ``TagSet``; its order is that of the model's outputs.
      max_seq_length: longest input in tokens, ``[CLS]`` and ``[SEP]`` included; longer text is tagged in windows.
      do_lower_case: whether text is lower-cased before the vocabulary is looked up.
      use_bilstm, lstm_units: the recurrent layer and its units per direction.
      use_crf: linear-chain CRF on top; without it every character is classified on its own (softmax).
      dropout: dropout rate on the encoder's output and on the recurrent layer's.
    """

    encoder: AlbertConfig
    tag_set: TagSet
    max_seq_length: int = 128
    do_lower_case: bool = True
    use_bilstm: bool = True
    lstm_units: int = 128
    use_crf: bool = True
    dropout: float = 0.1

    def __post_init__(self):
        limit = self.encoder.max_position_embeddings
        if not 3 <= self.max_seq_length <= limit:
            raise ConfigError(f"--max_seq_length: must lie between 3 and the encoder's {limit} positions, found {self.max_seq_length}")
        if self.lstm_units < 1:
            raise ConfigError(f"--lstm_units: must be positive, found {self.lstm_units}")
        if not 0.0 <= self.dropout < 1.0:
            raise ConfigError(f"--dropout: must lie in [0, 1), found {self.dropout}")

    def to_dict(self):
        """All fields as a JSON-ready dict; ``from_dict`` gives an equal config back."""
        return {**dataclasses.asdict(self), "encoder": self.encoder.to_dict(), "tag_set": self.tag_set.to_dict()}

    @classmethod
    def from_dict(cls, values):
        """Config from ``to_dict``'s result. Raises ConfigError on an unknown or missing key."""
        fields = {field.name: field for field in dataclasses.fields(cls)}
        unknown = sorted(set(values) - set(fields))
        missing = sorted(set(fields) - set(values))
        if unknown or missing:
            problem = f"unknown key {unknown[0]!r}" if unknown else f"missing key {missing[0]!r}"
            raise ConfigError(f"tagger config: {problem}")
        encoder, tag_set = AlbertConfig.from_dict(values["encoder"]), TagSet.from_dict(values["tag_set"])
        return cls(**{**values, "encoder": encoder, "tag_set": tag_set})


def read_json(path, what):
    """The parsed JSON object in ``path``; UserError naming the file and ``what`` it should have been."""
    try:
        with open(path, encoding="utf-8-sig") as f:
            return json.load(f)
    except FileNotFoundError as e:
        raise UserError(f"{os.fspath(path)}: no such file, expected {what}") from e
    except (OSError, UnicodeDecodeError) as e:
        raise UserError(f"{os.fspath(path)}: cannot read {what}: {e}") from e
    except json.JSONDecodeError as e:
        raise UserError(f"{os.fspath(path)}:{e.lineno}: not JSON ({e.msg}), expected {what}") from e


def write_json(path, value):
    """Write ``value`` as indented JSON, whole or not at all."""
    with atomic_write(path) as f:
        json.dump(value, f, indent=2, ensure_ascii=False)
        f.write("\n")
