"""Batches of sequences of different lengths without their padding.

All of an encoder but attention goes token by token, so rows of padding can be left out of it: a tenth of a batch of MSRA sentences that are
sorted by length, two thirds of one that is padded to 128.

Shapes: B batch, T tokens, P places (B·T), N rows (the tokens that are no padding, and a few more), H features, n heads.
"""

from typing import NamedTuple, Optional

import tensorflow as tf


class HeadPlaces(NamedTuple):
    """Indices of the vectors of d values for unpacking rows and splitting them by head in one step, and for the inverse.

    Attributes:
      split: int32 [3, B, n, T], which of a packed product's 3nN vectors are query, key and value.
      join: int32 [N, n], which of the BnT vectors of all heads a row is made of.
      back: int32 [B, n, T], which of the nN vectors of rows each of the heads' vectors is part of.
    """

    split: tf.Tensor
    join: tf.Tensor
    back: tf.Tensor

    def split_rows(self, x):
        """[3, B, n, T, d] of a product x [N, 3nd]; without a gradient."""
        return tf.gather(tf.reshape(x, [-1, x.shape[-1] // (3 * self.join.shape[1])]), self.split)

    def join_parts(self, parts):
        """[N, nd·parts], side by side, of tensors [B, n, T, d]; without a gradient."""
        size = parts[0].shape[-1]
        rows = [tf.gather(tf.reshape(part, [-1, size]), self.join) for part in parts]
        return tf.reshape(tf.concat(rows, axis=1), [-1, len(parts) * self.join.shape[1] * size])

    def join_heads(self, context):
        """[N, nd] of what the heads found, context [B, n, T, d]."""

        @tf.custom_gradient
        def run(context):
            size = context.shape[-1]
            return self.join_parts([context]), lambda dy: tf.gather(tf.reshape(dy, [-1, size]), self.back)

        return run(context)


class Packing(NamedTuple):
    """Map between the rows of a packed batch and the tokens of a padded one.

    Where there is padding at all, the last row is a copy of some of it: what all other padding is taken from when rows are put back in
    their places. Nothing of a result may depend on padding; then no gradient comes to that row. Rows beyond the batch's places, where there
    is no padding, are copies of its first token, and what is computed of them is not used.

    Attributes:
      rows: int32 [N], the place of each row.
      places: int32 [P], the row of each place.
      heads: ``HeadPlaces`` of ``with_heads``, or None.
    """

    rows: tf.Tensor
    places: tf.Tensor
    heads: Optional[HeadPlaces] = None

    @classmethod
    def of(cls, mask, multiple, beyond=False):
        """The packing of a batch.

        Args:
          mask: int32 [B, T], 0 for padding.
          multiple: int32 scalar, what N is a multiple of.
          beyond: whether N may be more than P, too, which gradients do not allow. Otherwise it is P then.
        """
        is_token = tf.reshape(mask, [-1]) > 0
        size = tf.size(is_token)
        tokens = tf.cast(tf.where(is_token)[:, 0], tf.int32)
        count = tf.size(tokens)
        n = -(-tf.minimum(size, count + 1) // multiple) * multiple
        if not beyond:
            n = tf.minimum(size, n)
        padding = tf.argmin(tf.cast(is_token, tf.int32), output_type=tf.int32)
        rows = tf.concat([tokens, tf.fill([n - count], padding)], axis=0)
        return cls(rows, tf.where(is_token, tf.cumsum(tf.cast(is_token, tf.int32)) - 1, n - 1))

    def with_heads(self, batch, heads):
        """The same with ``heads`` for B (int32 scalar) and n (Python int)."""
        places = tf.reshape(self.places, [batch, 1, -1])
        length = tf.shape(places)[2]
        split = places[None] * (3 * heads) + tf.reshape(tf.range(3 * heads), [3, 1, heads, 1])
        row, token = self.rows // length, self.rows % length
        join = (row[:, None] * heads + tf.range(heads)) * length + token[:, None]
        return self._replace(heads=HeadPlaces(split, join, places * heads + tf.range(heads)[:, None]))

    def pack(self, x):
        """The rows [N, H] of x [P, H]."""
        return _take(x, self.rows, self.places)

    def unpack(self, x):
        """Rows x [N, H] in their places: [P, H]; at padding values that mean nothing."""
        return _take(x, self.places, self.rows)


@tf.custom_gradient
def _take(x, indices, inverse):
    # TensorFlow's own gradient adds up row by row; here each row goes to one place, or is padding, whose gradient is zero.
    return tf.gather(x, indices), lambda dy: (tf.gather(dy, inverse), None, None)
