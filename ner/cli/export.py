"""Writes a trained tagger as a SavedModel for TensorFlow Serving, or for ONNX Runtime; with --data_dir, measures what that costs.

    albert-ner export --model_dir=output/mine --export_dir=exported/mine

Without --model_dir it is the tagger that the environment variable ALBERT_NER_MODEL names, or the one that comes with the package.
"""

import dataclasses

from albert.errors import FieldError
from albert.fields import check_fields
from ner.data.settings import DataSettings
from ner.export.settings import ExportSettings
from ner.tagging.settings import ModelSettings, PredictionSettings

HELP = "write a tagger for TensorFlow Serving or ONNX Runtime"


@dataclasses.dataclass(frozen=True)
class ExportCommand:
    """Settings of an export: the tagger, and the data it is measured on."""

    model: ModelSettings = ModelSettings()
    export: ExportSettings = ExportSettings()
    prediction: PredictionSettings = PredictionSettings()
    data: DataSettings = DataSettings()

    def __post_init__(self):
        check_fields(self)
        if not self.export.export_dir:
            raise FieldError("{export_dir}: not given, expected the directory that holds the model's versions")


SETTINGS = ExportCommand


def run(settings: ExportCommand) -> None:
    """Export."""
    from ner.tagging.exporting import export  # noqa: PLC0415 - may import TensorFlow

    export(settings.model.path, settings.export, settings.prediction, settings.data)
