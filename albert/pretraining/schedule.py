"""The learning rate over a pretraining run."""

import tensorflow as tf


class WarmupPolynomialDecay(tf.keras.optimizers.schedules.LearningRateSchedule):
    """Up linearly over the warm-up, constant, then down to 0 as a power of the steps left: float32 [1], for one ``ParameterGroup``.

    With the default, decay begins where warm-up ends, as in BERT and ALBERT. With fewer decay steps the rate stays at its peak in
    between, so that a run can be made longer while it is there without having decayed for nothing.

    Args:
      peak: the highest rate.
      num_train_steps: optimizer steps of the whole run.
      num_warmup_steps: steps in which the rate rises.
      num_decay_steps: steps at the end in which it falls; None for all after the warm-up.
      power: 1 for a straight line.
    """

    def __init__(self, peak, num_train_steps, num_warmup_steps, num_decay_steps=None, power=1.0):
        super().__init__()
        self._peak = peak
        self._num_train_steps = num_train_steps
        self._num_warmup_steps = num_warmup_steps
        self._num_decay_steps = num_train_steps - num_warmup_steps if num_decay_steps is None else num_decay_steps
        self._power = power

    def __call__(self, step):
        # Counted from 1, so that the first step already moves the weights and the last one still does.
        step = tf.cast(step, tf.float32) + 1.0
        warmup = step / float(max(self._num_warmup_steps, 1))
        left = tf.clip_by_value((self._num_train_steps + 1.0 - step) / (self._num_decay_steps + 1.0), 0.0, 1.0)
        return tf.reshape(self._peak * tf.minimum(tf.minimum(warmup, 1.0), tf.pow(left, self._power)), [1])

    def get_config(self):
        return {
            "peak": self._peak,
            "num_train_steps": self._num_train_steps,
            "num_warmup_steps": self._num_warmup_steps,
            "num_decay_steps": self._num_decay_steps,
            "power": self._power,
        }
