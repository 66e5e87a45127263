"""Label Studio's CoNLL export: ``王 -X- _ B-PER``. :mod:`ner.data.column_layout` knows it when it is read."""

from ner.data.formats.columns import Columns

_SPACES = dict.fromkeys(map(ord, " \t\n\r"), "\u3000")


class LabelStudioConll(Columns):
    """A token, two columns without meaning, and the tag; separated by spaces."""

    name = "label-studio-conll"
    suffix = ".conll"
    carries = frozenset({"words"})
    template = "{} -X- _ {}\n"
    # A space is the separator.
    replaced = _SPACES

    def open(self, head):
        """None: it is read as columns."""
        return None

    def lines(self, examples, scheme, lost):
        """A heading, and the columns."""
        yield "-DOCSTART- -X- O\n"
        yield from super().lines(examples, scheme, lost)


FORMAT = LabelStudioConll()
