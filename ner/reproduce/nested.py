"""Section 4.5 of the paper as counts: place names that open the name of an organisation, and what a system makes of them.

The paper's example is an organisation that begins with a province: the system finds the province as a place and misses the
organisation.
"""

import collections

PLACE, ORGANISATION = "LOC", "ORG"

# What becomes of an organisation.
OUTCOMES = ("found", "place only", "other entity", "missed")


def place_names(examples, scheme):
    """Texts of at least two characters that are annotated as places: a frozenset."""
    return frozenset(
        example.text[span.start : span.end]
        for example in examples
        for span in example.spans(scheme)
        if span.label == PLACE and span.end - span.start > 1
    )


def count_outcomes(examples, predicted, places, scheme):
    """Outcome for the organisations of a test set.

    Args:
      examples: list of ``Example``.
      predicted: one list of spans per example.
      places: the names that count as places: ``place_names`` of the training set.
      scheme: the examples' scheme.

    Returns:
      dict with ``nested`` (organisations that begin with a place name) and ``plain``, each a dict from outcome to count.
      ``found``: with exactly its characters and type. ``place only``: not found, but a place inside it. ``other entity``:
      neither, but something predicted shares a character with it. ``missed``: nothing does.
    """
    counts = {kind: collections.Counter(dict.fromkeys(OUTCOMES, 0)) for kind in ("nested", "plain")}
    for example, spans in zip(examples, predicted):
        for gold in example.spans(scheme):
            if gold.label == ORGANISATION:
                name = example.text[gold.start : gold.end]
                nested = any(name[:length] in places for length in range(2, len(name)))
                counts["nested" if nested else "plain"][_outcome(gold, spans)] += 1
    return {kind: dict(counter) for kind, counter in counts.items()}


def _outcome(gold, spans):
    if gold in spans:
        return "found"
    overlapping = [span for span in spans if span.start < gold.end and gold.start < span.end]
    if any(span.label == PLACE and gold.start <= span.start and span.end <= gold.end for span in overlapping):
        return "place only"
    return "other entity" if overlapping else "missed"
