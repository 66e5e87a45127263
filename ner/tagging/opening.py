"""From a directory to a predictor: what lies there, and the runtime for it.

A tagger runs in ONNX Runtime or in TensorFlow; its entities are the same. This module imports neither before it is needed.
"""

import dataclasses
import os
from typing import Optional, Union

from albert import lazy
from albert.arithmetic.processor import CPU_BFLOAT16, cpu_flags
from albert.errors import FieldError, UserError
from albert.tokenization import load_tokenizer
from ner import pretrained
from ner.decoding.constraints import ALLOWED, AUTO, NEVER, DecodingOptions
from ner.decoding.gazetteer import Gazetteer
from ner.export.versions import format_of, is_export, version_directory
from ner.model.config import TaggerConfig
from ner.model.directory import ModelDir, find_model, is_token_classifier
from ner.model.graph import find_obstacle
from ner.tagging import sessions
from ner.tagging.protocol import PRECISIONS, RUNTIMES, TextPredictor

# Precisions of each runtime, the quickest first.
_PRECISIONS_OF = {"onnx": ("int8", "float32"), "tensorflow": ("bfloat16", "float32")}
# Where a driver for NVIDIA's GPUs shows itself; TensorFlow would have to be imported to be asked.
_GPU = "/dev/nvidiactl"


@dataclasses.dataclass(frozen=True)
class Source:
    """A trained tagger on disk, read but for its weights.

    Attributes:
      path: its directory.
      config: its ``TaggerConfig``.
      tokenizer: the tokenizer it was trained with.
      weights: its weights, dict from the names of ``TaggerModel.weight_map`` to arrays; None if they are still in the directory.
    """

    path: str
    config: TaggerConfig
    tokenizer: object
    weights: Optional[dict] = None


def open_predictor(
    path: Optional[Union[str, os.PathLike[str]]],
    batch_size: int,
    decoding: DecodingOptions,
    lexicon: Union[str, os.PathLike[str], Gazetteer, None] = None,
    runtime: str = "auto",
    precision: str = "float32",
    guideline: Optional[str] = None,
) -> TextPredictor:
    """The predictor of a directory; arguments and errors as for :meth:`ner.tagging.tagger.Tagger.load`."""
    path = pretrained.DIRECTORY if path is None else path
    if runtime not in RUNTIMES:
        raise FieldError("{runtime}: found {}, expected one of {}", runtime, ", ".join(RUNTIMES))
    if precision not in PRECISIONS:
        raise FieldError("{precision}: found {}, expected one of {}", precision, ", ".join(PRECISIONS))
    if is_export(path):
        return _open_export(path, batch_size, decoding, lexicon, runtime, precision)
    gazetteer = _gazetteer(lexicon)
    source = read_source(path, guideline)
    runtime, precision = choose(source.config, runtime, precision)
    run = lazy.load("ner.tagging.light.of_source" if runtime == "onnx" else "ner.tagging.predictor.of_source")
    return run(source, precision, batch_size, decoding, gazetteer)


def read_source(path: str, guideline: Optional[str] = None) -> Source:
    """The tagger of a training output directory, or of a HuggingFace token classification model, read but for its weights.

    ``guideline`` takes the place of the one in the tagger's config.
    """
    path = find_model(path)
    if is_token_classifier(path):
        from ner.model import token_classification  # noqa: PLC0415 - takes the tables of published formats

        found = token_classification.read(path)
        tokenizer = load_tokenizer(found.vocab_file, found.spm_model_file, found.config.do_lower_case)
        tokenizer.check_size(found.config.encoder.vocab_size)
        return Source(path, found.config, tokenizer, found.weights)
    directory = ModelDir(path)
    config = directory.read_config()
    if guideline is not None:
        config = dataclasses.replace(config, guideline=guideline)
    return Source(path, config, directory.read_tokenizer(config))


def choose(config: TaggerConfig, runtime: str = "auto", precision: str = "float32") -> tuple[str, str]:
    """The runtime and precision for a tagger.

    The runtime ``auto`` is ONNX Runtime where it is installed, has the network's layers and the precision asked for, and TensorFlow would
    have no GPU to run on. The precision ``auto`` is the runtime's quickest on this processor.

    Returns:
      (``onnx`` or ``tensorflow``; ``float32``, ``bfloat16`` or ``int8``).

    Raises:
      UserError: what is asked for is not installed, or does not go together.
    """
    obstacle = _obstacle(config)
    if runtime == "auto":
        without_onnx = obstacle or os.path.exists(_GPU)
        runtime = "onnx" if precision == "int8" or (precision != "bfloat16" and not without_onnx) else "tensorflow"
        if runtime == "onnx" and obstacle:
            raise FieldError("{precision}: found {}, which takes ONNX Runtime, but {}", precision, obstacle)
        if runtime == "tensorflow" and not sessions.has_tensorflow():
            why = obstacle or f"ONNX Runtime does not compute in {precision}"
            raise UserError(f"TensorFlow: not installed, expected albert-ner in the place of albert-ner-light, as {why}")
    if runtime == "onnx" and obstacle:
        raise FieldError("{runtime}: found onnx, but {}", obstacle)
    if runtime == "tensorflow" and not sessions.has_tensorflow():
        raise FieldError("{runtime}: found tensorflow, which is not installed, expected albert-ner in the place of albert-ner-light")
    known = _PRECISIONS_OF[runtime]
    if precision == "auto":
        return runtime, known[runtime == "tensorflow" and not cpu_flags().intersection(CPU_BFLOAT16)]
    if precision not in known:
        raise FieldError("{precision}: found {} with {runtime}={}, expected {}", precision, runtime, " or ".join(known))
    return runtime, precision


def _obstacle(config):
    """Reason why ONNX Runtime cannot run a tagger here, or None."""
    if not sessions.available():
        return "ONNX Runtime is not installed (albert-ner[light])"
    missing = find_obstacle(config)
    return f"ONNX Runtime cannot run a {missing}" if missing else None


def load_exported(path: str, batch_size: int = 64, lexicon: Union[str, Gazetteer, None] = None) -> TextPredictor:
    """The predictor of an exported version, or of the newest version in a directory of them; one for ONNX Runtime takes a gazetteer.

    Raises:
      UserError: there is none, it is broken, or it takes no gazetteer.
    """
    directory = version_directory(path)
    if format_of(directory) == "onnx":
        return lazy.load("ner.tagging.exported_onnx.of_export")(directory, batch_size, _gazetteer(lexicon))
    if lexicon is not None:
        raise UserError(f"{path}: an exported SavedModel takes no lexicon; expected the training output it was exported from")
    return lazy.load("ner.tagging.exported.ExportedPredictor")(directory, batch_size)


def _gazetteer(lexicon):
    return lexicon if lexicon is None or isinstance(lexicon, Gazetteer) else Gazetteer.load(lexicon)


def _open_export(path, batch_size, decoding, lexicon, runtime, precision):
    predictor = load_exported(path, batch_size, lexicon)
    if runtime not in ("auto", predictor.runtime):
        raise FieldError("{runtime}: found {}, expected {}, for which {} was exported", runtime, predictor.runtime, path)
    own = predictor.provenance.get("precision")
    if precision not in ("float32", "auto", own):
        raise FieldError("{precision}: found {}, expected {}, with which {} was exported", precision, own, path)
    exported, found = (options.constrained_decoding for options in (predictor.decoding, decoding))
    if exported != found:
        raise FieldError("{constrained_decoding}: found {}, expected {}, with which {} was exported", found, exported, path)
    exported = NEVER if predictor.decoding.edge_punctuation == NEVER else ALLOWED
    found = decoding.edge_punctuation
    if found not in (exported, AUTO):
        raise FieldError("{edge_punctuation}: found {}, expected {}, with which {} was exported", found, exported, path)
    return predictor
