"""A sentence a line, its words with their types after a slash: ``当/o 希望工程/nt 救助/o``, as MSRA's training set was published."""

import itertools
import re

from ner.data.examples import Details
from ner.data.formats.base import DataFormat, Opened, RawText, numbered_lines, parsed
from ner.data.offsets import RawSpan
from ner.data.problems import LineError, invalid_utf8

# Other white space is characters of the text.
_WORDS = re.compile(r"[^ \t\r\n]+")
_WORD = re.compile(r"(.+)/([A-Za-z][\w.-]{0,15})", re.DOTALL)
_OUTSIDE = ("o", "O")
_SPACES = dict.fromkeys(map(ord, " \t\n\r"), "\u3000")


class Words(DataFormat):
    """Words and their types; what is no entity has the type ``o``."""

    name = "words"
    carries = frozenset({"words"})

    def open(self, head):
        """See the base; all words of the first line end with a slash and a type, and it has several or one that is ``o``."""
        parts = [_WORD.fullmatch(word) for word in _WORDS.findall(head.line)]
        if not parts or not all(parts) or not (len(parts) > 2 or any(part[2] in _OUTSIDE for part in parts)):
            return None

        def read(problems, notes):
            return parsed(_sentence, numbered_lines(head.file, notes), problems)

        return Opened(self.name, read)

    def lines(self, examples, scheme, lost):
        """A line per sentence."""
        for example in examples:
            text = example.text.translate(_SPACES)
            if text != example.text:
                lost["text with characters that the format cannot hold, written as others"] += 1
            labels = {(start, end): label for start, end, label in example.spans()}
            yield " ".join(f"{text[start:end]}/{labels.get((start, end), 'o')}" for start, end in _words(example, labels)) + "\n"


def _words(example, entities):
    """(start, end) of the entities, and of the words between them."""
    inside = {place for start, end in entities for place in range(start + 1, end)}
    borders = {place for span in entities for place in span}
    borders.update(place for place in itertools.accumulate(example.details.words) if place not in inside)
    places = sorted(borders | {0, len(example.text)})
    return zip(places, places[1:])


def _sentence(number, line):
    problem = invalid_utf8(line)
    if problem:
        raise LineError(*problem)
    text, spans, words, start = [], [], [], 0
    for place, word in enumerate(_WORDS.findall(line), 1):
        match = _WORD.fullmatch(word)
        if not match:
            raise LineError("structure", f"word {place} {word[:40]!r}", "word/type, o for words that are no entities")
        text.append(match[1])
        words.append(len(match[1]))
        if match[2] not in _OUTSIDE:
            spans.append(RawSpan(start, start + words[-1], match[2], match[1]))
        start += words[-1]
    return RawText(number, "".join(text), spans, Details(words=tuple(words)))


FORMAT = Words()
