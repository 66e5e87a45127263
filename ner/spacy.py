"""A tagger in a spaCy pipeline; needs spaCy, the extra ``spacy``.

::

    nlp = spacy.blank("zh")
    nlp.add_pipe("albert_ner", config={"path": "output/mine"})
    [(entity.text, entity.label_) for entity in nlp("江苏省委书记到上海交通大学看望李明教授。").ents]

An installed package tells spaCy of the component; from a checkout that is not installed, ``import ner.spacy`` does.
"""

import collections
from collections.abc import Iterable, Iterator
from typing import Optional

from ner.tagging.tagger import Tagger

try:
    from spacy.language import Language
    from spacy.tokens import Doc, Span
except ImportError as e:
    raise ImportError("ner.spacy: found no spaCy, expected it: pip install 'albert-ner[spacy]'") from e

_SCORE = "albert_ner_score"


class AlbertNer:
    """Sets ``doc.ents``, and the score of each as ``entity._.albert_ner_score``.

    Entities are found in the text and not in the tokens. A token that holds the edge of an entity is split there, so that the entity's
    characters are exactly the tagger's. Entities that other components found stay where they do not overlap.

    Args:
      tagger: ``ner.Tagger``.
      split_tokens: False to leave tokens as they are; entities whose edges lie inside a token are then left out.
    """

    def __init__(self, tagger: Tagger, split_tokens: bool = True):
        self.tagger = tagger
        self._split_tokens = split_tokens
        if not Span.has_extension(_SCORE):
            Span.set_extension(_SCORE, default=None)

    def __call__(self, doc: Doc) -> Doc:
        return self._set(doc, self.tagger.tag(doc.text))

    def pipe(self, stream: Iterable[Doc], batch_size: Optional[int] = None) -> Iterator[Doc]:
        """Documents with their entities, in bounded memory; batches are the tagger's own, whatever ``batch_size`` says."""
        waiting = collections.deque()

        def texts():
            for doc in stream:
                waiting.append(doc)
                yield doc.text

        for entities in self.tagger.stream(texts()):
            yield self._set(waiting.popleft(), entities)

    def _set(self, doc, entities):
        if self._split_tokens:
            _split(doc, {edge for entity in entities for edge in (entity.start, entity.end)})
        pairs = [(doc.char_span(entity.start, entity.end, label=entity.label), entity.score) for entity in entities]
        found = [span for span, _ in pairs if span is not None]
        taken = {token.i for span in found for token in span}
        doc.ents = [*found, *(span for span in doc.ents if not any(token.i in taken for token in span))]
        for span, score in pairs:
            if span is not None:
                span._.set(_SCORE, score)
        return doc


def _split(doc, edges):
    """Split the tokens that have a character offset of ``edges`` inside them."""
    with doc.retokenize() as retokenizer:
        for token in doc:
            inside = sorted(edge - token.idx for edge in edges if token.idx < edge < token.idx + len(token.text))
            if inside:
                parts = [token.text[start:end] for start, end in zip([0, *inside], [*inside, len(token.text)])]
                retokenizer.split(token, parts, heads=[(token, 0)] * len(parts))


_DEFAULTS = {"path": None, "batch_size": 64, "lexicon": None, "split_tokens": True}


@Language.factory("albert_ner", assigns=["doc.ents"], default_config=_DEFAULTS)
def make(nlp: Language, name: str, path: Optional[str], batch_size: int, lexicon: Optional[str], split_tokens: bool) -> AlbertNer:
    """The component; ``path``, ``batch_size`` and ``lexicon`` are those of ``ner.Tagger.load``."""
    return AlbertNer(Tagger.load(path, batch_size, lexicon=lexicon), split_tokens)
