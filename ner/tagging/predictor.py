"""A trained model over texts of any length and number: windows, batches by length, tags and scored entities."""

import collections
import copy
import itertools
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from albert.errors import UserError
from ner.batches.encoded import encode
from ner.batches.tagging_batches import WIDTH_MULTIPLE, padded_rows, tagging_batches
from ner.decoding.constraints import DEFAULT_OPTIONS
from ner.decoding.decoder import Decoder
from ner.edges import has_invisible, invisible
from ner.long_text.joining import Piece, WindowJoiner, trim
from ner.long_text.windows import split_windows
from ner.model.inference import emissions_function, frozen_emissions_function
from ner.tagging.forks import check_fork, note_use
from ner.tagging.protocol import TextPredictor, whole
from ner.tags import spans_from_tags

# Windows of this many batches are collected and sorted by length: little padding, and memory that does not grow with the input.
_GROUP_BATCHES = 16
# While one batch's tags are found character by character, on one core, another's products keep the others busy.
_BATCHES_AT_ONCE = 2


class _Window(NamedTuple):
    """A window of a text, still to be tagged."""

    start: int
    end: int
    text: str
    first: bool
    last: bool
    source: str  # the whole text


class _TaggedWindow(NamedTuple):
    tags: list
    spans: list
    scores: list


_EMPTY = _TaggedWindow([], [], [])


class _Kind(NamedTuple):
    """Needs of decoding a batch: entities' probabilities, texts that hold terms, and invisible characters."""

    scored: bool
    matched: bool
    hidden: bool


class Predictor(TextPredictor):
    """Runs a ``TaggerModel`` on texts: a :class:`ner.tagging.protocol.TextPredictor`.

    Text longer than the model's window is read in windows that share a quarter of their characters, and joined where neither
    window is inside an entity.

    Args:
      model: a ``TaggerModel``.
      tokenizer: the tokenizer it was trained with.
      batch_size: windows per batch.
      decoding: ``DecodingOptions``.
      gazetteer: a ``ner.decoding.gazetteer.Gazetteer`` whose terms add to the scores of entities, or None.
      frozen: whether the model's weights stay as they are now, so that what depends on them alone is computed once; not for a model
        that is being trained.

    Raises:
      UserError: the batch size is below 1.
      DataError: a term of the gazetteer is too long to be seen whole wherever it stands, or has a type the model does not know.
    """

    takes_gazetteer = True

    def __init__(self, model, tokenizer, batch_size=64, decoding=DEFAULT_OPTIONS, gazetteer=None, frozen=False):
        if batch_size < 1:
            raise UserError(f"batch_size: found {batch_size}, expected at least 1")
        self.model = model
        self.tokenizer = tokenizer
        self.batch_size = batch_size
        self.decoding = decoding
        self.tag_set = model.config.tag_set
        self.window, self.overlap = model.config.window, model.config.overlap
        self._set_gazetteer(gazetteer)
        note_use()
        self._emissions = frozen_emissions_function(model) if frozen else emissions_function(model)
        # Decoding is a graph of its own: the network's is there once, whatever is decoded.
        kinds = itertools.product((False, True), repeat=3)
        self._functions = {kind: self._function(kind) for kind in map(_Kind._make, kinds)}

    def _set_gazetteer(self, gazetteer):
        if gazetteer is not None:
            gazetteer.check(self.tag_set.types, self.overlap, self.decoding.edges)
        self.gazetteer = gazetteer

    def with_gazetteer(self, gazetteer):
        """See :class:`ner.tagging.protocol.TextPredictor`; network and graphs are shared."""
        other = copy.copy(self)
        other._set_gazetteer(gazetteer)
        return other

    def tags(self, texts, progress=None):
        """See :class:`ner.tagging.protocol.TextPredictor`; no probabilities are computed."""
        return [prediction.tags for prediction in whole(self.pieces(texts, with_scores=False), progress)]

    def pieces(self, texts, with_scores=True):
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
            for window, tagged in zip(group, self._tag_windows([window.text for window in group], with_scores)):
                if window.first and window.last:
                    yield Piece(0, tagged.tags, list(zip(tagged.spans, tagged.scores)), True)
                    continue
                if window.first:
                    joiner = WindowJoiner(self.tag_set.scheme)
                yield self._trimmed(joiner.add((window.start, window.end), *tagged), window.source)
                if window.last:
                    yield self._trimmed(joiner.finish(), window.source)

    def _trimmed(self, piece, text):
        return trim(piece, text, self.tag_set.scheme) if self.decoding.edges else piece

    def _windows(self, texts):
        for text in texts:
            # An empty text has no window, and yet a result.
            places = split_windows(len(text), self.window, self.overlap) or [(0, 0)]
            for i, (start, end) in enumerate(places):
                yield _Window(start, end, text[start:end], i == 0, i == len(places) - 1, text)

    def _tag_windows(self, texts, with_scores):
        """One ``_TaggedWindow`` per text, none longer than the window."""
        results = [_EMPTY] * len(texts)
        encoded = encode(texts, self.tokenizer, self.model.config.max_seq_length)
        matches = [self.gazetteer.matches(text) if self.gazetteer else [] for text in texts]
        chosen = collections.defaultdict(list)
        for i, text in enumerate(texts):
            if text:
                hidden = self.decoding.edges and has_invisible(text)
                chosen[_Kind(with_scores or bool(matches[i]), bool(matches[i]), hidden)].append(i)

        def tag(batch):
            indices, kind = batch
            inputs = self._inputs(encoded, indices)
            rows, columns = inputs["input_word_ids"].shape
            more = []
            if kind.matched:
                found = [matches[i] for i in indices] + [[]] * (rows - len(indices))
                more.append(self.gazetteer.span_scores(found, columns - 2, self.tag_set.types))
            if kind.hidden:
                more.append(np.zeros([rows, columns - 2], bool))
                for row, i in enumerate(indices):
                    more[-1][row, : len(texts[i])] = invisible(texts[i])
            self._read(self._decode(self._functions[kind], inputs, *more), inputs["lengths"], indices, results)

        batches = [(indices, kind) for kind in sorted(chosen) for indices in self._batches(encoded.lengths, chosen[kind])]
        if len(batches) == 1:
            tag(batches[0])
            return results
        # Threads that live no longer than the group: a process that forks later has none to lose.
        with ThreadPoolExecutor(_BATCHES_AT_ONCE) as threads:
            for _ in threads.map(tag, batches):
                pass
        return results

    def _batches(self, lengths, chosen):
        chosen = np.array(chosen, np.int64)
        return (chosen[indices] for indices in tagging_batches(lengths[chosen], self.batch_size))

    def _inputs(self, encoded, indices):
        """The model's inputs for some windows, with empty rows after them so that there are few different numbers of rows."""
        missing = padded_rows(len(indices), self.batch_size) - len(indices)
        batch = encoded.batch(indices, WIDTH_MULTIPLE)
        return {name: np.pad(value, [(0, missing), *[(0, 0)] * (value.ndim - 1)]) for name, value in batch.items()}

    def _decode(self, function, inputs, *more):
        # As few eager tensors as can be, here and among the outputs: under Python 3.11 each leaves a few bytes behind, for good.
        inputs = {name: tf.constant(value) for name, value in inputs.items()}
        return function(self._emissions(inputs), inputs["lengths"], *more)

    def _read(self, outputs, lengths, indices, results):
        """Put a batch's outputs where they belong among the results."""
        outputs = {name: value.numpy() for name, value in outputs.items()}
        for row, (index, length) in enumerate(zip(indices, lengths)):
            tags = self.tag_set.decode(outputs["tags"][row, :length])
            spans = spans_from_tags(tags, self.tag_set.scheme)
            last = [span.end - 1 for span in spans]
            scores = outputs["scores"][row, last].tolist() if "scores" in outputs else [0.0] * len(spans)
            results[index] = _TaggedWindow(tags, spans, scores)

    def _function(self, kind):
        """The graph that decodes batches of a kind: of emissions, lengths and what its texts need besides."""
        num_tags, num_types = len(self.tag_set), len(self.tag_set.types)
        signature = [tf.TensorSpec([None, None, num_tags], tf.float32), tf.TensorSpec([None], tf.int32)]
        signature += [tf.TensorSpec([None, None, None, num_types], tf.float32)] * kind.matched
        signature += [tf.TensorSpec([None, None], tf.bool)] * kind.hidden

        def run(emissions, lengths, *more):
            decoder = Decoder(self.model.chain, self.tag_set, self.decoding)
            hidden = more[-1] if kind.hidden else None
            if not kind.scored:
                return {"tags": decoder.tags(emissions, lengths, hidden)}
            outputs = decoder.entities(emissions, lengths, more[0] if kind.matched else None, hidden)
            return {name: outputs[name] for name in ("tags", "scores")}

        return tf.function(run, input_signature=signature)
