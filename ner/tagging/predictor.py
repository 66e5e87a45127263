"""A trained model in TensorFlow over texts of any length and number."""

import itertools

import numpy as np
import tensorflow as tf

from albert.checkpoints.loading import uninitialized
from albert.training.precision import Precision
from ner.batches.tagging_batches import WIDTH_MULTIPLE, padded_rows
from ner.decoding.constraints import DEFAULT_OPTIONS
from ner.decoding.decoder import Decoder
from ner.model.directory import ModelDir
from ner.model.inference import emissions_function, frozen_emissions_function
from ner.model.network import TaggerModel
from ner.tagging.windowed import Kind, WindowedPredictor


class Predictor(WindowedPredictor):
    """Runs a ``TaggerModel`` on texts: a :class:`ner.tagging.protocol.TextPredictor`.

    Args:
      model: a ``TaggerModel``.
      tokenizer, batch_size, decoding, gazetteer: as for :class:`ner.tagging.windowed.WindowedPredictor`.
      frozen: whether the model's weights stay as they are now, so that what depends on them alone is computed once; not for a model
        that is being trained.

    Raises:
      UserError, DataError: as ``WindowedPredictor``.
    """

    runtime = "tensorflow"

    def __init__(self, model, tokenizer, batch_size=64, decoding=DEFAULT_OPTIONS, gazetteer=None, frozen=False):
        super().__init__(model.config, tokenizer, batch_size, decoding, gazetteer)
        self.model = model
        self._emissions = frozen_emissions_function(model) if frozen else emissions_function(model)
        # Decoding is a graph of its own: the network's is there once, whatever is decoded.
        kinds = itertools.product((False, True), repeat=3)
        self._functions = {kind: self._function(kind) for kind in map(Kind._make, kinds)}

    def inputs(self, encoded, indices):
        """See ``WindowedPredictor``; with empty rows at the end, so that there are few different numbers of rows."""
        missing = padded_rows(len(indices), self.batch_size) - len(indices)
        batch = encoded.batch(indices, WIDTH_MULTIPLE)
        return {name: np.pad(value, [(0, missing), *[(0, 0)] * (value.ndim - 1)]) for name, value in batch.items()}

    def run(self, kind, inputs, span_scores, edges):
        """See ``WindowedPredictor``."""
        return self.decode(self._functions[kind], inputs, *(value for value in (span_scores, edges) if value is not None))

    def decode(self, function, inputs, *more):
        """The outputs of a function of the emissions, of the lengths and of ``more`` for a batch: dict of arrays."""
        # As few eager tensors as can be, here and among the outputs: under Python 3.11 each leaves a few bytes behind, for good.
        inputs = {name: tf.constant(value) for name, value in inputs.items()}
        outputs = function(self._emissions(inputs), inputs["lengths"], *more)
        return {name: value.numpy() for name, value in outputs.items()}

    def _function(self, kind):
        """The graph that decodes batches of a kind: of emissions, lengths and what its texts need besides."""
        num_tags, num_types = len(self.tag_set), len(self.tag_set.types)
        signature = [tf.TensorSpec([None, None, num_tags], tf.float32), tf.TensorSpec([None], tf.int32)]
        signature += [tf.TensorSpec([None, None, None, num_types], tf.float32)] * kind.matched
        signature += [tf.TensorSpec([None, None], tf.int32)] * kind.edges

        def run(emissions, lengths, *more):
            decoder = Decoder(self.model.chain, self.tag_set, self.decoding)
            edges = more[-1] if kind.edges else None
            if not kind.scored:
                return {"tags": decoder.tags(emissions, lengths, edges)}
            outputs = decoder.entities(emissions, lengths, more[0] if kind.matched else None, edges)
            return {name: outputs[name] for name in ("tags", "scores")}

        return tf.function(run, input_signature=signature, autograph=False)


def of_source(source, precision, batch_size, decoding, gazetteer):
    """The predictor of a tagger on disk.

    Args:
      source: a :class:`ner.tagging.opening.Source`.
      precision: ``float32``, or ``bfloat16`` for the encoder's arithmetic.
      batch_size, decoding, gazetteer: as for :class:`Predictor`.
    """
    with Precision(precision if precision == "bfloat16" else "off", "as asked for").scope(), uninitialized():
        model = TaggerModel(source.config)
    if source.weights is None:
        ModelDir(source.path).read_weights(model)
    else:
        for name, variable in model.weight_map().items():
            variable.assign(source.weights[name])
    return Predictor(model, source.tokenizer, batch_size, decoding, gazetteer, frozen=True)
