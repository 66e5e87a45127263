"""Overlapping windows that cover a text longer than the model's window; :mod:`ner.long_text.joining` joins what is found in them.

Windows are ``(start, end)`` in characters, end exclusive.
"""

from ner.errors import DataError

# [CLS] and [SEP], which stand in a network's input beside the characters.
NUM_SPECIAL_TOKENS = 2


def split_windows(length, window, overlap):
    """Windows that cover a text, each of ``window`` characters (one shorter one if the text is shorter).

    Consecutive windows share ``overlap`` characters, the last two more where the last window is moved to end with the text.

    Args:
      length: T, characters of the text.
      window: characters per window.
      overlap: characters shared, in ``[0, window)``.

    Returns:
      List of ``(start, end)``; empty for an empty text.

    Raises:
      DataError: window or overlap is out of range.
    """
    if window < 1:
        raise DataError(f"window: found {window} characters, expected at least 1")
    if not 0 <= overlap < window:
        raise DataError(f"overlap: found {overlap} characters, expected fewer than the window's {window} and not less than 0")
    if length <= window:
        return [(0, length)] if length else []
    starts = list(range(0, length - window, window - overlap))
    return [(start, start + window) for start in (*starts, length - window)]


def crossing_spans(spans, length):
    """For each of the ``length + 1`` places between the characters of a text, the entity that goes on across it, or None."""
    crossing = [None] * (length + 1)
    for span in spans:
        crossing[span.start + 1 : span.end] = [span] * (span.end - span.start - 1)
    return crossing
