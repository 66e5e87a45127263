"""An exported model in Python: the interface of ``ner.inference.Predictor`` on a SavedModel, with nothing but TensorFlow."""

import itertools
import os

import numpy as np
import tensorflow as tf

from albert.errors import UserError
from albert.files import read_json
from ner.config import TaggerConfig
from ner.data.joining import Piece
from ner.entity import Entity
from ner.export.saved_model import PROVENANCE, version_directory
from ner.serving_client.texts import encode_text
from ner.tags import Span, tags_from_spans

# Texts per call, in batches: the graph itself puts windows of similar length together.
_BATCHES_PER_CALL = 8


class ExportedPredictor:
    """Runs an exported model on texts.

    Args:
      path: the directory given to ``--export_dir``, of which the newest version is taken, or one of its versions.
      batch_size: texts per call, in eighths: of a call, windows of similar length are computed together.

    Attributes:
      tag_set: its ``TagSet``.
      provenance: what ``assets/provenance.json`` says.

    Raises:
      UserError: there is no exported model, or it is broken.
    """

    def __init__(self, path, batch_size=64):
        directory = version_directory(path)
        assets = os.path.join(directory, "assets")
        self.provenance = read_json(os.path.join(assets, PROVENANCE), "what the exported model was made from")
        values = read_json(os.path.join(assets, "model.json"), "the configuration of the exported model")
        self.tag_set = TaggerConfig.from_dict(values).tag_set
        self.batch_size = batch_size
        try:
            self._model = tf.saved_model.load(directory)
        except (OSError, ValueError, tf.errors.OpError) as e:
            raise UserError(f"{directory}: cannot load the exported model: {str(e).splitlines()[0]}") from e

    @property
    def constrained(self):
        """Whether it was exported to decode only tag sequences the scheme allows."""
        return self.provenance["constrained_decoding"]

    def entities(self, texts):
        """Entities of texts: an iterator over one list of ``Entity`` per text of an iterable of strings."""
        for chunk, outputs in self._run("serving_default", texts):
            columns = (outputs[f"entity_{name}"] for name in ("start", "end", "label", "score"))
            for text, count, *row in zip(chunk, outputs["num_entities"], *columns):
                starts, ends, labels, scores = (column[:count].tolist() for column in row)
                yield [Entity(s, e, label.decode(), text[s:e], score) for s, e, label, score in zip(starts, ends, labels, scores)]

    def tags(self, texts, progress=None):
        """Best tag of every character: a list of one tag list per text. ``progress`` is called with 1 after each text."""
        result = []
        for _, outputs in self._run("tags", texts):
            for length, tags in zip(outputs["length"], outputs["tag"]):
                result.append([tag.decode() for tag in tags[:length].tolist()])
                if progress:
                    progress(1)
        return result

    def predict(self, texts, progress=None):
        """As :meth:`pieces`; ``progress`` is called with 1 after each text."""
        for piece in self.pieces(texts):
            yield piece
            if progress:
                progress(1)

    def pieces(self, texts):
        """Tags and entities: an iterator over one ``ner.data.joining.Piece`` per text of an iterable of strings."""
        texts, copies = itertools.tee(texts)
        for text, entities in zip(copies, self.entities(texts)):
            spans = [Span(entity.start, entity.end, entity.label) for entity in entities]
            # Legal tags are those that the entities have; others must be asked for.
            tags = tags_from_spans(spans, len(text), self.tag_set.scheme) if self.constrained else self.tags([text])[0]
            yield Piece(0, tags, [(span, entity.score) for span, entity in zip(spans, entities)], True)

    def _run(self, signature, texts):
        texts = iter(texts)
        while True:
            chunk = list(itertools.islice(texts, self.batch_size * _BATCHES_PER_CALL))
            if not chunk:
                return
            encoded = np.array([encode_text(text) for text in chunk], object)
            outputs = self._model.signatures[signature](text=tf.constant(encoded, tf.string))
            yield chunk, {name: value.numpy() for name, value in outputs.items()}
