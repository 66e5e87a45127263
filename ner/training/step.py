"""One optimizer step, on any number of devices."""

import functools

import tensorflow as tf

from albert.keras import keras
from ner.training.feed import BOOKKEEPING
from ner.training.regularization import fgm_perturbation, symmetric_divergence


class TrainStep:
    """Computes the gradient of a step's loss and applies it: the sum over its sentences, divided by how many a step has in the mean.

    Args:
      model: ``TaggerModel``, made in the strategy's scope.
      optimizer: ``AdamWeightDecay``, in float16 inside a ``LossScaleOptimizer``.
      groups: the optimizer's ``ParameterGroup``s.
      settings: ``TrainingSettings``.
      strategy: ``tf.distribute.Strategy``.
      element_spec: what the steps' inputs look like, as the distributed data set says.
    """

    def __init__(self, model, optimizer, groups, settings, strategy, element_spec):
        self._model = model
        self._optimizer = optimizer
        self._groups = groups
        self._settings = settings
        self._strategy = strategy
        self._scaled = isinstance(optimizer, keras.mixed_precision.LossScaleOptimizer)
        self._functions = {
            frozen: tf.function(functools.partial(self._run, frozen=frozen), input_signature=[element_spec], autograph=False)
            for frozen in (False, True)
        }

    def __call__(self, inputs, step):
        """Do a step.

        Args:
          inputs: one step of the distributed data set: the parts of ``StepFeed.parts`` that each device computes.
          step: its number, from 0.

        Returns:
          float32 [2]: the sum of the sentences' losses, and the gradient's norm before it is clipped. The norm is not finite
          where float16 overflowed; nothing has moved then but the loss scale.
        """
        return self._functions[step < self._settings.freeze_encoder_steps](inputs)

    def _run(self, inputs, frozen):
        statistics = self._strategy.run(self._on_replica, args=(inputs, frozen))
        return self._strategy.experimental_local_results(statistics)[0]

    def _on_replica(self, inputs, frozen):
        variables = [v for group in self._groups if not (frozen and group.first_step) for v in group.variables]
        gradients, loss_sum = self._gradients(inputs, variables)
        if self._settings.fgm_epsilon and not frozen:
            gradients = self._add_adversarial(inputs, variables, gradients)
        gradients, norm = tf.clip_by_global_norm(gradients, self._settings.max_grad_norm)
        self._optimizer.apply_gradients(list(zip(gradients, variables)), skip_gradients_aggregation=True)
        return tf.stack([loss_sum, norm])

    def _gradients(self, inputs, variables):
        """Gradients of the whole step's loss, and the sum of its sentences' losses; the same on every device."""
        accumulation = self._settings.gradient_accumulation_steps
        if accumulation == 1:
            gradients, loss_sum = self._gradients_of_part(_part(inputs, 0), variables)
        else:
            # A loop of the graph, not of Python: one part's activations are gone before the next part's are made.
            zeros = [tf.zeros(v.shape) for v in variables]
            _, gradients, loss_sum = tf.while_loop(
                lambda i, *_: i < accumulation,
                lambda i, sums, loss: self._add_part(inputs, variables, i, sums, loss),
                [0, zeros, 0.0],
                parallel_iterations=1,
            )
        if self._strategy.num_replicas_in_sync > 1:
            replica = tf.distribute.get_replica_context()
            *gradients, loss_sum = replica.all_reduce(tf.distribute.ReduceOp.SUM, [*gradients, loss_sum])
        if self._scaled:
            gradients = self._optimizer.get_unscaled_gradients(gradients)
        return gradients, loss_sum

    def _add_part(self, inputs, variables, i, sums, loss_sum):
        gradients, loss = self._gradients_of_part(_part(inputs, i), variables)
        return i + 1, [a + b for a, b in zip(sums, gradients)], loss_sum + loss

    def _gradients_of_part(self, part, variables):
        with tf.GradientTape() as tape:
            loss_sum = tf.reduce_sum(self._losses(part))
            loss = loss_sum / part["sentences"]
            if self._scaled:
                loss = self._optimizer.get_scaled_loss(loss)
        # Dense: the rows that the word embeddings' gradient has for one word several times add up before any norm is taken.
        return [tf.convert_to_tensor(g) for g in tape.gradient(loss, variables)], loss_sum

    def _losses(self, part):
        """Loss of each sentence of a part, float32 [B]."""
        alpha = self._settings.rdrop_alpha
        inputs = {name: value for name, value in part.items() if name not in BOOKKEEPING}
        if alpha:
            inputs = {name: tf.concat([value, value], axis=0) for name, value in inputs.items()}
        # Parts of one step drop different values, and the same ones whichever device computes them.
        seed = tf.random.experimental.stateless_fold_in(part["seed"], part["part"])
        emissions = self._model(inputs, training=True, seed=seed)
        losses = self._model.loss(emissions, inputs["tag_ids"], inputs["lengths"])
        if not alpha:
            return losses
        first, second = tf.split(losses, 2)
        divergence = symmetric_divergence(self._model.chain, *tf.split(emissions, 2), part["lengths"])
        return (first + second) / 2.0 + alpha * divergence / 2.0

    def _add_adversarial(self, inputs, variables, gradients):
        """The gradients plus those at the word embeddings moved to where the loss rises fastest."""
        word = self._model.encoder.embeddings.word
        gradient = next(g for g, v in zip(gradients, variables) if v is word)
        original = tf.identity(word)
        self._assign(word, original + fgm_perturbation(gradient, self._settings.fgm_epsilon))
        adversarial, _ = self._gradients(inputs, variables)
        self._assign(word, original)
        return [a + b for a, b in zip(gradients, adversarial)]

    def _assign(self, variable, value):
        """Assign on every device; from inside a device's computation only a merged call may."""
        if self._strategy.num_replicas_in_sync == 1:
            variable.assign(value)
            return

        def update(strategy, variable, value):
            strategy.extended.update(variable, lambda v, x: v.assign(x), args=(value,))

        tf.distribute.get_replica_context().merge_call(update, args=(variable, value))


def _part(inputs, i):
    return {name: value[i] for name, value in inputs.items()}
