"""Progress of a pretraining run."""

import dataclasses


@dataclasses.dataclass
class Progress:
    """Progress of a run; saved with the weights so that both always belong together.

    Attributes:
      step: optimizer steps done. What was read and every random number follow from it and the seed.
      seconds: time spent in steps.
      tokens: tokens read.
      num_train_steps: how long the run was meant to be when this was saved.
    """

    step: int = 0
    seconds: float = 0.0
    tokens: int = 0
    num_train_steps: int = 0
