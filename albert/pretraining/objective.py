"""Loss of pretraining, and its metrics.

The loss is the mean over the predicted tokens of the masked-LM cross entropy, plus the mean over the pairs of that of the sentence order.
"""

import dataclasses

import numpy as np
import tensorflow as tf

_INPUTS = ("input_word_ids", "input_type_ids", "masked_lm_positions")


@dataclasses.dataclass
class Totals:
    """Sums over tokens and pairs; adding two gives those of both.

    Attributes:
      masked_lm_loss, masked_lm_correct, masked_lm_count: over predicted tokens; losses in nats.
      sentence_order_loss, sentence_order_correct, sentence_order_count: over pairs.
    """

    masked_lm_loss: float = 0.0
    masked_lm_correct: float = 0.0
    masked_lm_count: float = 0.0
    sentence_order_loss: float = 0.0
    sentence_order_correct: float = 0.0
    sentence_order_count: float = 0.0

    def add(self, vector):
        """Add what ``batch_totals`` gave."""
        for field, value in zip(dataclasses.fields(self), np.asarray(vector, np.float64)):
            setattr(self, field.name, getattr(self, field.name) + float(value))

    def means(self):
        """dict with ``masked_lm_loss``, ``masked_lm_accuracy``, ``sentence_order_loss`` and ``sentence_order_accuracy``."""
        result = {}
        for task in ("masked_lm", "sentence_order"):
            count = max(getattr(self, f"{task}_count"), 1.0)
            result[f"{task}_loss"] = getattr(self, f"{task}_loss") / count
            result[f"{task}_accuracy"] = getattr(self, f"{task}_correct") / count
        return result


def batch_totals(model, batch, training):
    """Run a model on a batch.

    Args:
      model: ``AlbertForPretraining``.
      batch: dict of tensors, as ``ExampleStream.batch`` gives.
      training: what the model is told.

    Returns:
      float32 [6], in the order of ``Totals``.
    """
    # The model has no dropout; a seed given keeps it from drawing one.
    outputs = model({name: batch[name] for name in _INPUTS}, training=training, seed=tf.zeros([2], tf.int32))
    masked_lm = _totals(outputs["masked_lm_logits"], batch["masked_lm_ids"], batch["masked_lm_weights"])
    order = _totals(outputs["sentence_order_logits"], batch["sentence_order_labels"], batch["sentence_order_weights"])
    return tf.concat([masked_lm, order], axis=0)


def _totals(logits, labels, weights):
    losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits)
    correct = tf.cast(tf.equal(tf.argmax(logits, axis=-1, output_type=tf.int32), labels), tf.float32)
    return tf.stack([tf.reduce_sum(losses * weights), tf.reduce_sum(correct * weights), tf.reduce_sum(weights)])
