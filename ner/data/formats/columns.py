"""Columns: a token and its tag on each line, a blank line after each sentence; see :mod:`ner.data.columns`."""

import collections

from ner.data.column_layout import UncertainLayout, find_layout
from ner.data.columns import read_sentences
from ner.data.formats.base import Opened
from ner.data.formats.tagged import TaggedFormat
from ner.errors import DataError

MAX_SENTENCE_LINES = 10_000


class Columns(TaggedFormat):
    """A character and its tag per line, separated by a tab."""

    name = "columns"
    template = "{}\t{}\n"

    def open(self, head, max_sentence_lines=MAX_SENTENCE_LINES):
        """See the base; whatever no other format takes."""
        try:
            layout = find_layout(head.file.lines(collections.Counter()))
        except UncertainLayout as e:
            raise DataError(f"{head.path}:{e.line}: {e.problem}") from e

        def read(problems, notes):
            return read_sentences(head.file.lines(notes), layout, problems, notes, max_sentence_lines)

        return Opened(self.name, read, tagged=True, note=layout.note if layout else "")

    def lines(self, examples, scheme, lost):
        """A line per token, a blank one after each sentence."""
        for example in examples:
            yield from map(self.template.format, *self.tokens_and_tags(example, scheme, lost))
            yield "\n"


FORMAT = Columns()
