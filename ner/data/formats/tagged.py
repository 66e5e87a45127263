"""Base of the formats that hold a tag per token."""

import itertools

from ner.data.formats.base import DataFormat
from ner.tags import convert_scheme, spans_from_tags, tags_from_spans

# One character for one, so that offsets stay.
_LINE_ENDS = dict.fromkeys(map(ord, "\t\n\r"), " ")


class TaggedFormat(DataFormat):
    """A format of tokens and tags.

    Attributes:
      replaced: dict from code points that the format cannot hold to what is written for them, a character each.
    """

    carries = frozenset({"spaces", "words"})
    replaced = _LINE_ENDS

    def tokens_and_tags(self, example, scheme, lost):
        """The tokens of an example, and their tags in a scheme: two lists."""
        text = example.text.translate(self.replaced)
        if text != example.text:
            lost["text with characters that the format cannot hold, written as others"] += 1
        words = self._words(example)
        if words is None:
            return list(text), list(example.tags) if scheme == "BIO" else convert_scheme(example.tags, "BIO", scheme)
        starts = [start for start, _ in words]
        place = {start: number for number, start in enumerate([*starts, len(text)])}
        spans = [span._replace(start=place[span.start], end=place[span.end]) for span in example.spans()]
        return [text[start:end] for start, end in words], tags_from_spans(spans, len(words), scheme)

    def _words(self, example):
        """(start, end) of each token; None for a token per character, also where an entity begins or ends within one."""
        lengths = example.details.words
        if not lengths or "words" not in self.carries or sum(lengths) != len(example.text):
            return None
        ends = list(itertools.accumulate(lengths))
        words = list(zip([0, *ends], ends))
        borders = {0, *ends}
        return words if all({start, end} <= borders for start, end, _ in spans_from_tags(example.tags)) else None
