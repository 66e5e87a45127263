"""Serves a tagger over HTTP, with a page to try it at / and the REST interface of TensorFlow Serving; needs the extra serve.

    albert-ner serve
    curl -d '{"text": "江苏省委书记到上海交通大学看望李明教授。"}' http://127.0.0.1:8501/tag

The tagger is that of --model_dir, or the exported model of --export_dir, whose versions are watched: a new one takes the place of the
old without a lost request. Without either it is the tagger that the environment variable ALBERT_NER_MODEL names, or the one that comes
with the package. SIGTERM and Ctrl-C stop the server when it has answered what it has accepted.
"""

import dataclasses
import os
from typing import Optional

from albert.errors import FieldError, UserError
from albert.fields import check_fields, setting
from ner.export.versions import is_export, version_directory
from ner.model.directory import find_model
from ner.server.settings import ServerSettings
from ner.tagging.protocol import TextPredictor
from ner.tagging.settings import ModelSettings, TaggingSettings

HELP = "answer programs and people over HTTP"


@dataclasses.dataclass(frozen=True)
class ServeCommand:
    """Settings of a server: the tagger, and how it is served."""

    model: ModelSettings = ModelSettings()
    export_dir: Optional[str] = setting(None, "Directory of an exported model's versions, the newest of which is served; or one of them.")
    tagging: TaggingSettings = TaggingSettings()
    server: ServerSettings = ServerSettings()

    def __post_init__(self):
        check_fields(self)
        model_dir = self.model.model_dir
        if self.export_dir and model_dir and model_dir != os.environ.get("ALBERT_NER_MODEL"):
            raise FieldError("{export_dir}: found {} beside {model_dir}, expected one of the two", self.export_dir)


SETTINGS = ServeCommand


def run(settings: ServeCommand) -> None:
    """Serve until told to stop."""
    try:
        from ner.server.run import serve  # noqa: PLC0415 - imports what help does not need
    except ModuleNotFoundError as e:
        raise UserError(f"found no package {e.name}, expected it as the extra serve installs it: pip install 'albert-ner[serve]'") from e

    def load(path: str) -> TextPredictor:
        from ner.tagging.opening import open_predictor  # noqa: PLC0415 - help is answered without it

        return open_predictor(path, how.eval_batch_size, how.decoding, how.lexicon, how.runtime, how.precision)

    path, how = _locate(settings), settings.tagging
    serve(path, load, settings.server, how.eval_batch_size)


def _locate(settings):
    """The directory of the tagger, fetched if need be."""
    if settings.export_dir:
        version_directory(settings.export_dir)
        return settings.export_dir
    model = settings.model
    return model.path if is_export(model.path) else find_model(model.path, model.fetching.offline or None)
