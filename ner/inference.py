"""A trained model over texts of any length: windows, batches by length, tags and scored spans."""

import dataclasses

import numpy as np
import tensorflow as tf

from ner.data.pipeline import encode, evaluation_batches
from ner.data.windows import join_windows, split_windows
from ner.decoding import Decoder
from ner.tags import spans_from_tags


@dataclasses.dataclass(frozen=True)
class Prediction:
    """What a model says about one text.

    Attributes:
      tags: one tag per character.
      spans: list of ``(Span, score)``; empty unless spans were asked for.
    """

    tags: list
    spans: list


class Predictor:
    """Runs a ``TaggerModel`` on texts.

    Text longer than the model's window is read in windows that share a quarter of their characters, and joined where neither
    window is inside an entity.

    Args:
      model: a ``TaggerModel``.
      tokenizer: the tokenizer it was trained with.
      batch_size: windows per batch.
      constrained: whether only tag sequences the scheme allows are decoded.
    """

    def __init__(self, model, tokenizer, batch_size=64, constrained=True):
        self.model = model
        self.tokenizer = tokenizer
        self.batch_size = batch_size
        self.constrained = constrained
        self.tag_set = model.config.tag_set
        self.window = model.config.max_seq_length - 2
        self.overlap = self.window // 4
        signature = {"input_word_ids": tf.TensorSpec([None, None], tf.int32), "lengths": tf.TensorSpec([None], tf.int32)}
        self._tags = tf.function(self._run_tags, input_signature=[signature])
        self._entities = tf.function(self._run_entities, input_signature=[signature])

    def _decoder(self):
        return Decoder(self.model.chain, self.tag_set, self.constrained)

    def _run_tags(self, inputs):
        return {"tags": self._decoder().tags(self.model(inputs, training=False), inputs["lengths"])}

    def _run_entities(self, inputs):
        return self._decoder().entities(self.model(inputs, training=False), inputs["lengths"])

    def tags(self, texts, progress=None):
        """Best tag of every character: list of tag lists. ``progress`` is called with the number of windows done after each batch."""
        return [prediction.tags for prediction in self._predict(texts, self._tags, progress)]

    def predict(self, texts, progress=None):
        """Tags and scored spans of every text: list of ``Prediction``."""
        return self._predict(texts, self._entities, progress)

    def _predict(self, texts, run, progress):
        windows = [split_windows(len(text), self.window, self.overlap) for text in texts]
        pieces = [text[start:end] for text, part in zip(texts, windows) for start, end in part]
        outputs = iter(self._run_pieces(pieces, run, progress))
        return [self._join(part, [next(outputs) for _ in part]) for part in windows]

    def _run_pieces(self, pieces, run, progress):
        """One ``Prediction`` per piece of text, none longer than the window."""
        encoded = encode(pieces, self.tokenizer, self.window + 2)
        results = [None] * len(pieces)
        for indices in evaluation_batches(encoded.lengths, self.batch_size):
            inputs = encoded.batch(indices)
            output = {name: value.numpy() for name, value in run(inputs).items()}
            for row, index in enumerate(indices):
                length = inputs["lengths"][row]
                results[index] = self._read_row({name: value[row, :length] for name, value in output.items()})
            if progress:
                progress(len(indices))
        return results

    def _read_row(self, row):
        tags = self.tag_set.decode(row["tags"])
        if "opens" not in row:
            return Prediction(tags, [])
        starts, ends = np.flatnonzero(row["opens"]), np.flatnonzero(row["closes"])
        log_p = row["opening"][starts] + row["inside"][ends] - row["inside"][starts] + row["closing"][ends]
        # Rounding can lift a sure entity a little above 1.
        scores = np.minimum(np.exp(log_p), 1.0)
        spans = spans_from_tags(tags, self.tag_set.scheme)
        return Prediction(tags, list(zip(spans, scores.tolist())))

    def _join(self, windows, predictions):
        if len(windows) == 1:
            return predictions[0]
        tags = join_windows(windows, [prediction.tags for prediction in predictions], self.tag_set.scheme)
        if not any(prediction.spans for prediction in predictions):
            return Prediction(tags, [])
        found = [
            (span._replace(start=span.start + start, end=span.end + start), score)
            for (start, _), prediction in zip(windows, predictions)
            for span, score in prediction.spans
        ]
        return Prediction(tags, _rescore(spans_from_tags(tags, self.tag_set.scheme), found))


def _rescore(spans, found):
    """Scores for the joined text's spans from those the windows found.

    Two windows that both saw a span had different context: the more certain one counts. A span that no window saw whole, because
    it is longer than the overlap, has the score of its least certain part.
    """
    scores = {}
    for span, score in found:
        scores[span] = max(score, scores.get(span, 0.0))
    result = []
    for span in spans:
        if span not in scores:
            parts = [s for other, s in found if other.start < span.end and span.start < other.end and other.label == span.label]
            scores[span] = min(parts, default=0.0)
        result.append((span, scores[span]))
    return result
