"""One optimizer step, on one device or on several that share its sequences."""

import numpy as np
import tensorflow as tf

from albert.errors import FieldError
from albert.optimization import AdamWeightDecay, ParameterGroup, WarmupPolynomialDecay
from albert.pretraining.lamb import Lamb
from albert.pretraining.objective import batch_totals

_OPTIMIZERS = {"adamw": AdamWeightDecay, "lamb": Lamb}


def create_optimizer(model, settings):
    """The optimizer of ``PretrainingSettings`` for all of a model's weights."""
    groups = [ParameterGroup("all", settings.learning_rate, tuple(model.trainable_variables))]
    schedule = WarmupPolynomialDecay(
        groups, settings.num_train_steps, settings.num_warmup_steps, settings.num_decay_steps, settings.poly_power
    )
    return _OPTIMIZERS[settings.optimizer](groups, schedule, settings.weight_decay)


class TrainStep:
    """Computes the gradient of a step's loss and applies it.

    Args:
      model: ``AlbertForPretraining``, made in the strategy's scope.
      optimizer: made by ``create_optimizer`` in the strategy's scope.
      max_grad_norm: gradients are scaled down to this global norm.
      strategy: ``tf.distribute.Strategy``.
    """

    def __init__(self, model, optimizer, max_grad_norm, strategy):
        self._model = model
        self._optimizer = optimizer
        self._max_grad_norm = max_grad_norm
        self._strategy = strategy
        self._function = tf.function(self._run, autograph=False)

    def __call__(self, batch):
        """Do a step.

        Args:
          batch: dict of arrays, as ``ExampleStream.batch`` gives.

        Returns:
          (totals float32 [6] in the order of ``objective.Totals``, norm of the gradient before it is clipped).
        """
        replicas = self._strategy.num_replicas_in_sync
        rows = len(batch["input_word_ids"])
        if rows % replicas:
            raise FieldError("{train_batch_size}: found {}, expected a multiple of the {} devices", rows, replicas)
        # The means are over the whole step, whichever device has how many predictions of it.
        counts = np.maximum([batch["masked_lm_weights"].sum(), batch["sentence_order_weights"].sum()], 1.0).astype(np.float32)

        def part(context):
            i, size = context.replica_id_in_sync_group, rows // replicas
            return {name: tf.constant(value[i * size : (i + 1) * size]) for name, value in batch.items()}

        return self._function(self._strategy.experimental_distribute_values_from_function(part), tf.constant(counts))

    def _run(self, batch, counts):
        results = self._strategy.run(self._on_replica, args=(batch, counts))
        return tuple(self._strategy.experimental_local_results(value)[0] for value in results)

    def _on_replica(self, batch, counts):
        with tf.GradientTape() as tape:
            totals = batch_totals(self._model, batch, training=True)
            loss = totals[0] / counts[0] + totals[3] / counts[1]
        variables = self._optimizer.variables_in_groups
        # Dense: the rows that the word embeddings' gradient has for one word several times add up before any norm is taken.
        gradients = [tf.convert_to_tensor(g) for g in tape.gradient(loss, variables)]
        if self._strategy.num_replicas_in_sync > 1:
            replica = tf.distribute.get_replica_context()
            *gradients, totals = replica.all_reduce(tf.distribute.ReduceOp.SUM, [*gradients, totals])
        gradients, norm = tf.clip_by_global_norm(gradients, self._max_grad_norm)
        self._optimizer.apply_gradients(list(zip(gradients, variables)), skip_gradients_aggregation=True)
        return totals, norm
