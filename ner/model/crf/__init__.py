"""The linear-chain conditional random field."""

# Added to the score of what is forbidden: far below any real score, and no -inf to turn into NaN in a sum.
FORBIDDEN = -1e4
