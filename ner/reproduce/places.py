"""Second cause of section 4.5 as counts: places that are not recognised, and the annotation's agreement with itself about them.

The paper says of some places that they are not recognised, and that the annotation is inconsistent (its examples are not legible in our
scan). Both are counted: what a system makes of the places of the test set, by what the training set says of the same characters.
"""

import collections

from ner.reproduce.nested import PLACE

CONSISTENT, INCONSISTENT, UNSEEN = "always a place in training", "not always a place in training", "not in training"
AGREEMENTS = (CONSISTENT, INCONSISTENT, UNSEEN)

# What becomes of a place.
OUTCOMES = ("found", "other entity", "missed")


def agreement(train, scheme, names):
    """Agreement of a training set on the characters of places.

    Args:
      train: list of ``Example``.
      scheme: their scheme.
      names: set of non-empty strings.

    Returns:
      dict from name to an item of ``AGREEMENTS``. Where the name stands inside a longer entity, or across the end of one, the annotation
      cannot mark it as a place: such an occurrence counts neither way.
    """
    lengths = sorted({len(name) for name in names})
    places, others = collections.Counter(), collections.Counter()
    for example in train:
        text = example.text
        inside, labels = [False] * len(text), {}
        for start, end, label in example.spans(scheme):
            labels[start, end] = label
            inside[start:end] = [True] * (end - start)
        for length in lengths:
            for start in range(len(text) - length + 1):
                name = text[start : start + length]
                if name not in names:
                    continue
                label = labels.get((start, start + length))
                if label == PLACE:
                    places[name] += 1
                elif label is not None or not any(inside[start : start + length]):
                    others[name] += 1
    return {name: INCONSISTENT if others[name] else CONSISTENT if places[name] else UNSEEN for name in names}


def gold_places(examples, scheme):
    """The places of a test set, each as it is in the text: list of (index of the example, ``Span``, name)."""
    spans = [(i, span, example.text) for i, example in enumerate(examples) for span in example.spans(scheme)]
    return [(i, span, text[span.start : span.end]) for i, span, text in spans if span.label == PLACE]


def count_places(places, predicted, agreements):
    """Outcome for the places of a test set, by the training set's agreement.

    Args:
      places: what ``gold_places`` gave.
      predicted: one list of spans per example.
      agreements: what ``agreement`` gave for their names.

    Returns:
      dict from each of ``AGREEMENTS`` to a dict from outcome to count. ``found``: with exactly its characters and type. ``other entity``:
      not found, but something predicted shares a character with it. ``missed``: nothing does.
    """
    counts = {kind: dict.fromkeys(OUTCOMES, 0) for kind in AGREEMENTS}
    for i, span, name in places:
        spans = predicted[i]
        overlaps = any(other.start < span.end and span.start < other.end for other in spans)
        counts[agreements[name]]["found" if span in spans else "other entity" if overlaps else "missed"] += 1
    return counts
