"""A TensorFlow Lite file for devices: from word ids to tags and entities, with built-in operations alone.

The file holds network and decoding. Strings stay outside, as TensorFlow Lite has no operations for them: looking up ids is one table from
character to id (``vocab.txt``), and texts longer than the window are cut and joined by the caller, as :class:`TFLitePredictor` does.
Shapes: W characters per window (``max_seq_length`` - 2). A row is one window, padded.
"""

import os

import numpy as np
import tensorflow as tf

from albert.errors import UserError
from ner.data.joining import WindowJoiner
from ner.data.windows import split_windows
from ner.decoding import Decoder
from ner.tags import spans_from_tags

MODEL_FILE = "tagger.tflite"


def check(config, precision):
    """Raise UserError if no TensorFlow Lite file can be made: of a lattice, or in another precision than float32 and int8."""
    if precision not in ("float32", "int8"):
        raise UserError(f"--export_precision: found {precision} with --export_format=tflite, expected float32 or int8")
    if config.lattice is not None:
        # Words come in any number, which TensorFlow Lite's loops have no shape for.
        raise UserError("--export_format: found tflite with a lattice LSTM, expected savedmodel")


def convert(model, config, precision, constrained=True):
    """The contents of a TensorFlow Lite file.

    Its signature: ``input_word_ids`` int32 [1, W + 2] and ``lengths`` int32 [1] → ``tags`` int32 [1, W], ``opens`` and ``closes``
    bool [1, W] and ``scores`` float32 [1, W], as ``ner.decoding.Decoder.entities`` describes them.

    Args:
      model: the ``TaggerModel``.
      config: its ``TaggerConfig``.
      precision: ``float32``, or ``int8`` for int8 weights and matrix products in int8 with ranges found as values come.
      constrained: whether only tag sequences the scheme allows are decoded.

    Returns:
      bytes.
    """

    def run(input_word_ids, lengths):
        emissions = model({"input_word_ids": input_word_ids, "lengths": lengths}, training=False)
        return Decoder(model.chain, config.tag_set, constrained).entities(emissions, lengths)

    ids = tf.TensorSpec([1, config.max_seq_length], tf.int32, "input_word_ids")
    function = tf.function(run, input_signature=[ids, tf.TensorSpec([1], tf.int32, "lengths")]).get_concrete_function()
    converter = tf.lite.TFLiteConverter.from_concrete_functions([function], model)
    if precision == "int8":
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
    return converter.convert()


class TFLitePredictor:
    """Runs a TensorFlow Lite file on texts; an example of what a device's own code does.

    Args:
      contents: bytes of the file.
      config: the ``TaggerConfig``.
      tokenizer: the tokenizer.
      num_threads: threads of the interpreter; all of the machine's by default.
    """

    def __init__(self, contents, config, tokenizer, num_threads=None):
        self.tag_set = config.tag_set
        self._window = config.max_seq_length - 2
        self._tokenizer = tokenizer
        interpreter = tf.lite.Interpreter(model_content=contents, num_threads=num_threads or os.cpu_count())
        self._run = interpreter.get_signature_runner()

    def predict(self, text):
        """``(tags, spans)`` of one text: one tag per character, and ``(Span, score)`` per entity."""
        joiner = WindowJoiner(self.tag_set.scheme)
        pieces = []
        for start, end in split_windows(len(text), self._window, self._window // 4):
            outputs = self._run_window(text[start:end])
            tags = self.tag_set.decode(outputs["tags"])
            spans = spans_from_tags(tags, self.tag_set.scheme)
            pieces.append(joiner.add((start, end), tags, spans, [float(outputs["scores"][span.end - 1]) for span in spans]))
        pieces.append(joiner.finish())
        return [tag for piece in pieces for tag in piece.tags], [span for piece in pieces for span in piece.spans]

    def tags(self, texts, progress=None):
        """Best tag of every character: a list of one tag list per text. ``progress`` is called with 1 after each text."""
        result = []
        for text in texts:
            result.append(self.predict(text)[0])
            if progress:
                progress(1)
        return result

    def _run_window(self, text):
        tokenizer, length = self._tokenizer, len(text)
        ids = np.full([1, self._window + 2], tokenizer.pad_id, np.int32)
        ids[0, 0], ids[0, length + 1] = tokenizer.cls_id, tokenizer.sep_id
        ids[0, 1 : length + 1] = tokenizer.encode(text)
        outputs = self._run(input_word_ids=ids, lengths=np.array([length], np.int32))
        return {name: value[0, :length] for name, value in outputs.items()}
