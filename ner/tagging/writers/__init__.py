"""Formats of tagged text: a file each, and a line each here."""

from typing import TYPE_CHECKING

from albert import lazy

if TYPE_CHECKING:
    from ner.tagging.writers.base import Writer

# By name of the format: its :class:`ner.tagging.writers.base.Writer`, imported when it is used, and what it writes.
WRITERS = {
    "jsonl": ("ner.tagging.writers.jsonl.JsonLinesWriter", "an object with text and entities per text"),
    "bio": ("ner.tagging.writers.bio.BioWriter", "a character and its tag per line"),
    "inline": ("ner.tagging.writers.inline.InlineWriter", "running text with [entity|TYPE]"),
    "conll": ("ner.tagging.writers.conll.ConllWriter", "CoNLL-2003's four columns, two of them empty"),
    "csv": ("ner.tagging.writers.table.CsvWriter", "a row per entity, with file, line, place, type, text and score"),
    "tsv": ("ner.tagging.writers.table.TsvWriter", "the same, separated by tabs"),
    "ansi": ("ner.tagging.writers.ansi.AnsiWriter", "running text with entities in a terminal's colours"),
    "html": ("ner.tagging.writers.html.HtmlWriter", "a page with coloured entities"),
}


def find_writer(name: str) -> "type[Writer]":
    """The class of the format with this name, one of ``WRITERS``."""
    return lazy.load(WRITERS[name][0])


def describe() -> str:
    """The formats in a sentence, for help texts."""
    return "; ".join(f"{name}: {contents}" for name, (_, contents) in WRITERS.items()) + "."
