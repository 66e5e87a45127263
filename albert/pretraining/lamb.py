"""LAMB (You et al., 2019, arXiv:1904.00962), as ALBERT was pretrained."""

import tensorflow as tf

from albert.optimization import AdamWeightDecay


class Lamb(AdamWeightDecay):
    """The original ALBERT code's ``LAMBOptimizer`` as a Keras optimizer.

    u = m / (√v + ε) + λθ with Adam's moments, without bias correction; θ -= lr·(‖θ‖ / ‖u‖)·u, where the ratio is 1 if either norm
    is 0. Variables that do not decay (see ``albert.optimization.decays``) have no ratio either.

    Args:
      groups, schedule, weight_decay, beta_1, beta_2, epsilon: as ``AdamWeightDecay``.
    """

    def __init__(self, groups, schedule, weight_decay=0.01, beta_1=0.9, beta_2=0.999, epsilon=1e-6, name="Lamb"):
        super().__init__(groups, schedule, weight_decay, beta_1, beta_2, epsilon, name)

    def update_step(self, gradient, variable):
        index = self._index_dict[self._var_key(variable)]
        m, v = self._first_moments[index], self._second_moments[index]
        gradient = tf.convert_to_tensor(gradient)
        m.assign(self.beta_1 * m + (1.0 - self.beta_1) * gradient)
        v.assign(self.beta_2 * v + (1.0 - self.beta_2) * tf.square(gradient))
        update = m / (tf.sqrt(v) + self.epsilon)
        if self._decays[index]:
            update += self.weight_decay_rate * variable
            update *= trust_ratio(variable, update)
        variable.assign_sub(self.learning_rate[self._group_of_variable[index]] * update)


def trust_ratio(weight, update):
    """‖weight‖ / ‖update‖ over all elements, or 1 where either is 0; a float32 scalar."""
    ratio = tf.math.divide_no_nan(tf.norm(weight), tf.norm(update))
    return tf.where(ratio > 0.0, ratio, 1.0)
