"""Converts a HuggingFace token classification model into a tagger's directory, and such a directory into a HuggingFace model.

    albert-ner convert-tagger --input_path=hf:ckiplab/albert-tiny-chinese-ner --output_path=ckip_tiny
    albert-ner convert-tagger --input_path=output/mine --output_path=mine_hf

The first can be tagged with, evaluated and exported as any other. The second needs a tagger that is an ALBERT or BERT and one linear
layer (--rnn=none --nouse_crf); transformers loads it as AlbertForTokenClassification or BertForTokenClassification.
"""

import dataclasses
import os
import secrets
import shutil
from typing import Optional

from albert.checkpoints.files.safetensors import write_safetensors
from albert.errors import FieldError
from albert.fields import check_fields, setting
from albert.hub.settings import FetchSettings
from ner.model import token_classification
from ner.model.directory import BEST_WEIGHTS, ModelDir, find_model, is_token_classifier

HELP = "from a HuggingFace token classification model to a tagger, and back"


@dataclasses.dataclass(frozen=True)
class ConvertTaggerCommand:
    """Settings of a conversion: the tagger and the output."""

    input_path: Optional[str] = setting(
        None, "A HuggingFace token classification model, its directory or hf:owner/name[@revision]; or a training output directory."
    )
    output_path: Optional[str] = setting(None, "Directory to make; must not exist.")
    fetching: FetchSettings = FetchSettings()

    def __post_init__(self):
        check_fields(self)
        for name in ("input_path", "output_path"):
            if not getattr(self, name):
                raise FieldError(f"{{{name}}}: not given, expected a directory")
        if os.path.lexists(self.output_path):
            raise FieldError("{output_path}: {} exists, expected the name of a new directory", self.output_path)


SETTINGS = ConvertTaggerCommand


def run(settings: ConvertTaggerCommand) -> None:
    """Converts one model; the output directory appears whole or not at all.

    Raises:
      UserError: the input is no such model, or one that the other side has no place for.
    """
    source = find_model(settings.input_path, settings.fetching.offline or None)
    target = os.path.normpath(settings.output_path)
    parent, name = os.path.split(target)
    temporary = os.path.join(parent, f".{name}.{secrets.token_hex(4)}.tmp")
    try:
        os.makedirs(temporary)
        line = _from_huggingface(source, temporary) if is_token_classifier(source) else _to_huggingface(source, temporary)
        os.rename(temporary, target)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    print(f"{settings.input_path} -> {target}: {line}")


def _from_huggingface(source, target):
    found = token_classification.read(source)
    directory = ModelDir(target)
    directory.copy_vocabulary(found.vocab_file, found.spm_model_file)
    directory.read_tokenizer(found.config)  # that it is a vocabulary, and this model's
    write_safetensors(directory.file(BEST_WEIGHTS), found.weights)
    directory.write_config(found.config)
    left_out = f"; labels that stand for no tag are never predicted: {', '.join(found.left_out)}" if found.left_out else ""
    return f"a tagger of {', '.join(found.config.tag_set.types)} ({found.config.tag_set.scheme}){left_out}"


def _to_huggingface(source, target):
    directory = ModelDir(source)
    config = directory.read_config()
    token_classification.check_convertible(config)
    directory.read_tokenizer(config)
    from ner.model.network import TaggerModel  # noqa: PLC0415 - imports TensorFlow

    model = TaggerModel(config)
    directory.read_weights(model)
    weights = {name: variable.numpy() for name, variable in model.weight_map().items()}
    class_name = token_classification.write(target, config, weights, *directory.find_vocabulary())
    return f"a HuggingFace model, {class_name}"
