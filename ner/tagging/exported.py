"""An exported SavedModel in Python."""

import itertools
import os

import numpy as np
import tensorflow as tf

from albert.errors import UserError
from ner.batches.tagging_batches import padded_rows
from ner.entity import Entity
from ner.export.versions import version_directory
from ner.long_text.graph_windows import GROUP_SIZE
from ner.long_text.joining import Piece
from ner.long_text.windows import split_windows
from ner.serving_client.texts import encode_text
from ner.tagging.export_files import read_export
from ner.tagging.forks import check_fork, note_use
from ner.tagging.protocol import TextPredictor
from ner.tags import Span, tags_from_spans

# Texts per call, in batches: the graph itself puts windows of similar length together.
_BATCHES_PER_CALL = 8
# A text of one window, however short windows are.
_FILLER = "。"


class ExportedPredictor(TextPredictor):
    """Runs a SavedModel on texts, with nothing but TensorFlow.

    Args:
      path: the directory given to ``--export_dir``, of which the newest version is taken, or one of its versions.
      batch_size: texts per call, in eighths: of a call, windows of similar length are computed together.

    Raises:
      UserError: there is no exported model, or it is broken; or the batch size is below 1.

    Attributes:
      provenance: the contents of ``provenance.json``.
    """

    runtime = "tensorflow"

    def __init__(self, path, batch_size=64):
        if batch_size < 1:
            raise UserError(f"batch_size: found {batch_size}, expected at least 1")
        directory = version_directory(path)
        found = read_export(os.path.join(directory, "assets"))
        self._config, self.tag_set = found.config, found.config.tag_set
        self.decoding, self.provenance = found.decoding, found.provenance
        self.batch_size = batch_size
        note_use()
        try:
            self._model = tf.saved_model.load(directory)
        except (OSError, ValueError, tf.errors.OpError) as e:
            raise UserError(f"{directory}: cannot load the exported model: {str(e).splitlines()[0]}") from e

    def entities(self, texts):
        """See :class:`ner.tagging.protocol.TextPredictor`; one call of the model for each chunk of texts."""
        for chunk in self._chunks(texts):
            yield from self._entities(chunk)

    def tags(self, texts, progress=None):
        """See :class:`ner.tagging.protocol.TextPredictor`; no probabilities are computed."""
        result = []
        for chunk in self._chunks(texts):
            for tags in self._tags(chunk):
                result.append(tags)
                if progress:
                    progress(1)
        return result

    def pieces(self, texts):
        """See :class:`ner.tagging.protocol.TextPredictor`; each text is one piece."""
        for chunk in self._chunks(texts):
            spans = [[(Span(e.start, e.end, e.label), e.score) for e in entities] for entities in self._entities(chunk)]
            for tags, own in zip(self._legal_tags(chunk, spans) if self.decoding.constrained_decoding else self._tags(chunk), spans):
                yield Piece(0, tags, own, True)

    def _legal_tags(self, chunk, spans):
        """Tags of a tagger that is constrained: those that its entities have. They need not be asked for."""
        return (tags_from_spans([span for span, _ in own], len(text), self.tag_set.scheme) for text, own in zip(chunk, spans))

    def _chunks(self, texts):
        texts = iter(texts)
        return iter(lambda: list(itertools.islice(texts, self.batch_size * _BATCHES_PER_CALL)), [])

    def _entities(self, chunk):
        outputs = self._run("serving_default", chunk)
        columns = (outputs[f"entity_{name}"] for name in ("start", "end", "label", "score"))
        for text, count, *row in zip(chunk, outputs["num_entities"], *columns):
            starts, ends, labels, scores = (column[:count].tolist() for column in row)
            yield [Entity(s, e, label.decode(), text[s:e], score) for s, e, label, score in zip(starts, ends, labels, scores)]

    def _tags(self, chunk):
        outputs = self._run("tags", chunk)
        for _, length, tags in zip(chunk, outputs["length"], outputs["tag"]):
            yield [tag.decode() for tag in tags[:length].tolist()]

    def _run(self, signature, chunk):
        """A signature's outputs as arrays, whose first rows are those of the texts."""
        check_fork()
        # The graph computes windows in groups, the shortest last: what is added here makes the last group's rows as few different
        # numbers as ``Predictor``'s batches have.
        rows = sum(len(split_windows(len(text), self._config.window, self._config.overlap)) for text in chunk) % GROUP_SIZE
        fillers = [_FILLER] * (padded_rows(rows, GROUP_SIZE) - rows)
        encoded = np.array([encode_text(text) for text in (*chunk, *fillers)], object)
        outputs = self._model.signatures[signature](text=tf.constant(encoded, tf.string))
        return {name: value.numpy() for name, value in outputs.items()}
