"""How to pretrain."""

import dataclasses
from typing import Optional

from albert.errors import UserError

OPTIMIZERS = ("adamw", "lamb")
POSITION_INITIALIZERS = ("normal", "sinusoidal")
BIAS_INITIALIZERS = ("zeros", "unigram")


@dataclasses.dataclass(frozen=True)
class PretrainingSettings:
    """The flags of ``run_pretraining.py`` with the same names.

    Attributes:
      train_batch_size: sequences of full length per optimizer step.
      optimizer: one of ``OPTIMIZERS``.
      learning_rate: its peak.
      num_train_steps: optimizer steps of the whole run.
      num_warmup_steps: steps in which the rate rises.
      num_decay_steps: steps at the end in which it falls; None for all after the warm-up.
      poly_power: of the decay; 1 for a straight line.
      weight_decay: decoupled decay of every matrix.
      max_grad_norm: gradients are scaled down to this global norm.
      seed: of initial weights and examples.
      position_initializer: of a model without a checkpoint, one of ``POSITION_INITIALIZERS``; see ``albert.pretraining.initial``.
      bias_initializer: the same for the bias of the masked-LM logits, one of ``BIAS_INITIALIZERS``.
      log_steps, eval_steps, save_checkpoints_steps: steps between rows of the log, evaluations, and saves; 0 for none but at the end.
      keep_checkpoint_max: exported checkpoints kept; 0 for all.
      max_hours: stop after this time, to go on when run again; 0 for no limit.
    """

    train_batch_size: int = 128
    optimizer: str = "lamb"
    learning_rate: float = 0.00176
    num_train_steps: int = 125_000
    num_warmup_steps: int = 3_125
    num_decay_steps: Optional[int] = None
    poly_power: float = 1.0
    weight_decay: float = 0.01
    max_grad_norm: float = 1.0
    seed: int = 12345
    position_initializer: str = "normal"
    bias_initializer: str = "zeros"
    log_steps: int = 50
    eval_steps: int = 1_000
    save_checkpoints_steps: int = 1_000
    keep_checkpoint_max: int = 5
    max_hours: float = 0.0

    def __post_init__(self):
        choices = {"optimizer": OPTIMIZERS, "position_initializer": POSITION_INITIALIZERS, "bias_initializer": BIAS_INITIALIZERS}
        for name, known in choices.items():
            if getattr(self, name) not in known:
                raise UserError(f"--{name}: must be one of {', '.join(known)}, found {getattr(self, name)!r}")
        for name in ("train_batch_size", "num_train_steps", "log_steps"):
            if getattr(self, name) < 1:
                raise UserError(f"--{name}: must be at least 1, found {getattr(self, name)}")
        for name in (
            "num_warmup_steps",
            "eval_steps",
            "save_checkpoints_steps",
            "keep_checkpoint_max",
            "weight_decay",
            "max_hours",
            "seed",
        ):
            if getattr(self, name) < 0:
                raise UserError(f"--{name}: must not be negative, found {getattr(self, name)}")
        for name in ("learning_rate", "poly_power", "max_grad_norm"):
            if not getattr(self, name) > 0:
                raise UserError(f"--{name}: must be above 0, found {getattr(self, name)}")
        most = self.num_train_steps - self.num_warmup_steps
        if most < 0:
            raise UserError(f"--num_warmup_steps: must not exceed --num_train_steps {self.num_train_steps}, found {self.num_warmup_steps}")
        if self.num_decay_steps is not None and not 0 <= self.num_decay_steps <= most:
            raise UserError(f"--num_decay_steps: must lie in [0, {most}], the steps after the warm-up, found {self.num_decay_steps}")

    def identity(self):
        """What decides the weights after a given step, as a dict; the length of the run may change while it goes on."""
        free = (
            "num_train_steps",
            "num_decay_steps",
            "log_steps",
            "eval_steps",
            "save_checkpoints_steps",
            "keep_checkpoint_max",
            "max_hours",
        )
        return {name: value for name, value in dataclasses.asdict(self).items() if name not in free}
