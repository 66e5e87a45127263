"""Exported models in Python: a ``TextPredictor`` of a SavedModel or of a TensorFlow Lite file."""

import itertools
import os
import threading

import numpy as np
import tensorflow as tf

from albert.errors import UserError
from albert.files import read_json, sha256
from ner.batches.tagging_batches import padded_rows
from ner.decoding.constraints import DecodingOptions
from ner.edges import invisible
from ner.entity import Entity
from ner.export.provenance import PROVENANCE
from ner.export.versions import TFLITE_MODEL, format_of, version_directory
from ner.long_text.graph_windows import GROUP_SIZE
from ner.long_text.joining import Piece, WindowJoiner, trim
from ner.long_text.windows import split_windows
from ner.model.config import TaggerConfig
from ner.model.directory import ModelDir
from ner.serving_client.texts import encode_text
from ner.tagging.forks import check_fork, note_use
from ner.tagging.protocol import TextPredictor
from ner.tags import Span, spans_from_tags, tags_from_spans

# Texts per call, in batches: the graph itself puts windows of similar length together.
_BATCHES_PER_CALL = 8
# A text of one window, however short windows are.
_FILLER = "。"


def load_exported(path, batch_size=64):
    """The :class:`ExportedPredictor` or :class:`TFLitePredictor` of a version, or of the newest version in a directory of them."""
    directory = version_directory(path)
    return TFLitePredictor(directory) if format_of(directory) == "tflite" else ExportedPredictor(directory, batch_size)


class _Exported(TextPredictor):
    """Base of ``ExportedPredictor`` and ``TFLitePredictor``.

    Attributes:
      tag_set: its ``TagSet``.
      decoding: the ``DecodingOptions`` it was exported with.
      provenance: the contents of ``provenance.json``.
    """

    def __init__(self, assets):
        path = os.path.join(assets, PROVENANCE)
        self.provenance = read_json(path, "what the exported model was made from", allow_nan=True)
        if not isinstance(self.provenance.get("constrained_decoding"), bool):
            raise UserError(f"{path}: found no constrained_decoding, expected what the export wrote")
        # Exports of version 0.1.0 do not tell, and do not look at characters.
        edges = self.provenance.get("visible_edges", False)
        self.decoding = DecodingOptions(self.provenance["constrained_decoding"], visible_edges=edges is True)
        self._config = TaggerConfig.from_json_file(os.path.join(assets, "model.json"), "the configuration of the exported model")
        self.tag_set = self._config.tag_set

    def _windows(self, text):
        return split_windows(len(text), self._config.window, self._config.overlap)


class ExportedPredictor(_Exported):
    """Runs a SavedModel on texts, with nothing but TensorFlow.

    Args:
      path: the directory given to ``--export_dir``, of which the newest version is taken, or one of its versions.
      batch_size: texts per call, in eighths: of a call, windows of similar length are computed together.

    Raises:
      UserError: there is no exported model, or it is broken; or the batch size is below 1.
    """

    def __init__(self, path, batch_size=64):
        if batch_size < 1:
            raise UserError(f"batch_size: found {batch_size}, expected at least 1")
        directory = version_directory(path)
        super().__init__(os.path.join(directory, "assets"))
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
        rows = sum(len(self._windows(text)) for text in chunk) % GROUP_SIZE
        fillers = [_FILLER] * (padded_rows(rows, GROUP_SIZE) - rows)
        encoded = np.array([encode_text(text) for text in (*chunk, *fillers)], object)
        outputs = self._model.signatures[signature](text=tf.constant(encoded, tf.string))
        return {name: value.numpy() for name, value in outputs.items()}


class TFLitePredictor(_Exported):
    """Runs a TensorFlow Lite file on texts: what a device's own code has to do.

    Args:
      path: the directory given to ``--export_dir``, of which the newest version is taken, or one of its versions.
      num_threads: threads of the interpreter. More than one help wide models alone, and on a processor that others use as well they
        spend their time waiting for each other.

    Raises:
      UserError: there is no exported model, or it is broken.
    """

    def __init__(self, path, num_threads=1):
        directory = version_directory(path)
        super().__init__(directory)
        self._tokenizer = ModelDir(directory).read_tokenizer(self._config)
        file = os.path.join(directory, TFLITE_MODEL)
        # The interpreter takes a broken file for a good one, and the process ends.
        if not os.path.isfile(file) or sha256(file) != self.provenance.get("sha256"):
            raise UserError(f"{file}: found another file than was exported, expected the SHA-256 of {PROVENANCE}")
        try:
            self._run = tf.lite.Interpreter(file, num_threads=num_threads).get_signature_runner()
        except (OSError, ValueError, RuntimeError) as e:
            raise UserError(f"{file}: cannot load the exported model: {str(e).splitlines()[0]}") from e
        # An interpreter has one set of tensors, and a worker of ``ner.beam`` several threads.
        self._lock = threading.Lock()

    def pieces(self, texts):
        """See :class:`ner.tagging.protocol.TextPredictor`; each text is one piece."""
        return map(self._tag, texts)

    def _tag(self, text):
        joiner = WindowJoiner(self.tag_set.scheme)
        pieces = []
        for start, end in self._windows(text):
            outputs = self._tag_window(text[start:end])
            tags = self.tag_set.decode(outputs["tags"])
            spans = spans_from_tags(tags, self.tag_set.scheme)
            pieces.append(joiner.add((start, end), tags, spans, [float(outputs["scores"][span.end - 1]) for span in spans]))
        pieces.append(joiner.finish())
        if self.decoding.edges:
            pieces = [trim(piece, text, self.tag_set.scheme) for piece in pieces]
        return Piece(0, [tag for piece in pieces for tag in piece.tags], [span for piece in pieces for span in piece.spans], True)

    def _tag_window(self, text):
        tokenizer, length = self._tokenizer, len(text)
        ids = np.array([[tokenizer.cls_id, *tokenizer.encode(text), tokenizer.sep_id]], np.int32)
        hidden = {"invisible": invisible(text)[None]} if self.decoding.edges else {}
        with self._lock:
            outputs = self._run(input_word_ids=ids, lengths=np.array([length], np.int32), **hidden)
        return {name: value[0] for name, value in outputs.items()}
