"""Formats of labelled files: a file each, which reads and writes it, and a line each here."""

from typing import TYPE_CHECKING

from albert import lazy

if TYPE_CHECKING:
    from ner.data.formats.base import DataFormat

# By name: the :class:`ner.data.formats.base.DataFormat`, imported when it is used, and what it is. In the order in which a file is shown to
# them: the first that takes it reads it.
FORMATS = {
    "brat": ("ner.data.formats.brat.FORMAT", "texts (.txt) with their entities beside them (.ann)"),
    "huggingface": ("ner.data.formats.huggingface.FORMAT", "tokens and ner_tags in JSON lines, or a directory saved by datasets"),
    "label-studio": ("ner.data.formats.label_studio.FORMAT", "a JSON array of tasks"),
    "cluener": ("ner.data.formats.cluener.FORMAT", "JSON lines with label: {type: {name: [[first, last]]}}"),
    "doccano": ("ner.data.formats.doccano.FORMAT", "JSON lines with lists [start, end, label]"),
    "entities": ("ner.data.formats.entities.FORMAT", "JSON lines with entities: [{start, end, label, text}]"),
    "paddle": ("ner.data.formats.paddle.FORMAT", "text and tags in two columns, characters separated by U+0002"),
    "csv": ("ner.data.formats.table.CSV", "a table with a header, separated by commas"),
    "tsv": ("ner.data.formats.table.TSV", "a table with a header, separated by tabs"),
    "words": ("ner.data.formats.words.FORMAT", "a sentence a line, its words as word/type, as MSRA was published"),
    "label-studio-conll": ("ner.data.formats.label_studio_conll.FORMAT", "a token, -X- _ and its tag per line"),
    "columns": ("ner.data.formats.columns.FORMAT", "a character and its tag per line"),
}


def find_format(name: str) -> "DataFormat":
    """The format with this name, one of ``FORMATS``."""
    return lazy.load(FORMATS[name][0])


def describe() -> str:
    """The formats in a sentence, for help texts."""
    return "; ".join(f"{name}: {contents}" for name, (_, contents) in FORMATS.items()) + "."
