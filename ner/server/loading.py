"""Taggers in whatever form, for the server."""

from collections.abc import Callable
from typing import Optional

from albert.errors import UserError
from ner.export.versions import is_export, version_directory
from ner.model.directory import find_model
from ner.tagging.protocol import TextPredictor
from ner.tagging.settings import ModelSettings, TaggingSettings


def locate(export_dir: Optional[str], model: ModelSettings) -> str:
    """The directory of the tagger, fetched if need be. Raises UserError where there is none."""
    if export_dir:
        version_directory(export_dir)
        return export_dir
    return model.path if is_export(model.path) else find_model(model.path, model.fetching.offline or None)


def loader(tagging: TaggingSettings) -> Callable[[str], TextPredictor]:
    """A function that loads a tagger from its directory, to be applied as the settings say."""

    def load(path: str) -> TextPredictor:
        from ner.tagging.exported import load_exported  # noqa: PLC0415 - imports TensorFlow
        from ner.tagging.tagger import Tagger  # noqa: PLC0415

        if is_export(path):
            if tagging.lexicon is not None:
                raise UserError(f"{path}: an exported model takes no lexicon; expected the training output it was exported from")
            return load_exported(path, tagging.eval_batch_size)
        return Tagger.load(path, tagging.eval_batch_size, lexicon=tagging.lexicon, decoding=tagging.decoding).predictor

    return load
