"""``Tagger``: text in, entities out."""

import os
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Optional, Union

from albert.checkpoints.loading import uninitialized
from albert.errors import FieldError, UserError
from albert.tokenization import load_tokenizer
from ner import pretrained
from ner.decoding.constraints import DecodingOptions
from ner.decoding.gazetteer import Gazetteer
from ner.entity import Entity
from ner.export.versions import is_export
from ner.long_text.joining import Piece
from ner.model import token_classification
from ner.model.directory import ModelDir, find_model, is_token_classifier
from ner.model.network import TaggerModel
from ner.serving_client.texts import list_of_texts
from ner.tagging.exported import load_exported
from ner.tagging.forks import check_fork
from ner.tagging.predictor import Predictor
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

    @classmethod
    def load(
        cls,
        path: Optional[Union[str, os.PathLike[str]]] = None,
        batch_size: int = 64,
        constrained_decoding: bool = True,
        lexicon: Optional[Union[str, os.PathLike[str], Gazetteer]] = None,
        decoding: Optional[DecodingOptions] = None,
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

        Raises:
          albert.UserError: the directory does not hold a trained tagger, or the lexicon does not fit; names what is missing or wrong. Or
            this process was forked from one that has a tagger.
        """
        check_fork()
        if path is None:
            path = pretrained.DIRECTORY
        if decoding is None:
            decoding = DecodingOptions(constrained_decoding)
        if is_export(path):
            return cls._load_export(path, batch_size, decoding, lexicon)
        if lexicon is not None and not isinstance(lexicon, Gazetteer):
            lexicon = Gazetteer.load(lexicon)
        path = find_model(path)
        if is_token_classifier(path):
            model, tokenizer = _load_token_classifier(path)
        else:
            directory = ModelDir(path)
            config = directory.read_config()
            tokenizer = directory.read_tokenizer(config)
            model = TaggerModel(config)
            directory.read_weights(model)
        return cls(Predictor(model, tokenizer, batch_size, decoding, lexicon, frozen=True))

    @classmethod
    def _load_export(cls, path: Any, batch_size: int, decoding: DecodingOptions, lexicon: Any) -> "Tagger":
        if lexicon is not None:
            raise UserError(f"{path}: an exported model takes no lexicon; expected the training output it was exported from")
        predictor = load_exported(path, batch_size)
        exported, found = (options.constrained_decoding for options in (predictor.decoding, decoding))
        if exported != found:
            raise FieldError("{constrained_decoding}: found {}, expected {}, with which {} was exported", found, exported, path)
        return cls(predictor)

    @property
    def tag_set(self) -> TagSet:
        """The ``TagSet`` of its tags."""
        return self.predictor.tag_set

    @property
    def labels(self) -> tuple[str, ...]:
        """The entity types it knows, in the order of the model's tags."""
        return self.tag_set.types

    def tag(self, text: str) -> list[Entity]:
        """Entities of one text in the order of their offsets: list of ``Entity``."""
        return self.tag_batch([text])[0]

    def tag_batch(self, texts: Iterable[str]) -> list[list[Entity]]:
        """Entities of several texts: one list of ``Entity`` per text. Faster than one at a time.

        Args:
          texts: iterable of strings.

        Raises:
          TypeError: a text is no string, or there is a single string instead of several.
        """
        return list(self.predictor.entities(list_of_texts(texts)))

    def stream(self, texts: Iterable[str]) -> Iterator[Piece]:
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


def _load_token_classifier(path: Any) -> tuple[Any, Any]:
    """(``TaggerModel``, tokenizer) of a HuggingFace token classification model."""
    found = token_classification.read(path)
    tokenizer = load_tokenizer(found.vocab_file, found.spm_model_file, found.config.do_lower_case)
    tokenizer.check_size(found.config.encoder.vocab_size)
    with uninitialized():
        model = TaggerModel(found.config)
    for name, variable in model.weight_map().items():
        variable.assign(found.weights[name])
    return model, tokenizer
