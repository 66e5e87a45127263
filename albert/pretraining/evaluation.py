"""Scores on held-out text, beside those of counting."""

import dataclasses

import tensorflow as tf

from albert.pretraining.baselines import NgramBaselines
from albert.pretraining.objective import Totals, batch_totals
from albert.pretraining.stream import ExampleStream


class Evaluator:
    """Masked-LM and sentence-order scores on the same held-out examples every time.

    Args:
      model: ``AlbertForPretraining``.
      training, held_out: lists of ``windows.Region``; the baselines count the former.
      tokenizer: theirs.
      settings: ``ExampleSettings``; evaluation has no short sequences and no full-width ones.
      batch_size: sequences in a batch.
      max_steps: number of batches at most; never more than once through the held-out text of each source, whatever its weight.
      seed: of masks and order.
    """

    def __init__(self, model, training, held_out, tokenizer, settings, batch_size, max_steps, seed):
        settings = dataclasses.replace(settings, short_seq_prob=0.0, full_width_prob=0.0)
        once = [dataclasses.replace(region, weight=1.0) for region in held_out]
        # Less text than a batch holds is a smaller batch.
        sequences = ExampleStream(once, tokenizer, settings, 1, seed).batches_per_epoch
        self._stream = ExampleStream(once, tokenizer, settings, min(batch_size, int(sequences)), seed)
        self._num_batches = min(max_steps, int(self._stream.batches_per_epoch))
        self._batch_totals = tf.function(lambda batch: batch_totals(model, batch, training=False), autograph=False)
        self._training, self._vocabulary = training, (tokenizer.vocab_size, tokenizer.special_ids)
        self._baselines = None

    def evaluate(self):
        """Score the model as it is.

        Returns:
          dict with the means of ``Totals``, ``predictions`` and ``pairs`` scored, and loss and accuracy of ``unigram`` and ``bigram``.
        """
        totals = Totals()
        for step in range(self._num_batches):
            totals.add(self._batch_totals({name: tf.constant(value) for name, value in self._stream.batch(step).items()}))
        counts = {"predictions": int(totals.masked_lm_count), "pairs": int(totals.sentence_order_count)}
        return {**totals.means(), **counts, **self._baseline_scores()}

    def _baseline_scores(self):
        # They do not change while the model trains.
        if self._baselines is None:
            baselines = NgramBaselines(self._training, *self._vocabulary)
            sums = [baselines.totals(self._stream.batch(step)) for step in range(self._num_batches)]
            self._baselines = {}
            for name in ("unigram", "bigram"):
                loss, correct, count = sum(batch[name] for batch in sums)
                self._baselines.update({f"{name}_loss": loss / count, f"{name}_accuracy": correct / count})
        return self._baselines
