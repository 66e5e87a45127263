"""Batches of sentences to tag: which sentences share one, and how far it is padded.

oneDNN keeps the kernels it compiles for every shape of batch it meets, some hundreds of kB each: few different shapes keep a process that
tags for days as small as it was after its first minutes. So rows and tokens are both multiples of something, but of little, for
what is padded costs time.
"""

import numpy as np

# A batch has one row or a multiple of this many.
_ROW_MULTIPLE = 8
# A row's tokens are a multiple of this many.
WIDTH_MULTIPLE = 4
# What a batch costs beside its rows, in rows: the LSTM and the CRF go character by character, whatever the number of rows.
# Measured on two cores: 4 to 6 with the encoder of 4 layers that ships with the package, 1 to 4 with ALBERT-base.
_FIXED_COST = 4


def padded_rows(rows, most):
    """Number of rows of a batch that needs ``rows``; at most ``most``."""
    return rows if rows == 1 else min(-(-rows // _ROW_MULTIPLE) * _ROW_MULTIPLE, most)


def padded_width(tokens, multiple=WIDTH_MULTIPLE):
    """Width of the padded rows when the longest has ``tokens`` tokens."""
    return -(-tokens // multiple) * multiple


def tagging_batches(lengths, batch_size):
    """Every sentence once, in the batches of similar lengths that take the least time together.

    The longest come first, so that a batch too large for memory fails at once, not at the end.

    Args:
      lengths: int [N], characters.
      batch_size: sentences per batch at most.

    Returns:
      list of int64 arrays of sentence indices.
    """
    order = np.argsort(-np.asarray(lengths), kind="stable")
    # Batches begin at every eighth sentence only: then no row but of the last batch is padding, and there is little to search.
    step = min(_ROW_MULTIPLE, batch_size)
    starts = range(0, len(order), step)
    widths = [padded_width(int(lengths[order[start]]) + 2) for start in starts]
    # The least cost of all sentences from each start on, and with how many steps' sentences its batch is then made; from the end.
    least, steps = [0] * (len(starts) + 1), [0] * len(starts)
    for i in reversed(range(len(starts))):
        sizes = range(1, min(batch_size // step, len(starts) - i) + 1)
        least[i], steps[i] = min((widths[i] * (n * step + _FIXED_COST) + least[i + n], n) for n in sizes)
    batches, i = [], 0
    while i < len(starts):
        batches.append(order[starts[i] : starts[i] + steps[i] * step])
        i += steps[i]
    return batches
