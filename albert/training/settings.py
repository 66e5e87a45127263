"""Settings of a training run that pretraining and tagging share."""

import dataclasses
from typing import Optional

from albert.fields import check_fields, setting
from albert.hub.settings import FetchSettings

PRECISIONS = ("auto", "off", "float16", "bfloat16")
STRATEGIES = ("one_device", "mirrored", "multi_worker_mirrored", "tpu")


@dataclasses.dataclass(frozen=True)
class EncoderFiles:
    """Files of the encoder that training starts from."""

    init_checkpoint: Optional[str] = setting(
        None,
        "A published ALBERT or BERT checkpoint: its directory or prefix, or the name of a release (albert-ner download --list) or "
        "hf:owner/name, which is fetched once; or albert_mini_zh, which is shipped.",
    )
    albert_config_file: Optional[str] = setting(
        None, "The encoder's config; by default the one beside --init_checkpoint. Alone: random weights."
    )
    vocab_file: Optional[str] = setting(None, "vocab.txt; by default the one beside --init_checkpoint, or made from the training text.")
    spm_model_file: Optional[str] = setting(None, "SentencePiece model, for checkpoints that have one instead of a vocab.txt.")
    do_lower_case: bool = setting(True, "Lower-case the text, as the published Chinese checkpoints expect.")
    fetching: FetchSettings = FetchSettings()

    def __post_init__(self):
        check_fields(self)
