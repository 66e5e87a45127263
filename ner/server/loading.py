"""Taggers in whatever form, for the server."""

from collections.abc import Callable
from typing import Optional

from ner.export.versions import is_export, version_directory
from ner.model.directory import find_model
from ner.tagging.opening import load_exported, open_predictor
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
        if is_export(path):
            return load_exported(path, tagging.eval_batch_size, tagging.lexicon)
        return open_predictor(path, tagging.eval_batch_size, tagging.decoding, tagging.lexicon, tagging.runtime, tagging.precision)

    return load
