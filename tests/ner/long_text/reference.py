"""All windows of a text joined at once, for tests of joining them one by one."""

from ner.long_text.joining import WindowJoiner, _best_border, _Window
from ner.long_text.windows import crossing_spans
from ner.tags import spans_from_tags


def join_windows(windows, sequences, scheme="BIO"):
    """The tags of a text from those of its windows: list of T tags.

    Args:
      windows: ``(start, end)`` in the order of the text, as :func:`ner.long_text.windows.split_windows` gives them.
      sequences: for each window, its ``end - start`` tags.
      scheme: the tags' scheme.
    """
    joiner = WindowJoiner(scheme)
    joined = []
    for window, tags in zip(windows, sequences):
        joined += joiner.add(window, tags).tags
    return joined + joiner.finish().tags


def owned_ranges(windows, sequences, scheme="BIO"):
    """The part of the text that each window decides, one ``(start, end)`` per window: disjoint, in order, covering the text, or empty."""
    if not windows:
        return []
    parts = [
        _Window(*window, tags, [], crossing_spans(spans_from_tags(tags, scheme), len(tags))) for window, tags in zip(windows, sequences)
    ]
    borders = [windows[0][0]]
    for left, right in zip(parts, parts[1:]):
        borders.append(_best_border(left, right, borders[-1]))
    return list(zip(borders, (*borders[1:], windows[-1][1])))
