"""Regularizers that help small data sets: FGM and R-Drop.

Shapes: B sentences, T characters, K tags.
"""

import tensorflow as tf


def fgm_perturbation(gradient, epsilon):
    """Perturbation that FGM adds to the word embeddings (Miyato et al., 2017, arXiv:1605.07725, eq. 5): ε·g / ‖g‖.

    Args:
      gradient: float32 [V, E], the loss's.
      epsilon: the perturbation's L2 norm over the whole table.

    Returns:
      float32 [V, E]; 0 where the gradient is 0 everywhere.
    """
    return epsilon * gradient / tf.maximum(tf.norm(gradient), 1e-12)


def symmetric_divergence(chain, emissions_p, emissions_q, lengths):
    """KL(p‖q) + KL(q‖p) of two linear chains with the same transitions, over whole tag sequences.

    R-Drop (Liang et al., 2021, arXiv:2106.14448, eq. 2) compares the two output distributions of one input under different
    dropout. Here the output is a tag sequence. In the sum of both directions the partition functions cancel, and what is
    left is Σ (μ_p - μ_q)·(e_p - e_q) over characters and tags, μ being the marginals and e the emissions. Without a CRF the
    chain's scores are 0, the marginals are softmaxes, and this is the sum of the characters' divergences.

    Args:
      chain: ``LinearChain``.
      emissions_p, emissions_q: float32 [B, T, K], T at least 1.
      lengths: int32 [B].

    Returns:
      float32 [B], at least 0.
    """
    difference = chain.marginals(emissions_p, lengths) - chain.marginals(emissions_q, lengths)
    return tf.reduce_sum(tf.reduce_sum(difference * (emissions_p - emissions_q), axis=-1), axis=-1)
