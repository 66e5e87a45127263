"""How to train, as one immutable record that is checked when it is made."""

import dataclasses

from albert.errors import UserError


@dataclasses.dataclass(frozen=True)
class TrainingSettings:
    """What decides the result of training; the flags of ``run_ner.py`` with the same names.

    Attributes:
      train_batch_size: sentences per optimizer step, over all devices and all parts of an accumulated step.
      num_train_epochs: passes over the training set.
      max_train_steps: most optimizer steps; 0 for as many as the epochs have. Learning rates fall to 0 at the last step.
      learning_rate, head_learning_rate, crf_learning_rate: peak rates of encoder, BiLSTM with emissions, and CRF.
      layerwise_lr_decay: factor on the encoder's rate for each set of transformer weights further from the top.
      warmup_proportion: share of all steps in which the rates rise.
      freeze_encoder_steps: first steps, in which the encoder stays as it is; its own warm-up follows.
      weight_decay: decoupled decay of every matrix.
      max_grad_norm: gradients are scaled down to this global norm.
      gradient_accumulation_steps: parts a device computes its share of a step in, one after the other, to save memory.
      fgm_epsilon: norm of the adversarial perturbation of the word embeddings (FGM); 0 for none.
      rdrop_alpha: weight of the divergence between two passes with different dropout (R-Drop); 0 for one pass.
      early_stopping_patience: epochs without a better dev F1 after which training ends; 0 for never.
      seed: of weights' initial values, order of the data, and dropout.
    """

    train_batch_size: int = 64
    num_train_epochs: int = 3
    max_train_steps: int = 0
    learning_rate: float = 2e-5
    head_learning_rate: float = 1e-3
    crf_learning_rate: float = 1e-2
    layerwise_lr_decay: float = 1.0
    warmup_proportion: float = 0.1
    freeze_encoder_steps: int = 0
    weight_decay: float = 0.01
    max_grad_norm: float = 1.0
    gradient_accumulation_steps: int = 1
    fgm_epsilon: float = 0.0
    rdrop_alpha: float = 0.0
    early_stopping_patience: int = 0
    seed: int = 42

    def __post_init__(self):
        for name in ("train_batch_size", "num_train_epochs", "gradient_accumulation_steps"):
            if getattr(self, name) < 1:
                raise UserError(f"--{name}: must be at least 1, found {getattr(self, name)}")
        for field in dataclasses.fields(self):
            if getattr(self, field.name) < 0:
                raise UserError(f"--{field.name}: must not be negative, found {getattr(self, field.name)}")
        if not 0.0 <= self.warmup_proportion < 1.0:
            raise UserError(f"--warmup_proportion: must lie in [0, 1), found {self.warmup_proportion}")
        if not 0.0 < self.layerwise_lr_decay <= 1.0:
            raise UserError(f"--layerwise_lr_decay: must lie in (0, 1], found {self.layerwise_lr_decay}")
        if self.max_grad_norm == 0.0:
            raise UserError("--max_grad_norm: must be positive, found 0.0, with which nothing would move")
