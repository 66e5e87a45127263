"""Texts of any length and number through a network of fixed width: windows, batches by length, tags and scored entities.

Needs no TensorFlow.
"""

import collections
import copy
import itertools
from abc import abstractmethod
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple, Optional

import numpy as np

from albert.errors import UserError
from ner.batches.encoded import encode
from ner.batches.tagging_batches import tagging_batches
from ner.decoding.constraints import DEFAULT_OPTIONS, DecodingOptions
from ner.decoding.gazetteer import NEVER, Gazetteer
from ner.edges import NO_BEGIN, NO_END, edge_classes, has_edge_class, part_between_edges
from ner.long_text.joining import Piece, WindowJoiner, trim
from ner.long_text.windows import split_windows
from ner.model.config import TaggerConfig
from ner.tagging.forks import check_fork, note_use
from ner.tagging.protocol import TextPredictor, whole
from ner.tags import spans_from_tags

# Windows of this many batches are collected and sorted by length: little padding, and memory that does not grow with the input.
_GROUP_BATCHES = 16


class _Window(NamedTuple):
    """A window of a text, still to be tagged."""

    start: int
    end: int
    text: str
    read: str  # as the network reads it
    first: bool
    last: bool
    source: str  # the whole text


class _TaggedWindow(NamedTuple):
    tags: list
    spans: list
    scores: list


_EMPTY = _TaggedWindow([], [], [])


class Kind(NamedTuple):
    """Needs of decoding a batch: entities' probabilities, texts that hold terms, and characters that may not be an entity's edge."""

    scored: bool
    matched: bool
    edges: bool


class WindowedPredictor(TextPredictor):
    """Base of what runs a network on texts: a :class:`ner.tagging.protocol.TextPredictor`.

    Text longer than the model's window is read in windows that share a quarter of their characters, and joined where neither
    window is inside an entity.

    Args:
      config: the ``TaggerConfig``.
      tokenizer: the tokenizer the model was trained with.
      batch_size: windows per batch.
      decoding: ``DecodingOptions``.
      gazetteer: a ``ner.decoding.gazetteer.Gazetteer`` whose terms add to the scores of entities, or None.

    Raises:
      UserError: the batch size is below 1.
      DataError: a term of the gazetteer is too long to be seen whole wherever it stands, or has a type the model does not know.
    """

    # While one batch's tags are found character by character, on one core, another's products keep the others busy.
    batches_at_once = 2
    takes_gazetteer = True

    def __init__(
        self,
        config: TaggerConfig,
        tokenizer,
        batch_size: int = 64,
        decoding: DecodingOptions = DEFAULT_OPTIONS,
        gazetteer: Optional[Gazetteer] = None,
    ):
        if batch_size < 1:
            raise UserError(f"batch_size: found {batch_size}, expected at least 1")
        self.config = config
        self.tokenizer = tokenizer
        self.batch_size = batch_size
        self.decoding = decoding.for_tagger(config.edge_punctuation)
        self.tag_set = config.tag_set
        self.window, self.overlap = config.window, config.overlap
        self._set_gazetteer(gazetteer)
        note_use()

    def _set_gazetteer(self, gazetteer):
        if gazetteer is not None:
            gazetteer.check(self.tag_set.types, self.overlap, self.decoding.edges)
        self.gazetteer = gazetteer

    def with_gazetteer(self, gazetteer: Optional[Gazetteer]) -> "WindowedPredictor":
        """See :class:`ner.tagging.protocol.TextPredictor`; network and graphs are shared."""
        other = copy.copy(self)
        other._set_gazetteer(gazetteer)
        return other

    @abstractmethod
    def run(self, kind: Kind, inputs: dict, span_scores: Optional[np.ndarray], edges: Optional[np.ndarray]) -> dict:
        """Tags of a batch.

        Args:
          kind: what it needs.
          inputs: the network's inputs, of :meth:`inputs`.
          span_scores, edges: with ``kind.matched`` and ``kind.edges``, as ``Decoder.entities`` takes them; else None.

        Returns:
          dict of arrays: ``tags`` int32 [B, T], and with ``kind.scored`` ``scores`` float32 [B, T].
        """

    def inputs(self, encoded, indices) -> dict:
        """The network's inputs for some windows; there may be empty rows after them."""
        return encoded.batch(indices, 1)

    def tags(self, texts, progress=None):
        """See :class:`ner.tagging.protocol.TextPredictor`; no probabilities are computed."""
        return [prediction.tags for prediction in whole(self.pieces(texts, with_scores=False), progress)]

    def pieces(self, texts: Iterable[str], with_scores: bool = True) -> Iterator[Piece]:
        """See :class:`ner.tagging.protocol.TextPredictor`; texts are read only as far as the next group of batches needs.

        Args:
          texts: iterable of strings.
          with_scores: whether the entities' probabilities are computed; without, scores are 0.
        """
        check_fork()
        windows = self._windows(texts)
        size = self.batch_size * _GROUP_BATCHES
        joiner = None
        while True:
            group = list(itertools.islice(windows, size))
            if not group:
                return
            for window, tagged in zip(group, self._tag_windows(group, with_scores)):
                if window.first and window.last:
                    yield Piece(0, tagged.tags, list(zip(tagged.spans, tagged.scores)), True)
                    continue
                if window.first:
                    joiner = WindowJoiner(self.tag_set.scheme)
                yield self._trimmed(joiner.add((window.start, window.end), *tagged), window.source)
                if window.last:
                    yield self._trimmed(joiner.finish(), window.source)

    def _trimmed(self, piece, text):
        return trim(piece, text, self.tag_set.scheme, self._part) if self.decoding.edges else piece

    def _part(self, text, start, end):
        if self.gazetteer and any(m[:2] == (0, end - start) and m.label != NEVER for m in self.gazetteer.matches(text[start:end])):
            return start, end
        return part_between_edges(text, start, end, self.decoding.punctuation)

    def _edge_classes(self, text, matches):
        """Classes of a window's characters; where a term stands its own edges are as they are, a name such as Yahoo!'s among them."""
        classes = edge_classes(text, self.decoding.punctuation)
        for match in matches:
            if match.label != NEVER:
                classes[match.start] &= ~NO_BEGIN
                classes[match.end - 1] &= ~NO_END
        return classes

    def _windows(self, texts):
        for text in texts:
            # An empty text has no window, and yet a result.
            places = split_windows(len(text), self.window, self.overlap) or [(0, 0)]
            # Of the whole text: a window's first character may be mapped by the one before it.
            read = self.tokenizer.map_characters(text)
            for i, (start, end) in enumerate(places):
                yield _Window(start, end, text[start:end], read[start:end], i == 0, i == len(places) - 1, text)

    def _tag_windows(self, windows, with_scores):
        """One ``_TaggedWindow`` per ``_Window``."""
        texts = [window.text for window in windows]
        results = [_EMPTY] * len(texts)
        encoded = encode([window.read for window in windows], self.tokenizer, self.config.max_seq_length)
        matches = [self.gazetteer.matches(text) if self.gazetteer else [] for text in texts]
        chosen = collections.defaultdict(list)
        for i, text in enumerate(texts):
            if text:
                edges = self.decoding.edges and has_edge_class(text, self.decoding.punctuation)
                chosen[Kind(with_scores or bool(matches[i]), bool(matches[i]), edges)].append(i)

        def tag(batch):
            indices, kind = batch
            inputs = self.inputs(encoded, indices)
            rows, columns = inputs["input_word_ids"].shape
            span_scores = edges = None
            if kind.matched:
                found = [matches[i] for i in indices] + [[]] * (rows - len(indices))
                span_scores = self.gazetteer.span_scores(found, columns - 2, self.tag_set.types)
            if kind.edges:
                edges = np.zeros([rows, columns - 2], np.int32)
                for row, i in enumerate(indices):
                    edges[row, : len(texts[i])] = self._edge_classes(texts[i], matches[i])
            self._read(self.run(kind, inputs, span_scores, edges), inputs["lengths"], indices, results)

        batches = [(indices, kind) for kind in sorted(chosen) for indices in self._batches(encoded.lengths, chosen[kind])]
        if len(batches) == 1:
            tag(batches[0])
            return results
        # Threads that live no longer than the group: a process that forks later has none to lose.
        with ThreadPoolExecutor(self.batches_at_once) as threads:
            for _ in threads.map(tag, batches):
                pass
        return results

    def _batches(self, lengths, chosen):
        chosen = np.array(chosen, np.int64)
        return (chosen[indices] for indices in tagging_batches(lengths[chosen], self.batch_size))

    def _read(self, outputs, lengths, indices, results):
        """Put a batch's outputs where they belong among the results."""
        for row, (index, length) in enumerate(zip(indices, lengths)):
            tags = self.tag_set.decode(outputs["tags"][row, :length])
            spans = spans_from_tags(tags, self.tag_set.scheme)
            last = [span.end - 1 for span in spans]
            scores = outputs["scores"][row, last].tolist() if "scores" in outputs else [0.0] * len(spans)
            results[index] = _TaggedWindow(tags, spans, scores)
