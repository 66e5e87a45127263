"""``Tagger``: text in, entities out."""

import os
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Optional, Union, cast

from ner.data.examples import Corpus
from ner.data.given import Given, read_given
from ner.decoding.constraints import DecodingOptions
from ner.decoding.gazetteer import Gazetteer
from ner.entity import Entities
from ner.evaluation.scores import Evaluation, evaluate
from ner.long_text.joining import Piece
from ner.serving_client.texts import list_of_texts
from ner.tagging.forks import check_fork
from ner.tagging.opening import open_predictor
from ner.tagging.protocol import Prediction, TextPredictor
from ner.tags import TagSet


class Tagger:
    """Finds named entities in text of any length.

    Example::

        tagger = ner.Tagger.load()
        for entity in tagger.tag("江苏省委书记到上海交通大学看望李明教授。"):
            print(entity.start, entity.end, entity.label, entity.text, entity.score)

    Args:
      predictor: a :class:`ner.tagging.protocol.TextPredictor`, such as ``ner.tagging.predictor.Predictor``.
    """

    def __init__(self, predictor: TextPredictor) -> None:
        self.predictor = predictor
        self._loaded_with: Optional[tuple[Any, ...]] = None

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickled as what it was loaded with: another process loads it from the same path."""
        if self._loaded_with is None:
            raise TypeError("tagger: found one that was not made by Tagger.load, expected a path from which another process can load it")
        return _load, (type(self), self._loaded_with)

    @classmethod
    def load(
        cls,
        path: Optional[Union[str, os.PathLike[str]]] = None,
        batch_size: int = 64,
        constrained_decoding: bool = True,
        lexicon: Optional[Union[str, os.PathLike[str], Gazetteer]] = None,
        decoding: Optional[DecodingOptions] = None,
        runtime: str = "auto",
        precision: str = "float32",
        guideline: Optional[str] = None,
    ) -> "Tagger":
        """Tagger with the weights of a training output directory, or of an exported model.

        Args:
          path: the directory; of an exported model's versions, the newest is taken. Also a HuggingFace token classification model
            (ALBERT or BERT): its directory, or ``hf:owner/name[@revision]``, which is fetched if it has to be. By default the tagger
            that comes with the package, which finds PER, LOC and ORG in simplified Chinese; its model card is in ``ner/pretrained``.
          batch_size: texts, or windows of long texts, per batch.
          constrained_decoding: whether only tag sequences the scheme allows are decoded.
          lexicon: file of must-tag and never-tag terms (``ner.decoding.gazetteer``), or a ``Gazetteer``.
          decoding: ``DecodingOptions``; by default those of ``constrained_decoding`` alone, which they take the place of.
          runtime: ``onnx`` for ONNX Runtime (the extra ``light``), ``tensorflow``, or ``auto``: ONNX Runtime where it is installed and has
            all of the network's layers, unless there is a GPU for TensorFlow. What is found is the same.
          precision: arithmetic of the network: ``float32``; ``bfloat16`` (TensorFlow) or ``int8`` (ONNX Runtime), which are quicker where
            the processor has instructions for them, and find a little else; or ``auto``, the quickest.
          guideline: of a training output, the rules by which it tags: ``gold``, those of its training set, or ``silver``, those of the
            silver sentences if it was trained on some. By default as its ``TaggerConfig`` says.

        Raises:
          albert.UserError: the directory does not hold a trained tagger, or the lexicon does not fit; names what is missing or wrong. Or
            this process was forked from one that has a tagger.
        """
        check_fork()
        options = DecodingOptions(constrained_decoding) if decoding is None else decoding
        tagger = cls(open_predictor(path, batch_size, options, lexicon, runtime, precision, guideline))
        # Absolute: another process may have another working directory. The name of a release stays one.
        place = os.path.abspath(path) if path is not None and os.path.exists(path) else path
        tagger._loaded_with = (place, batch_size, constrained_decoding, lexicon, decoding, runtime, precision, guideline)
        return tagger

    @property
    def tag_set(self) -> TagSet:
        """The ``TagSet`` of its tags."""
        return self.predictor.tag_set

    @property
    def labels(self) -> tuple[str, ...]:
        """The entity types it knows, in the order of the model's tags."""
        return self.tag_set.types

    def tag(self, text: str) -> Entities:
        """Entities of one text in the order of their offsets: list of ``Entity``."""
        return self.tag_batch([text])[0]

    def evaluate(self, data: Union[Given, Corpus], split: str = "test") -> Evaluation:
        """``ner.evaluation.scores.Evaluation`` of the tagger on labelled data.

        Args:
          data: a directory, of which ``split`` is read; a file; a list of ``(text, [(start, end, label), …])``; or a ``Corpus``.
          split: ``train``, ``dev`` or ``test``.

        Raises:
          DataError: the data cannot be read, or holds a type that the tagger does not know; names file and line.
        """
        # A split that is required is never None.
        corpus = data if isinstance(data, Corpus) else cast(Corpus, read_given(data, split, types=self.labels))
        scheme = self.tag_set.scheme
        return evaluate([example.tags for example in corpus], self.tags([example.text for example in corpus]), scheme)

    def tag_batch(self, texts: Iterable[str]) -> list[Entities]:
        """Entities of several texts: one list of ``Entity`` per text. Faster than one at a time.

        Args:
          texts: iterable of strings.

        Raises:
          TypeError: a text is no string, or there is a single string instead of several.
        """
        return list(self.predictor.entities(list_of_texts(texts)))

    def stream(self, texts: Iterable[str]) -> Iterator[Entities]:
        """Entities of any number of texts, in bounded memory: an iterator over a list of ``Entity`` per text.

        Args:
          texts: iterable of strings; read only as far as what is computed together needs.

        Raises:
          TypeError: there is a single string instead of several.
        """
        if isinstance(texts, str):
            raise TypeError("stream: found a single string, expected several; tag takes one")
        return self.predictor.entities(texts)

    def pieces(self, texts: Iterable[str]) -> Iterator[Piece]:
        """Tags and entities of every text in parts as they become final: an iterator over ``ner.long_text.joining.Piece``.

        For texts of any length and number in little memory; see ``ner.tagging.protocol.TextPredictor.pieces``.
        """
        return self.predictor.pieces(texts)

    def predict(self, texts: Iterable[str], progress: Optional[Callable[[int], object]] = None) -> Iterator[Prediction]:
        """Tags and scored entities of each text: an iterator over ``ner.tagging.protocol.Prediction``.

        Args:
          texts: iterable of strings.
          progress: function that is called with 1 after each text, or None.
        """
        return self.predictor.predict(texts, progress)

    def tags(self, texts: Iterable[str], progress: Optional[Callable[[int], object]] = None) -> list[list[str]]:
        """Best tag of every character: one list of tags per text, faster than with scores; arguments as for :meth:`predict`."""
        return self.predictor.tags(texts, progress)


def _load(tagger_class: type[Tagger], arguments: tuple[Any, ...]) -> Tagger:
    return tagger_class.load(*arguments)
