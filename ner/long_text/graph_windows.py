"""Texts of any length through a network of fixed width, in a TensorFlow graph.

Shapes: B texts, N characters of all texts together, W windows of all texts together, C characters of all windows together
(a character in the overlap of two windows counts twice), G windows in a group, T characters of a group's longest window, padded.
"""

from typing import NamedTuple

import tensorflow as tf

from ner.batches.encoded import PAD_TO

# Windows computed at a time. Memory is bounded by this, not by the length of the texts or the size of a batch.
GROUP_SIZE = 32


class Windows(NamedTuple):
    """The windows of a batch of texts, those of one text adjacent and in order; all int32 tensors.

    Attributes:
      rows: [W] the text each is of.
      starts: [W] its first character, counted in its text.
      lengths: [W] its characters.
    """

    rows: tf.Tensor
    starts: tf.Tensor
    lengths: tf.Tensor


def split_windows(lengths, window, overlap):
    """As :func:`ner.long_text.windows.split_windows`, for several texts.

    Args:
      lengths: int32 [B], characters of each text.
      window: characters per window.
      overlap: characters that consecutive windows share, in ``[0, window)``.

    Returns:
      :class:`Windows`.
    """
    step = window - overlap
    beyond = tf.maximum(lengths - window, 0)
    counts = tf.where(lengths > 0, 1 + (beyond + step - 1) // step, 0)
    rows = tf.repeat(tf.range(tf.size(lengths)), counts)
    number = tf.range(tf.size(rows)) - tf.gather(tf.cumsum(counts, exclusive=True), rows)
    starts = tf.minimum(number * step, tf.gather(beyond, rows))
    return Windows(rows, starts, tf.minimum(tf.gather(lengths, rows), window))


def run_in_groups(function, dtypes, firsts, lengths, window):
    """Apply a network to windows, a group at a time, so that memory does not grow with the batch.

    Windows are grouped by length, which keeps padding low. A group is as wide as ``EncodedExamples.batch`` would make it: a server
    meets few different shapes, for each of which oneDNN keeps kernels.

    Args:
      function: from int32 [G, T], which of the N characters stand in a group's windows (0 in the padding), and lengths int32 [G] to a
        dict of tensors [G, T].
      dtypes: dict from name to dtype of those of its outputs that are wanted.
      firsts: int32 [W], which of the N characters each window begins with.
      lengths: int32 [W], its characters, at least 1.
      window: characters of the longest window there can be.

    Returns:
      The function's outputs as a dict of tensors [C], the windows end to end in the given order.
    """
    order = tf.argsort(lengths, direction="DESCENDING", stable=True)
    groups = (tf.size(lengths) + GROUP_SIZE - 1) // GROUP_SIZE

    def run(group):
        members = order[group * GROUP_SIZE : (group + 1) * GROUP_SIZE]
        own_lengths = tf.gather(lengths, members)
        # [CLS] and [SEP] count.
        width = tf.minimum((tf.reduce_max(own_lengths) + 2 + PAD_TO - 1) // PAD_TO * PAD_TO - 2, window)
        real = tf.sequence_mask(own_lengths, width)
        places = tf.gather(firsts, members)[:, None] + tf.range(width)
        outputs = function(tf.where(real, places, 0), own_lengths)
        return {name: tf.boolean_mask(outputs[name], real) for name in dtypes}

    arrays = {name: tf.TensorArray(dtype, size=groups, infer_shape=False, element_shape=[None]) for name, dtype in dtypes.items()}

    def body(group, arrays):
        outputs = run(group)
        return group + 1, {name: array.write(group, outputs[name]) for name, array in arrays.items()}

    _, arrays = tf.while_loop(lambda group, _: group < groups, body, (0, arrays), parallel_iterations=1)
    sorted_lengths = tf.gather(lengths, order)
    sorted_offsets = tf.cumsum(sorted_lengths, exclusive=True)
    offsets = tf.scatter_nd(order[:, None], sorted_offsets, tf.shape(order))
    back = flat_ranges(offsets, lengths)
    return {name: tf.gather(array.concat(), back) for name, array in arrays.items()}


def flat_ranges(starts, lengths):
    """The numbers ``start, start + 1, …`` of several ranges, end to end: int32 [sum of lengths] from two int32 [W]."""
    shifts = starts - tf.cumsum(lengths, exclusive=True)
    return tf.range(tf.reduce_sum(lengths)) + tf.repeat(shifts, lengths)
