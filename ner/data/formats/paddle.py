"""PaddleNLP's and PaddleHub's TSV: a sentence a line, its characters, a tab and their tags, both separated by U+0002.

The first line may name the columns: ``text_a	label``.
"""

from ner.data.columns import Sentence
from ner.data.examples import NO_DETAILS
from ner.data.formats.base import Opened, numbered_lines, parsed
from ner.data.formats.tagged import TaggedFormat
from ner.data.problems import LineError, invalid_utf8
from ner.tags import looks_like_tag

_SEPARATOR = "\x02"
_HEADER = "text_a\tlabel"


class Paddle(TaggedFormat):
    """The format of Paddle's data sets for sequence labelling."""

    name = "paddle"
    suffix = ".tsv"
    replaced = {**TaggedFormat.replaced, ord(_SEPARATOR): " "}

    def open(self, head):
        """See the base; its header or separator shows it."""
        first = head.line.rstrip("\r\n")
        named = first == _HEADER
        if not named and not (_SEPARATOR in first and "\t" in first):
            return None
        skipped = head.number if named else head.number - 1

        def read(problems, notes):
            lines = ((number, line.rstrip("\r\n")) for number, line in numbered_lines(head.file, notes) if number > skipped)
            return parsed(_sentence, lines, problems)

        return Opened(self.name, read, tagged=True)

    def lines(self, examples, scheme, lost):
        """The header, and a line per sentence."""
        yield _HEADER + "\n"
        for example in examples:
            yield "\t".join(map(_SEPARATOR.join, self.tokens_and_tags(example, scheme, lost))) + "\n"


def _sentence(number, content):
    problem = invalid_utf8(content)
    if problem:
        raise LineError(*problem)
    columns = content.split("\t")
    if len(columns) != 2:
        raise LineError("columns", f"{len(columns)} columns", "two: characters and tags, each separated by U+0002")
    tokens, tags = (column.split(_SEPARATOR) for column in columns)
    if len(tokens) != len(tags):
        raise LineError("columns", f"{len(tokens)} characters and {len(tags)} tags", "a tag for each, separated by U+0002")
    if not all(tokens):
        raise LineError("missing character", f"nothing at place {tokens.index('') + 1}", "a character between two U+0002")
    wrong = next((tag for tag in tags if not looks_like_tag(tag)), None)
    if wrong is not None:
        raise LineError("not a tag", f"{wrong!r} in column 2", "a tag such as O or B-PER")
    return Sentence(number, tokens, tags, NO_DETAILS)


FORMAT = Paddle()
