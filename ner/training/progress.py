"""Progress of a run."""

import dataclasses
import math

from ner.batches.encoded import FIRST_BATCHING


@dataclasses.dataclass
class Progress:
    """Progress of a run; saved with the weights so that both always belong together.

    Attributes:
      step: steps done. Epoch and position in the shuffled data follow from it, and with the seed all random numbers.
      seconds, epoch_seconds: training time, without evaluation, so far and in the epoch under way.
      steps, skipped_steps: of the epoch under way, those that moved the weights and those that overflowed in float16.
      loss_sum, norm_sum, sentences, tokens, padded_tokens: sums over the former; tokens without and with padding.
      batching: how the training set is cut into batches, see ``training_batches``. A state that does not say so is of a run that began
        when there was one way only.
    """

    step: int = 0
    seconds: float = 0.0
    epoch_seconds: float = 0.0
    steps: int = 0
    skipped_steps: int = 0
    loss_sum: float = 0.0
    norm_sum: float = 0.0
    sentences: int = 0
    tokens: int = 0
    padded_tokens: int = 0
    batching: int = FIRST_BATCHING

    def add(self, loss_sum, norm, sentences, tokens, padded_tokens):
        """Add a step to the sums; one whose loss or gradient is not finite counts as skipped."""
        if not math.isfinite(loss_sum) or not math.isfinite(norm):
            self.skipped_steps += 1
            return
        self.steps += 1
        self.loss_sum += loss_sum
        self.norm_sum += norm
        self.sentences += sentences
        self.tokens += tokens
        self.padded_tokens += padded_tokens

    def next_epoch(self):
        """The same place with the epoch's sums at 0."""
        return Progress(step=self.step, seconds=self.seconds, batching=self.batching)

    @property
    def loss(self):
        """Mean loss per sentence."""
        return self.loss_sum / max(self.sentences, 1)

    @property
    def gradient_norm(self):
        """Mean norm of the steps' gradients before they are clipped."""
        return self.norm_sum / max(self.steps, 1)

    @property
    def padding_share(self):
        """Share of the computed tokens that are padding."""
        return 1.0 - self.tokens / max(self.padded_tokens, 1)
