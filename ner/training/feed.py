"""The training set as a stream of steps, each a function of the seed and the step's number alone, cut into parts for devices.

Shapes: S parts of a step, b sentences in a part, T characters of the step's longest sentence, W lengths of a lexicon's words.
"""

import functools
import itertools

import numpy as np
import tensorflow as tf

from ner.batches.encoded import num_batches, training_batches

# What a part holds besides the model's inputs and the tags.
BOOKKEEPING = ("part", "sentences", "seed")
# Steps prepared ahead of the one that runs.
_PREFETCH = 8


class StepFeed:
    """Training batches of every step of a run.

    Args:
      examples: ``EncodedExamples`` with tags.
      batch_size: most sentences per step.
      seed: of the order.
      fixed_width: characters that every sentence is padded to, and every step to ``batch_size`` sentences, for devices that
        need one shape; None for no more than the step's longest sentence has.
      as_0_1_0: whether batches, and what their losses are divided by, are those of version 0.1.0.
      num_epochs: of the run. Each has all sentences of the training set, and an equal part of the silver ones, which so are seen once.
    """

    def __init__(self, examples, batch_size, seed, fixed_width=None, as_0_1_0=False, num_epochs=1):
        self._examples = examples
        self._batch_size = batch_size
        self._seed = seed
        self._fixed_width = fixed_width
        self._as_0_1_0 = as_0_1_0
        self._num_epochs = num_epochs
        self._num_gold = len(examples) if examples.num_gold is None else examples.num_gold
        self._num_silver = (len(examples) - self._num_gold) // num_epochs
        self._per_epoch = self._num_gold + self._num_silver
        self.steps_per_epoch = num_batches(self._per_epoch, batch_size)
        self._epoch = functools.lru_cache(maxsize=2)(self._epoch_batches)
        # Read twice: by the thread that feeds the devices, and later by the loop that counts.
        self._batch = functools.lru_cache(maxsize=4 * _PREFETCH)(self._padded_batch)

    def _epoch_batches(self, epoch):
        lengths, settings = self._examples.lengths, (self._batch_size, self._seed, epoch, self._as_0_1_0)
        if not self._num_silver:
            return training_batches(lengths[: self._num_gold], *settings)
        order = np.random.default_rng([self._seed, len(lengths)]).permutation(len(lengths) - self._num_gold)
        begin = epoch % self._num_epochs * self._num_silver
        chosen = np.concatenate([np.arange(self._num_gold), self._num_gold + order[begin : begin + self._num_silver]])
        return [chosen[batch] for batch in training_batches(lengths[chosen], *settings)]

    def _indices(self, step):
        epoch, position = divmod(step, self.steps_per_epoch)
        return self._epoch(epoch)[position]

    def _padded_batch(self, step):
        batch = self._examples.batch(self._indices(step))
        if self._fixed_width:
            columns = self._fixed_width - batch["tag_ids"].shape[1]
            batch = {name: np.pad(v, [(0, 0), (0, columns), (0, 0)][: v.ndim]) if v.ndim > 1 else v for name, v in batch.items()}
        return batch

    def sentences(self, step):
        """Number of sentences of a step."""
        return len(self._indices(step))

    def tokens(self, step):
        """(real, computed) tokens of a step, [CLS] and [SEP] included; the difference is padding."""
        batch = self._batch(step)
        return int(batch["lengths"].sum()) + 2 * len(batch["lengths"]), batch["input_word_ids"].size

    def parts(self, step, count):
        """A step cut into parts of equal size, filled up with sentences of length 0, which add nothing to loss or gradient.

        Args:
          step: from 0.
          count: S.

        Returns:
          dict of arrays: ``input_word_ids`` int32 [S, b, T + 2], ``lengths`` int32 [S, b], ``tag_ids`` int32 [S, b, T], with a
          lexicon ``lattice_words`` int32 [S, b, T, W], ``part`` int32 [S], each part's number, ``sentences`` float32 [S], what the
          step's sum of losses is divided by, and ``seed`` int32 [S, 2], that of the step.
        """
        batch = self._batch(step)
        sentences = len(batch["lengths"])
        size = -(-(self._batch_size if self._fixed_width else sentences) // count)
        parts = {}
        for name, value in batch.items():
            filled = np.zeros([count * size, *value.shape[1:]], value.dtype)
            filled[:sentences] = value
            parts[name] = filled.reshape([count, size, *value.shape[1:]])
        parts["part"] = np.arange(count, dtype=np.int32)
        # The mean over the epoch's steps: a sentence weighs the same in a step that has fewer.
        mean = self._per_epoch / self.steps_per_epoch
        parts["sentences"] = np.full([count], sentences if self._as_0_1_0 else mean, np.float32)
        parts["seed"] = np.tile(np.array([self._seed % 2**31, step], np.int32), [count, 1])
        return parts

    def dataset(self, first_step, num_replicas, accumulation, context):
        """The endless stream of one machine's inputs.

        Args:
          first_step: where to begin.
          num_replicas: devices over all machines.
          accumulation: A, parts each of them computes one after the other in a step.
          context: ``tf.distribute.InputContext`` of the machine.

        Returns:
          ``tf.data.Dataset`` of what ``parts`` returns, A parts at a time: one element for each of the machine's devices in
          turn, then the next step's.
        """
        local = num_replicas // context.num_input_pipelines
        first = context.input_pipeline_id * local

        def elements():
            for step in itertools.count(first_step):
                parts = self.parts(step, num_replicas * accumulation)
                for replica in range(first, first + local):
                    yield {name: value[replica * accumulation : (replica + 1) * accumulation] for name, value in parts.items()}

        dataset = tf.data.Dataset.from_generator(elements, output_signature=self._signature(first_step, num_replicas, accumulation))
        # An endless data set spares several machines from asking each other, before each step, whether all have data left.
        return dataset.apply(tf.data.experimental.assert_cardinality(tf.data.INFINITE_CARDINALITY)).prefetch(_PREFETCH * local)

    def _signature(self, first_step, num_replicas, accumulation):
        """Specs of one element; the number of sentences and of characters is open where the devices allow it."""

        def spec(name, value):
            shape = list(value.shape[1:])
            if not self._fixed_width and name not in BOOKKEEPING:
                shape[:2] = [None] * len(shape[:2])
            return tf.TensorSpec([accumulation, *shape], value.dtype)

        parts = self.parts(first_step, num_replicas * accumulation)
        return {name: spec(name, value) for name, value in parts.items()}
