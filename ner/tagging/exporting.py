"""Writes a trained tagger as a version for TensorFlow Serving, or as a TensorFlow Lite file, and measures it beside the original."""

import dataclasses
import os

from albert.files import atomic_write, sha256, write_json
from albert.training.precision import Precision
from ner.data.readers import read_split
from ner.data.settings import DataSettings
from ner.decoding.constraints import DecodingOptions
from ner.export import report, tflite
from ner.export.module import ServingModule
from ner.export.network import FrozenNetwork
from ner.export.provenance import PROVENANCE, describe
from ner.export.quantization import quantize
from ner.export.saved_model import copy_files, write_saved_model
from ner.export.settings import ExportSettings
from ner.export.versions import TFLITE_MODEL, choose_version, new_version
from ner.model.config import TaggerConfig
from ner.model.directory import LEXICON_FILE, ModelDir
from ner.model.network import TaggerModel
from ner.tagging.exported import ExportedPredictor, TFLitePredictor
from ner.tagging.predictor import Predictor
from ner.tagging.settings import PredictionSettings

# Sentences a TensorFlow Lite file is measured on: it computes one at a time.
_TFLITE_SENTENCES = 300


@dataclasses.dataclass(frozen=True)
class _Source:
    """A trained tagger: its directory and what was read from it."""

    directory: ModelDir
    config: TaggerConfig
    tokenizer: object
    model: TaggerModel
    decoding: DecodingOptions

    @property
    def files(self):
        """Paths of what an export needs besides the network: tags, settings, the tokenizer's file and a lattice's words."""
        names = ["labels.txt", "model.json", os.path.basename(self.tokenizer.path)]
        return [self.directory.file(name) for name in names + ([LEXICON_FILE] if self.config.lattice is not None else [])]


def export(model_dir: str, settings: ExportSettings, prediction: PredictionSettings, data: DataSettings) -> None:
    """Write ``<export_dir>/<version>`` and, where there is a data set, print what the export loses and how fast it is.

    Args:
      model_dir: a training output directory.
      settings: where to, and in which form.
      prediction: how the export decodes, and the batch size of the measurement.
      data: the data set whose test split measures.
    """
    directory = ModelDir(model_dir)
    config = directory.read_config()
    if settings.export_format == "tflite":
        tflite.check(config, settings.export_precision)
    version = choose_version(settings.export_dir, settings.export_version, settings.export_format)
    test = None
    if data.data_dir:
        test = read_split(data.data_dir, "test", types=config.tag_set.types, **data.reading)
    tokenizer = directory.read_tokenizer(config)
    model = TaggerModel(config)
    directory.read_weights(model)
    source = _Source(directory, config, tokenizer, model, prediction.decoding)
    write = _write_tflite if settings.export_format == "tflite" else _write_saved_model
    with new_version(settings.export_dir, version) as path:
        write(path, source, settings.export_precision, test, prediction.eval_batch_size)
    print(f"{os.path.join(settings.export_dir, str(version))}: {settings.export_format}, {settings.export_precision}")


def _write_saved_model(path, source, precision, test, batch_size):
    model = source.model
    if precision == "bfloat16":
        with Precision("bfloat16", "as asked for").scope():
            model = TaggerModel(source.config)
        source.directory.read_weights(model)
    network = FrozenNetwork.of(model)
    if precision == "int8":
        network, products = quantize(network)
        print(f"int8: {len(products)} matrix products")
    module = ServingModule(network, source.model.chain, source.config, source.tokenizer, source.decoding)
    write_saved_model(path, module, source.files, source.config.window)
    provenance = os.path.join(path, "assets", PROVENANCE)
    values = describe(source.directory, "savedmodel", precision, source.decoding)
    write_json(provenance, values)
    if test is not None:
        predictor = ExportedPredictor(path, batch_size)
        exported = report.measure(predictor, test.examples)
        write_json(provenance, {**values, "measured": _compare(source, exported, test.examples, precision, batch_size)})


def _write_tflite(path, source, precision, test, batch_size):
    copy_files(source.files, path)
    contents = tflite.convert(source.model, source.config, precision, source.decoding)
    model_file = os.path.join(path, TFLITE_MODEL)
    with atomic_write(model_file, "wb") as f:
        f.write(contents)
    values = {**describe(source.directory, "tflite", precision, source.decoding), "sha256": sha256(model_file)}
    write_json(os.path.join(path, PROVENANCE), values)
    if test is not None:
        examples = test.examples[:_TFLITE_SENTENCES]
        predictor = TFLitePredictor(path)
        exported = report.measure(predictor, examples)
        values["measured"] = _compare(source, exported, examples, f"tflite {precision}", batch_size)
        write_json(os.path.join(path, PROVENANCE), values)


def _compare(source, exported, examples, name, batch_size):
    """Measure the training output beside the export, print both and return both."""
    predictor = Predictor(source.model, source.tokenizer, batch_size, source.decoding)
    trained = report.measure(predictor, examples)
    print(f"{len(examples):,} sentences")
    print(report.describe("training output", trained))
    print(report.describe(name, exported))
    print(f"loss of F1: {100 * (trained['f1'] - exported['f1']):.2f} points")
    return {"training_output": trained, "export": exported}
