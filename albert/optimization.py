"""AdamW with warm-up and decay as in BERT and ALBERT, and a learning rate of its own for each group of weights."""

import dataclasses

import tensorflow as tf

from albert.keras import keras


@dataclasses.dataclass(frozen=True)
class ParameterGroup:
    """Variables that share a learning rate.

    Attributes:
      name: shown in logs.
      learning_rate: peak rate, reached at the end of warm-up.
      variables: the ``tf.Variable``s.
      first_step: the step, from 0, with which the group's warm-up begins; before it the rate is 0.
    """

    name: str
    learning_rate: float
    variables: tuple
    first_step: int = 0


# Last part, or end of the last part, of the names of variables that do not decay.
_UNDECAYED = ("bias", "beta", "gamma", "peephole", "start", "end")


def decays(variable):
    """True if weight decay applies to a variable, by its role, which its name tells.

    It is for what vectors are multiplied by or looked up in: kernels, embeddings, a CRF's transitions (from each tag, a vector of one 1).
    It is not for what is added, or multiplied with one by one: biases (a GRU's has two rows), a norm's gamma and beta, peepholes, a CRF's
    start and end. Of a variable whose name says nothing, it is for matrices.
    """
    name = variable.name.split(":")[0].rsplit("/", 1)[-1]
    return variable.shape.rank > 1 and not any(name == role or name.endswith(f"_{role}") for role in _UNDECAYED)


class WarmupPolynomialDecay(keras.optimizers.schedules.LearningRateSchedule):
    """Learning rates of all groups, float32 [G]: up linearly over the warm-up, constant, then down to 0 as a power of the steps left.

    With the default, decay begins where warm-up ends, as in BERT and ALBERT. With fewer decay steps the rates stay at their peak in
    between, so that a run can be made longer while they are there without having decayed for nothing.

    Args:
      groups: G ``ParameterGroup``s.
      num_train_steps: optimizer steps of the whole run.
      num_warmup_steps: steps in which a group's rate rises, from the group's first step; at most ``num_train_steps``.
      num_decay_steps: steps at the end in which the rates fall; None for all after the warm-up.
      power: 1 for a straight line.
    """

    def __init__(self, groups, num_train_steps, num_warmup_steps, num_decay_steps=None, power=1.0):
        super().__init__()
        self._peak = [group.learning_rate for group in groups]
        self._first_step = [float(group.first_step) for group in groups]
        self._num_train_steps = num_train_steps
        self._num_warmup_steps = num_warmup_steps
        self._num_decay_steps = num_train_steps - num_warmup_steps if num_decay_steps is None else num_decay_steps
        self._power = power

    def __call__(self, step):
        # Counted from 1, so that the first step already moves the weights and the last one still does.
        step = tf.cast(step, tf.float32) + 1.0
        warmup = (step - tf.constant(self._first_step)) / float(max(self._num_warmup_steps, 1))
        left = tf.clip_by_value((self._num_train_steps + 1.0 - step) / (self._num_decay_steps + 1.0), 0.0, 1.0)
        return tf.clip_by_value(tf.minimum(warmup, tf.pow(left, self._power)), 0.0, 1.0) * tf.constant(self._peak)

    def get_config(self):
        raise NotImplementedError("a schedule over groups of existing variables cannot be rebuilt from a config")


class AdamWeightDecay(keras.optimizers.Optimizer):
    """The original BERT code's ``AdamWeightDecayOptimizer`` as a Keras optimizer.

    m = β₁m + (1 - β₁)g; v = β₂v + (1 - β₂)g²; θ -= lr·(m / (√v + ε) + λθ). No bias correction, as in the original: the
    warm-up stands in for it. Decay is decoupled, and for the variables that ``decays`` names.

    Args:
      groups: G ``ParameterGroup``s; every variable that is trained belongs to exactly one.
      schedule: the groups' learning rates float32 [G] as a function of the step.
      weight_decay: λ.
      beta_1, beta_2, epsilon: β₁, β₂ and ε.

    Raises:
      ValueError: a variable is in two groups.
    """

    def __init__(self, groups, schedule, weight_decay=0.01, beta_1=0.9, beta_2=0.999, epsilon=1e-6, name="AdamWeightDecay"):
        # No decay by the base class: its own pass over the weights does not know the groups' rates.
        super().__init__(name=name, weight_decay=None, jit_compile=False)
        self._learning_rate = self._build_learning_rate(schedule)
        self.groups = tuple(groups)
        self.weight_decay_rate = weight_decay
        self.beta_1, self.beta_2, self.epsilon = beta_1, beta_2, epsilon
        self._decays = [decays(variable) for variable in self.variables_in_groups]
        self._group_of_variable = [i for i, group in enumerate(self.groups) for _ in group.variables]
        if len({id(v) for v in self.variables_in_groups}) != len(self._group_of_variable):
            raise ValueError("groups: a variable is in more than one group")
        self.build(self.variables_in_groups)

    def decay_every_matrix(self):
        """Decay what version 0.1.0 did: every variable of rank above 1. Before the first step."""
        self._decays = [variable.shape.rank > 1 for variable in self.variables_in_groups]

    @property
    def variables_in_groups(self):
        """All variables of all groups, in order."""
        return [v for group in self.groups for v in group.variables]

    def learning_rates(self):
        """dict from group name to the learning rate of the last step, as Python floats."""
        return {group.name: float(rate) for group, rate in zip(self.groups, self.learning_rate.numpy())}

    def build(self, var_list):
        # Keras calls this again with the variables of each update; those may be fewer than all.
        if getattr(self, "_built", False):
            return
        super().build(var_list)
        self._built = True
        self._first_moments = [self.add_variable_from_reference(v, "m") for v in var_list]
        self._second_moments = [self.add_variable_from_reference(v, "v") for v in var_list]

    def update_step(self, gradient, variable):
        index = self._index_dict[self._var_key(variable)]
        rate = self.learning_rate[self._group_of_variable[index]]
        if self._decays[index]:
            # Not a product with 1 - rate·λ: float32 would round that to one of a few values, and all weights would decay at a wrong rate.
            variable.assign_sub(rate * self.weight_decay_rate * variable)
        # One pass over weight and moments, where single operations take a dozen.
        tf.raw_ops.ResourceApplyAdam(
            var=variable.handle,
            m=self._first_moments[index].handle,
            v=self._second_moments[index].handle,
            # Powers of 0 switch Adam's bias correction off.
            beta1_power=0.0,
            beta2_power=0.0,
            lr=rate,
            beta1=self.beta_1,
            beta2=self.beta_2,
            epsilon=self.epsilon,
            grad=tf.convert_to_tensor(gradient),  # the word embeddings' sparse gradient becomes dense: Adam moves every row
        )

    def get_config(self):
        raise NotImplementedError("an optimizer over groups of existing variables cannot be rebuilt from a config")
