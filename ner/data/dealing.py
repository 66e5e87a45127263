"""Splits without leaks: no document is in two of them, and no text."""

import collections
import random
from collections.abc import Sequence

from ner.data.examples import Example


def deal(examples: Sequence[Example], shares: Sequence[float], seed: int = 42) -> list[list[Example]]:
    """Deal sentences out at random.

    Sentences of one document stay together, and so do those with the same text, and the documents that these are in.

    Args:
      examples: N sentences.
      shares: of the sentences, one for each split; they need not add up to 1.
      seed: decides who goes where; the same for the same sentences in the same order.

    Returns:
      The splits, each in the order of ``examples``. Their sizes are as near to the shares as the groups allow.
    """
    groups = _groups(examples)
    random.Random(seed).shuffle(groups)
    # Large ones first, while there is room for them anywhere.
    groups.sort(key=len, reverse=True)
    total = sum(shares)
    missing = [share / total * len(examples) for share in shares]
    chosen = [[] for _ in shares]
    for group in groups:
        # In random order those that are alike fall everywhere; no split with nothing to get is given anything.
        split = max((number for number, share in enumerate(shares) if share > 0), key=lambda number: missing[number])
        missing[split] -= len(group)
        chosen[split] += group
    return [[examples[number] for number in sorted(numbers)] for numbers in chosen]


def _groups(examples):
    """Lists of numbers of the sentences that have to stay together."""
    parents = {}

    def root(key):
        while parents.setdefault(key, key) != key:
            parents[key] = parents[parents[key]]
            key = parents[key]
        return key

    for example in examples:
        document = (example.source, example.details.document) if example.details.document else None
        text = root(("text", example.text))
        if document:
            parents[text] = root(document)
    found = collections.defaultdict(list)
    for number, example in enumerate(examples):
        found[root(("text", example.text))].append(number)
    return list(found.values())
