"""Text to ids in a TensorFlow graph.

A tokenizer of :mod:`albert.tokenization` is one table from code point to id, so a gather from it is the tokenizer.
Shapes: B texts, N characters of all texts together.
"""

import numpy as np
import tensorflow as tf

from albert.character_map import CHINESE, NONE, full_width_table, simplified_table
from ner.edges import class_ranges

_PAGE_BITS = 8
# All bytes as strings, and after them the empty string.
_BYTES = [bytes([value]) for value in range(256)] + [b""]
_NO_BYTE = 256


class GraphTokenizer:
    """The graph's form of a tokenizer.

    The table is stored as pages of 256 code points, equal pages once: a Chinese vocabulary leaves most of Unicode unknown, and the
    4 MB of the flat table become some 100 kB.

    Args:
      tokenizer: a tokenizer of :mod:`albert.tokenization`.
    """

    def __init__(self, tokenizer):
        pages = tokenizer.code_point_table().reshape(-1, 1 << _PAGE_BITS)
        self._pages, self._page_numbers = np.unique(pages, axis=0, return_inverse=True)
        self._page_numbers = self._page_numbers.reshape(-1).astype(np.int32)
        self._maps = tokenizer.character_map != NONE
        self.cls_id, self.sep_id, self.pad_id = tokenizer.cls_id, tokenizer.sep_id, tokenizer.pad_id

    def ids(self, code_points):
        """Ids of code points, int32 of the same shape; as ``tokenizer.look_up`` gives them."""
        page = tf.gather(tf.constant(self._page_numbers), tf.bitwise.right_shift(code_points, _PAGE_BITS))
        return tf.gather_nd(tf.constant(self._pages), tf.stack([page, code_points & ((1 << _PAGE_BITS) - 1)], axis=-1))

    def map_characters(self, points, lengths):
        """Texts as they are looked up; as ``tokenizer.map_characters`` gives them.

        Args:
          points: int32 [N], code points of several texts end to end.
          lengths: int32 [B], code points of each text.

        Returns:
          int32 [N].
        """
        if not self._maps:
            return points
        simplified, full_width = tf.constant(simplified_table()), tf.constant(full_width_table())
        mapped = tf.where(points < tf.size(simplified), tf.gather(simplified, tf.minimum(points, tf.size(simplified) - 1)), points)
        forms = tf.where(points < tf.size(full_width), tf.gather(full_width, tf.minimum(points, tf.size(full_width) - 1)), 0)
        # Runs: a character that is no such punctuation, or a text's first, and what follows of it.
        firsts = tf.boolean_mask(tf.cumsum(lengths, exclusive=True), lengths > 0)
        at_first = tf.scatter_nd(firsts[:, None], tf.ones_like(firsts), tf.shape(points))
        heads = (forms == 0) | (at_first > 0)
        chinese = tf.reduce_any([(points >= first) & (points <= last) for first, last in CHINESE], axis=0)
        after_chinese = tf.gather(tf.boolean_mask(chinese, heads), tf.cumsum(tf.cast(heads, tf.int32)) - 1)
        return tf.where((forms > 0) & after_chinese, forms, mapped)


def code_points(texts):
    """Code points of UTF-8 strings, end to end.

    Bytes that are no UTF-8 become U+FFFD, as many as Python's ``bytes.decode("utf-8", "replace")`` puts there.

    Args:
      texts: string [B].

    Returns:
      (code points int32 [N], lengths int32 [B]).
    """
    decoded = tf.strings.unicode_decode(texts, "UTF-8", errors="replace")
    return decoded.values, tf.cast(decoded.row_lengths(), tf.int32)


def spell(points, lengths):
    """UTF-8 strings of code points; the inverse of :func:`code_points` where those were valid.

    ``tf.strings.unicode_encode`` would not do: it replaces noncharacters such as U+FDD0, which are valid text.

    Args:
      points: int32 [N], end to end, no surrogates among them.
      lengths: int32 [B], code points of each string.

    Returns:
      string [B].
    """
    sizes = 1 + sum(tf.cast(points >= first, tf.int32) for first in (0x80, 0x800, 0x10000))
    lead_bits = tf.gather(tf.constant([0, 0x00, 0xC0, 0xE0, 0xF0]), sizes)
    columns = [lead_bits | tf.bitwise.right_shift(points, 6 * (sizes - 1))]
    for following in (2, 1, 0):
        column = 0x80 | (tf.bitwise.right_shift(points, 6 * following) & 0x3F)
        columns.append(tf.where(sizes > following + 1, column, _NO_BYTE))
    characters = tf.strings.reduce_join(tf.gather(tf.constant(_BYTES), tf.stack(columns, axis=1)), axis=1)
    return tf.strings.unsorted_segment_join(characters, tf.repeat(tf.range(tf.size(lengths)), lengths), tf.size(lengths))


def edge_classes(points, punctuation=False):
    """Classes of code points, int32 of the same shape; as :func:`ner.edges.edge_classes` gives them."""
    bounds, classes = class_ranges(punctuation)
    return tf.gather(tf.constant(classes), tf.searchsorted(tf.constant(bounds), points, side="right"))
