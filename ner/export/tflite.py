"""A TensorFlow Lite file for devices: from word ids to tags and entities, with built-in operations alone.

The file holds network and decoding. Strings stay outside, as TensorFlow Lite has no operations for them: looking up ids is one table from
character to id (``vocab.txt``), and texts longer than the window are cut and joined by the caller, as
:class:`ner.tagging.exported.TFLitePredictor` does.
Shapes: T characters of a window, at least 1 and at most ``max_seq_length`` - 2.
"""

import tensorflow as tf

from albert.errors import FieldError
from ner.decoding.constraints import DEFAULT_OPTIONS
from ner.decoding.decoder import Decoder
from ner.export.network import recurrent_layer
from ner.export.quiet import quiet_compiler, quiet_log


def check(config, precision):
    """Raise UserError if no TensorFlow Lite file can be made: of a lattice, or in another precision than float32 and int8."""
    if precision not in ("float32", "int8"):
        raise FieldError("{export_precision}: found {} with {export_format}=tflite, expected float32 or int8", precision)
    if config.lattice is not None:
        # Words come in any number, which TensorFlow Lite's loops have no shape for.
        raise FieldError("{export_format}: found tflite with a lattice LSTM, expected savedmodel")


def convert(model, config, precision, decoding=DEFAULT_OPTIONS):
    """The contents of a TensorFlow Lite file.

    Its signature: ``input_word_ids`` int32 [1, T + 2] and ``lengths`` int32 [1], and where decoding is constrained ``invisible`` bool
    [1, T] (:mod:`ner.edges`) → ``tags`` int32 [1, T], ``opens`` and ``closes`` bool [1, T] and ``scores`` float32 [1, T], as
    ``ner.decoding.decoder.Decoder.entities`` describes them.

    Args:
      model: the ``TaggerModel``.
      config: its ``TaggerConfig``.
      precision: ``float32``, or ``int8`` for int8 weights and matrix products in int8 with ranges found as values come.
      decoding: ``DecodingOptions``.

    Returns:
      bytes.
    """

    rnn = model.rnn.without_state() if model.rnn is not None else None

    def run(input_word_ids, lengths, invisible=None):
        emissions = model({"input_word_ids": input_word_ids, "lengths": lengths}, training=False)
        return Decoder(model.chain, config.tag_set, decoding).entities_in_graph(emissions, lengths, invisible)

    signature = [tf.TensorSpec([1, None], tf.int32, "input_word_ids"), tf.TensorSpec([1], tf.int32, "lengths")]
    if decoding.edges:
        signature.append(tf.TensorSpec([1, None], tf.bool, "invisible"))
    with recurrent_layer(model, rnn):
        function = tf.function(run, input_signature=signature).get_concrete_function()
    # The converter saves what it is given first. Of a Keras model that would be its calls for training too, which cannot be saved; it then
    # goes on without them, and without the signature.
    owner = tf.Module()
    owner.run, owner.weights = function, [model.weights, rnn.weights if rnn is not None else []]
    converter = tf.lite.TFLiteConverter.from_concrete_functions([function], owner)
    if precision == "int8":
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
    with quiet_log(), quiet_compiler():
        return converter.convert()
