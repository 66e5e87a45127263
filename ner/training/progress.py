"""Progress of a run."""

import dataclasses
import math

# The rules that runs follow to their end, once begun: 1 those of version 0.1.0, 2 the present ones.
PROCEDURE = 2


@dataclasses.dataclass
class Progress:
    """Progress of a run; saved with the weights so that both always belong together.

    Attributes:
      step: steps done. Epoch and position in the shuffled data follow from it, and with the seed all random numbers.
      seconds, epoch_seconds: training time, without evaluation, so far and in the epoch under way.
      steps, skipped_steps: of the epoch under way, those that moved the weights and those that overflowed in float16.
      loss_sum, norm_sum, sentences, tokens, padded_tokens: sums over the former; tokens without and with padding.
      procedure: ``PROCEDURE``, or 1, also where a state does not say so: batches as version 0.1.0 made them, decay of every matrix, and
        the earlier of two equal epochs kept.
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
    procedure: int = 1

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
        return Progress(step=self.step, seconds=self.seconds, procedure=self.procedure)

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
