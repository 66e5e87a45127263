"""Tag sequences from a trained model, batched by length."""

import numpy as np
import tensorflow as tf

from ner.data.pipeline import evaluation_batches


class Predictor:
    """Runs a ``TaggerModel`` over encoded sentences no longer than its window.

    Args:
      model: a ``TaggerModel``.
      batch_size: sentences per batch.
    """

    def __init__(self, model, batch_size=64):
        self.model = model
        self.batch_size = batch_size
        signature = {"input_word_ids": tf.TensorSpec([None, None], tf.int32), "lengths": tf.TensorSpec([None], tf.int32)}
        self._run = tf.function(self._decode, input_signature=[signature])

    def _decode(self, inputs):
        emissions = self.model(inputs, training=False)
        return self.model.decode(emissions, inputs["lengths"])

    def tag_ids(self, encoded, progress=None):
        """Best tag ids of every sentence.

        Args:
          encoded: ``EncodedExamples``.
          progress: called with the number of sentences done after each batch, or None.

        Returns:
          list of int32 arrays, one per sentence in order, as long as the sentence.
        """
        results = [None] * len(encoded)
        for indices in evaluation_batches(encoded.lengths, self.batch_size):
            inputs = encoded.batch(indices)
            tags = self._run({name: inputs[name] for name in ("input_word_ids", "lengths")}).numpy()
            for row, index in enumerate(indices):
                results[index] = np.array(tags[row, : inputs["lengths"][row]])
            if progress:
                progress(len(indices))
        return results
