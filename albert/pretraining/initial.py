"""Other initial values for some weights than the original's, for runs of few and small steps; the architecture stays as it is."""

import numpy as np

_POSITION_STD = 0.04
_LONGEST_WAVE = 1000.0


def sinusoidal_positions(num_positions, width):
    """Position embeddings in which a shift is a rotation, so that what is learned at one position holds at the others.

    Waves as in Vaswani et al. (2017, section 3.5), but the longest of 2π · 1,000 positions, not 10,000: more of them tell neighbours
    apart. The standard deviation is 0.04, twice that of the word embeddings' initial values, lest the words drown the positions.

    Args:
      num_positions: M.
      width: E.

    Returns:
      float32 [M, E].
    """
    angles = np.arange(num_positions)[:, None] / _LONGEST_WAVE ** (2 * np.arange((width + 1) // 2) / width)
    table = np.zeros((num_positions, width), np.float32)
    table[:, 0::2], table[:, 1::2] = np.sin(angles), np.cos(angles[:, : width // 2])
    return table * _POSITION_STD * np.sqrt(2.0, dtype=np.float32)


def unigram_bias(probabilities):
    """Bias of the masked-LM logits that predicts by frequency from the first step.

    Args:
      probabilities: float64 [V]; 0 for what is never predicted, which gets the bias of the rarest.

    Returns:
      float32 [V], with mean 0.
    """
    logs = np.log(np.maximum(probabilities, probabilities[probabilities > 0].min()))
    return (logs - logs.mean()).astype(np.float32)
