"""Formats of tagged text, one module each.

A writer is told of each text in turn: ``begin(item)``, then ``piece(text, piece)`` for each
:class:`ner.long_text.joining.Piece` of it, then ``end()``; ``start()`` comes before all texts and ``finish()`` after them. Nothing is
held back, so memory does not grow with the length of a text or the number of texts.
"""

from ner.tagging.writers.bio import BioWriter
from ner.tagging.writers.html import HtmlWriter
from ner.tagging.writers.inline import InlineWriter
from ner.tagging.writers.jsonl import JsonLinesWriter

FORMATS = ("jsonl", "bio", "inline", "html")


def make_writer(name, out, labels, entities_field="entities"):
    """The writer of a format.

    Args:
      name: one of ``FORMATS``.
      out: a text file to write to.
      labels: the entity types that may occur.
      entities_field: name of the field that ``jsonl`` writes the entities to.
    """
    if name == "jsonl":
        return JsonLinesWriter(out, entities_field)
    if name == "html":
        return HtmlWriter(out, labels)
    return {"bio": BioWriter, "inline": InlineWriter}[name](out)
