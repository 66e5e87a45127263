"""Writes a trained tagger as a version for TensorFlow Serving, or for ONNX Runtime, and measures it beside the original."""

import os

from albert import lazy
from albert.files import sha256, write_json
from ner.data.readers import read_split
from ner.data.settings import DataSettings
from ner.export import onnx, report
from ner.export.files import files_of
from ner.export.provenance import PROVENANCE, describe
from ner.export.settings import ExportSettings
from ner.export.versions import ONNX_MODEL, choose_version, new_version
from ner.model.directory import ModelDir
from ner.tagging import sessions
from ner.tagging.opening import load_exported, open_predictor
from ner.tagging.settings import PredictionSettings


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
    for_onnx = settings.export_format == "onnx"
    if for_onnx:
        onnx.check(config)
    version = choose_version(settings.export_dir, settings.export_version, settings.export_format)
    test = None
    if data.data_dir:
        test = read_split(data.data_dir, "test", types=config.tag_set.types, **data.reading)
    tokenizer = directory.read_tokenizer(config)
    files, precision = files_of(directory, config, tokenizer), settings.export_precision
    decoding = prediction.decoding.for_tagger(config.edge_punctuation)
    values = describe(directory, settings.export_format, precision, decoding)
    with new_version(settings.export_dir, version) as path:
        if for_onnx:
            name = onnx.export_onnx(path, directory, config, precision, files)
            values["files"] = {file: sha256(os.path.join(path, file)) for file in (ONNX_MODEL, name)}
            provenance = os.path.join(path, PROVENANCE)
        else:
            write = lazy.load("ner.export.saved_model.export_saved_model")
            write(path, directory, config, tokenizer, precision, decoding, files)
            provenance = os.path.join(path, "assets", PROVENANCE)
        write_json(provenance, values)
        if test is not None:
            measured = _measure(path, directory, prediction, test.examples, precision)
            write_json(provenance, {**values, "measured": measured})
    print(f"{os.path.join(settings.export_dir, str(version))}: {settings.export_format}, {precision}")


def _measure(path, directory, prediction, examples, name):
    """Measure the training output beside the export, print both and return both."""
    exported = report.measure(load_exported(path, prediction.eval_batch_size), examples)
    runtime = "tensorflow" if sessions.has_tensorflow() else "onnx"
    predictor = open_predictor(directory.path, prediction.eval_batch_size, prediction.decoding, runtime=runtime)
    trained = report.measure(predictor, examples)
    print(f"{len(examples):,} sentences")
    print(report.describe("training output", trained))
    print(report.describe(name, exported))
    print(f"loss of F1: {100 * (trained['f1'] - exported['f1']):.2f} points")
    return {"training_output": trained, "export": exported}
