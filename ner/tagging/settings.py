"""Settings of what a trained tagger is used for."""

import dataclasses
from typing import Optional

from albert.fields import check_fields, setting
from albert.hub.settings import FetchSettings
from ner import pretrained
from ner.decoding.constraints import DecodingOptions
from ner.tagging.protocol import PRECISIONS, RUNTIMES


@dataclasses.dataclass(frozen=True)
class ModelSettings:
    """The trained tagger."""

    model_dir: Optional[str] = setting(
        None,
        "A training output directory to evaluate, tag with or export; or, to tag with, a HuggingFace token classification model, its "
        "directory or hf:owner/name. By default --output_dir, else the shipped tagger.",
    )
    output_dir: Optional[str] = setting(None, "Directory that training writes to; a rerun of the same command goes on where it stopped.")

    fetching: FetchSettings = FetchSettings()

    def __post_init__(self):
        check_fields(self)

    @property
    def path(self) -> str:
        """The tagger's directory."""
        return self.model_dir or self.output_dir or pretrained.DIRECTORY


@dataclasses.dataclass(frozen=True)
class ProgressSettings:
    """Progress on standard error."""

    progress: Optional[bool] = setting(
        None, "Show progress on standard error: by default a bar in a terminal, else a line every 30 seconds; --progress is always a bar."
    )

    def __post_init__(self):
        check_fields(self)


@dataclasses.dataclass(frozen=True)
class PredictionSettings:
    """Settings of a tagger's application to texts."""

    eval_batch_size: int = setting(64, "Texts, or windows of long texts, per batch in evaluation and tagging.", at_least=1)
    decoding: DecodingOptions = DecodingOptions()

    def __post_init__(self):
        check_fields(self)


@dataclasses.dataclass(frozen=True)
class TaggingSettings(PredictionSettings):
    """Settings of a tagger's application to texts, with a gazetteer."""

    lexicon: Optional[str] = setting(None, "Terms that must or must never be entities: lines of a term, a tab, and its type or -.")
    runtime: str = setting(
        "auto", "What computes the network; auto is ONNX Runtime where it is installed and has the layers.", choices=RUNTIMES
    )
    precision: str = setting(
        "float32", "Arithmetic of the network: bfloat16 takes TensorFlow, int8 ONNX Runtime; auto is the quickest.", choices=PRECISIONS
    )
