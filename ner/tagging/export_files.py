"""Files beside an exported network: the tagger's settings, and how it was made. Needs no TensorFlow."""

import os
from typing import NamedTuple

from albert.errors import UserError
from albert.files import read_json
from ner.decoding.constraints import AUTO, NEVER, DecodingOptions
from ner.export.provenance import PROVENANCE
from ner.model.config import TaggerConfig


class ExportFiles(NamedTuple):
    """Settings of an exported tagger.

    Attributes:
      config: its ``TaggerConfig``.
      decoding: the ``DecodingOptions`` it was exported with.
      provenance: the contents of ``provenance.json``.
    """

    config: TaggerConfig
    decoding: DecodingOptions
    provenance: dict


def read_export(directory: str) -> ExportFiles:
    """Read the settings of an exported version from the directory they lie in.

    Raises:
      UserError: a file is missing or broken.
    """
    path = os.path.join(directory, PROVENANCE)
    provenance = read_json(path, "what the exported model was made from", allow_nan=True)
    if not isinstance(provenance.get("constrained_decoding"), bool):
        raise UserError(f"{path}: found no constrained_decoding, expected what the export wrote")
    # Exports of version 0.1.0 do not tell, and do not look at characters.
    decoding = DecodingOptions(
        provenance["constrained_decoding"],
        visible_edges=provenance.get("visible_edges", False) is True,
        edge_punctuation=NEVER if provenance.get("edge_punctuation") == NEVER else AUTO,
    )
    config = TaggerConfig.from_json_file(os.path.join(directory, "model.json"), "the configuration of the exported model")
    return ExportFiles(config, decoding, provenance)
