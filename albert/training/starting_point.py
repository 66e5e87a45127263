"""The encoder that a training run starts from: its config, weights and vocabulary."""

import dataclasses
from typing import Optional

from albert import checkpoints, hub
from albert.checkpoints.proof import fetch
from albert.config import AlbertConfig
from albert.errors import FieldError
from albert.training.settings import EncoderFiles


@dataclasses.dataclass(frozen=True)
class StartingPoint:
    """An encoder before training.

    Attributes:
      config: its ``AlbertConfig``, or that of another kind of encoder.
      checkpoint: the checkpoint with its weights; None for random weights.
      vocab_file, spm_model_file: the tokenizer's file, one of the two; both None where there is none yet.
    """

    config: AlbertConfig
    checkpoint: Optional[checkpoints.Checkpoint] = None
    vocab_file: Optional[str] = None
    spm_model_file: Optional[str] = None


def fetch_checkpoint(files: EncoderFiles) -> None:
    """Fetches the checkpoint if it is given by the name of a release, without TensorFlow: no network is told before that has loaded."""
    if files.init_checkpoint and hub.is_name(files.init_checkpoint):
        fetch(files.init_checkpoint, files.fetching.offline or None)


def find_starting_point(files: EncoderFiles) -> StartingPoint:
    """Decides on architecture, weights and vocabulary; files given by name go before those beside the checkpoint.

    Raises:
      FieldError: neither a checkpoint nor a config is given, or a checkpoint has no vocabulary.
      UserError: a file is missing or broken.
    """
    named = (files.albert_config_file or None, files.vocab_file or None, files.spm_model_file or None)
    if not files.init_checkpoint:
        if not files.albert_config_file:
            raise FieldError("{init_checkpoint}: not given, expected a checkpoint, or {albert_config_file} to start from random weights")
        return StartingPoint(AlbertConfig.from_json_file(files.albert_config_file), None, *named[1:])
    found = checkpoints.find(files.init_checkpoint, *named, offline=files.fetching.offline or None)
    if not found.vocab_file and not found.spm_model_file:
        raise FieldError("{vocab_file}: not given, and no vocabulary lies beside {}", files.init_checkpoint)
    # A file given by name goes before one of the other kind found beside the weights.
    vocab_file = None if files.spm_model_file else found.vocab_file
    return StartingPoint(found.config, found, vocab_file, None if vocab_file else found.spm_model_file)
