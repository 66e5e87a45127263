"""A tagger of a few lines for the tests of the server, which so need no TensorFlow.

Run as a program: ``python -m tests.ner.server.toy PATH [FIELD=VALUE …]`` serves it until it is told to stop.
"""

import sys
import time
import zlib

from albert.errors import UserError
from ner.decoding.constraints import DecodingOptions
from ner.decoding.gazetteer import NEVER
from ner.entity import Entity
from ner.long_text.joining import Piece
from ner.server.settings import Limits, ServerSettings
from ner.tagging.protocol import TextPredictor
from ner.tags import Span, TagSet, tags_from_spans

NAMES = {"京": "LOC", "沪": "LOC", "李": "PER", "😀": "PER"}


class ToyPredictor(TextPredictor):
    """Each character of ``NAMES`` is an entity with what follows it, which is one character.

    Args:
      shift: added to the scores' hundredths, so that two versions can be told apart.
      seconds: how long a character takes.
    """

    takes_gazetteer = True

    def __init__(self, shift=0, seconds=0.0):
        self.tag_set, self.decoding = TagSet(("LOC", "PER")), DecodingOptions()
        self.shift, self.seconds, self.gazetteer = shift, seconds, None

    def pieces(self, texts):
        """See ``TextPredictor``."""
        for text in texts:
            time.sleep(self.seconds * len(text))
            spans = [(Span(e.start, e.end, e.label), e.score) for e in entities_of(text, self.shift, self.gazetteer)]
            yield Piece(0, tags_from_spans([span for span, _ in spans], len(text), "BIO"), spans, True)

    def with_gazetteer(self, gazetteer):
        """See ``TextPredictor``."""
        if gazetteer is not None:
            gazetteer.check(self.tag_set.types, 40)
        other = ToyPredictor(self.shift, self.seconds)
        other.gazetteer = gazetteer
        return other


def entities_of(text, shift=0, gazetteer=None):
    """The entities that the toy finds in a text."""
    spans = [(i, i + 2, NAMES[c]) for i, c in enumerate(text[:-1]) if c in NAMES]
    terms = [(m.start, m.end, m.label) for m in gazetteer.matches(text)] if gazetteer else []
    spans = sorted(spans + [term for term in terms if term[2] != NEVER])
    never = {term[:2] for term in terms if term[2] == NEVER}
    found, position = [], 0
    for start, end, label in spans:
        if start >= position and (start, end) not in never:
            score = (zlib.crc32(text[start:end].encode()) % 90 + shift) / 100
            found.append(Entity(start, end, label, text[start:end], score))
            position = end
    return found


def load(path):
    """The toy of a directory: its last number, if it has one, is the shift; a file ``broken`` makes it fail."""
    path = str(path)
    try:
        with open(f"{path}/saved_model.pb", encoding="utf-8") as f:
            content = f.read()
    except FileNotFoundError:
        content = "0"
    if content == "broken":
        raise UserError(f"{path}: found a broken model, expected a whole one")
    shift, _, seconds = content.partition(" ")
    return ToyPredictor(int(shift), float(seconds or 0))


def write_version(base, number, content):
    """Write a version below ``base``, whole or not at all."""
    temporary = base / f".{number}.tmp"
    temporary.mkdir(parents=True)
    (temporary / "saved_model.pb").write_text(content)
    temporary.rename(base / str(number))


def main(path, *values):
    """Serve it."""
    from ner.server.run import serve  # noqa: PLC0415 - tests that use the toy alone are not made to wait

    given = {name: float(value) if "." in value else int(value) for name, _, value in (v.partition("=") for v in values)}
    limits = Limits(**{name: given.pop(name) for name in list(given) if name in Limits.__dataclass_fields__})
    serve(path, load, ServerSettings(limits=limits, **given))


if __name__ == "__main__":
    main(*sys.argv[1:])
