"""A tagger's exact posteriors over texts: of its own entities, of entities that it is asked about, and of how many there are."""

import dataclasses
from collections.abc import Iterator, Sequence
from typing import Optional

import numpy as np
import tensorflow as tf

from albert.errors import UserError
from ner.batches.encoded import encode
from ner.decoding.posteriors import PosteriorDecoder
from ner.long_text.windows import split_windows
from ner.tagging.predictor import Predictor
from ner.tags import Span, spans_from_tags, tags_from_spans

# Texts whose windows are sorted by length together.
_GROUP = 1024


@dataclasses.dataclass(frozen=True)
class TextPosterior:
    """Probabilities of one text.

    Attributes:
      spans: list of (``Span``, probability): the tagger's entities.
      given: probabilities of the entities it was asked about, in their order; 0 for types it does not know, None for entities that are in
        no window as a whole.
      expected: expected number of entities.
    """

    spans: list[tuple[Span, float]]
    given: list[Optional[float]]
    expected: float

    @property
    def doubt(self) -> float:
        """Expected number of wrong and of missing entities in the tagger's own reading."""
        return max(0.0, len(self.spans) + self.expected - 2 * sum(score for _, score in self.spans))


class Posteriors:
    """Reads posteriors off a tagger.

    Args:
      tagger: a ``ner.Tagger`` of a training output directory, loaded with ``runtime="tensorflow"``.

    Raises:
      UserError: it is one of an exported model, which gives no more than its entities.
    """

    def __init__(self, tagger):
        if not isinstance(tagger.predictor, Predictor):
            raise UserError("found an exported tagger, expected a training output directory: posteriors need the network itself")
        self._predictor = tagger.predictor
        self._reader = _Reader(self._predictor)

    def read(self, texts: Sequence[str], given: Optional[Sequence] = None) -> Iterator[TextPosterior]:
        """Yield the :class:`TextPosterior` of each text, in order.

        Args:
          texts: N strings, not empty.
          given: N lists of ``Span`` to be judged, none over another; nothing by default.
        """
        for first in range(0, len(texts), _GROUP):
            group = texts[first : first + _GROUP]
            asked = [[]] * len(group) if given is None else given[first : first + _GROUP]
            yield from self._read_group(group, asked)

    def _read_group(self, texts, asked):
        window, overlap = self._reader.window, self._reader.overlap
        places = [(number, start, end) for number, text in enumerate(texts) for start, end in split_windows(len(text), window, overlap)]
        inside = [[s for s in asked[number] if start <= s.start and s.end <= end] for number, start, end in places]
        shifted = [[Span(s.start - start, s.end - start, s.label) for s in own] for own, (_, start, _) in zip(inside, places)]
        results = self._reader.read([texts[number][start:end] for number, start, end in places], shifted)
        long = [number for number, text in enumerate(texts) if len(text) > window]
        # The windows of long texts are joined as in tagging.
        joined = dict(zip(long, self._predictor.predict([texts[number] for number in long]))) if long else {}
        spans, expected = [[] for _ in texts], [0.0] * len(texts)
        judged = [{} for _ in texts]
        for k, ((number, start, end), own, result) in enumerate(zip(places, inside, results)):
            size = len(texts[number])
            # Each character is the window's in which it is further from the edge.
            low = (start + places[k - 1][2]) // 2 if start else 0
            high = (end + places[k + 1][1]) // 2 if end < size else size
            expected[number] += float(result.opens[low - start : high - start].sum())
            if number not in joined:
                spans[number] = result.spans
            for span, probability in zip(own, result.given):
                margin = min(span.start - start if start else size, end - span.end if end < size else size)
                judged[number][span] = max(judged[number].get(span, (-1, 0.0)), (margin, probability))
        for number, found in joined.items():
            spans[number] = found.spans
        for number in range(len(texts)):
            yield TextPosterior(spans[number], [judged[number].get(span, (0, None))[1] for span in asked[number]], expected[number])


@dataclasses.dataclass(frozen=True)
class _WindowPosterior:
    spans: list
    given: list
    opens: np.ndarray


class _Reader(Predictor):
    """A predictor whose graph gives the posteriors of windows."""

    def __init__(self, predictor):
        super().__init__(predictor.model, predictor.tokenizer, predictor.batch_size, predictor.decoding, frozen=True)
        num_tags = len(self.tag_set)
        signature = [
            tf.TensorSpec([None, None, num_tags], tf.float32),
            tf.TensorSpec([None], tf.int32),
            tf.TensorSpec([None, None], tf.int32),
        ]

        def run(emissions, lengths, given):
            return PosteriorDecoder(self.model.chain, self.tag_set, self.decoding).posteriors(emissions, lengths, given)

        self._posteriors = tf.function(run, input_signature=signature)

    def read(self, texts, given):
        """One ``_WindowPosterior`` per text, none longer than the window; ``given`` are lists of ``Span``."""
        scheme, types = self.tag_set.scheme, frozenset(self.tag_set.types)
        known = [[span for span in spans if span.label in types] for spans in given]
        encoded = encode(texts, self.tokenizer, self.config.max_seq_length)
        results = [None] * len(texts)
        for indices in self._batches(encoded.lengths, np.arange(len(texts))):
            inputs = self.inputs(encoded, indices)
            tags = np.zeros([inputs["lengths"].shape[0], inputs["input_word_ids"].shape[1] - 2], np.int32)
            for row, i in enumerate(indices):
                tags[row, : len(texts[i])] = self.tag_set.encode(tags_from_spans(known[i], len(texts[i]), scheme))
            outputs = self.decode(self._posteriors, inputs, tags)
            for row, i in enumerate(indices):
                found = spans_from_tags(self.tag_set.decode(outputs["tags"][row, : len(texts[i])]), scheme)
                spans = [(span, float(outputs["scores"][row, span.end - 1])) for span in found]
                judged = {span: float(outputs["given"][row, span.end - 1]) for span in known[i]}
                results[i] = _WindowPosterior(spans, [judged.get(span, 0.0) for span in given[i]], outputs["opens"][row, : len(texts[i])])
        return results
