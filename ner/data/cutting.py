"""Training sentences longer than the window: cut into disjoint parts, after punctuation and outside entities if possible."""

from typing import NamedTuple

from ner.data.examples import Example
from ner.errors import DataError
from ner.long_text.windows import crossing_spans
from ner.tags import convert_scheme

# Where a text is best cut: after the end of a sentence, else after a clause.
_SENTENCE_ENDS = frozenset("。！？!?…\n")
_CLAUSE_ENDS = frozenset("；;，,、：:")


def split_example(example, window, scheme="BIO"):
    """Disjoint parts of at most ``window`` characters for training.

    Each cut is the latest place in the second half of the window after the end of a sentence and outside entities; failing
    that, after a clause; failing that, the latest in the window outside entities; failing that, at the window's end.

    Args:
      example: :class:`ner.data.examples.Example` with tags.
      window: characters per part.
      scheme: the tags' scheme.

    Returns:
      ``(parts, cut_entities)``: a list of examples whose texts make up the example's, and the number of times an entity was cut
      because it is longer than the window. The pieces of such an entity are entities of their own.
    """
    if window < 1:
        raise DataError(f"window: found {window} characters, expected at least 1")
    if len(example.text) <= window:
        return [example], 0
    crossing = crossing_spans(example.spans(scheme), len(example.text))
    parts, start, cut_entities = [], 0, 0
    repair = False
    while start < len(example.text):
        end = _best_cut(example.text, crossing, start, start + window)
        tags = example.tags[start:end]
        cuts_entity = crossing[end] is not None
        if repair or cuts_entity:
            tags = tuple(convert_scheme(tags, scheme, scheme))
        parts.append(Example(example.text[start:end], tags, example.source, example.line))
        cut_entities += cuts_entity
        repair = cuts_entity
        start = end
    return parts, cut_entities


class SplitExamples(NamedTuple):
    """Examples no longer than the window, and what splitting did: sentences that were split, and cuts through an entity."""

    examples: list
    split_sentences: int
    cut_entities: int


def split_examples(examples, window, scheme="BIO"):
    """:func:`split_example` for a whole corpus, as a :class:`SplitExamples`."""
    result, split_sentences, cut_entities = [], 0, 0
    for example in examples:
        parts, cuts = split_example(example, window, scheme)
        result += parts
        split_sentences += len(parts) > 1
        cut_entities += cuts
    return SplitExamples(result, split_sentences, cut_entities)


def _best_cut(text, crossing, start, limit):
    if limit >= len(text):
        return len(text)
    clean = [cut for cut in range(limit, start, -1) if crossing[cut] is None]
    late = [cut for cut in clean if 2 * cut >= start + limit]
    for marks in (_SENTENCE_ENDS, _CLAUSE_ENDS):
        for cut in late:
            if text[cut - 1] in marks:
                return cut
    return clean[0] if clean else limit
