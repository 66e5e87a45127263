"""A trained tagger without TensorFlow: its network in ONNX Runtime, the rest in NumPy."""

from typing import Optional

import numpy as np

from albert.onnx.products import given_weights
from ner.decoding.array_decoder import ArrayDecoder, Chain
from ner.decoding.constraints import DEFAULT_OPTIONS, DecodingOptions
from ner.decoding.gazetteer import Gazetteer
from ner.model.config import TaggerConfig
from ner.model.directory import ModelDir
from ner.model.graph import emissions_graph, stored_shapes
from ner.tagging.sessions import Session
from ner.tagging.windowed import WindowedPredictor


class LightPredictor(WindowedPredictor):
    """Runs a network in ONNX Runtime on texts: a :class:`ner.tagging.protocol.TextPredictor`.

    Args:
      session: the network's ``Session``.
      chain: the ``Chain`` to decode with.
      config: the ``TaggerConfig``.
      tokenizer, batch_size, decoding, gazetteer: as for :class:`ner.tagging.windowed.WindowedPredictor`.
    """

    runtime = "onnx"

    def __init__(
        self,
        session: Session,
        chain: Chain,
        config: TaggerConfig,
        tokenizer,
        batch_size: int = 64,
        decoding: DecodingOptions = DEFAULT_OPTIONS,
        gazetteer: Optional[Gazetteer] = None,
    ):
        super().__init__(config, tokenizer, batch_size, decoding, gazetteer)
        self._session = session
        self._decoder = ArrayDecoder(chain, self.tag_set, self.decoding)

    def run(self, kind, inputs, span_scores, edges):
        """See ``WindowedPredictor``."""
        emissions: np.ndarray = self._session.run(inputs)
        if kind.scored:
            return self._decoder.entities(emissions, inputs["lengths"], span_scores, edges)
        return {"tags": self._decoder.tags(emissions, inputs["lengths"], edges)}


def of_source(source, precision: str, batch_size: int, decoding: DecodingOptions, gazetteer: Optional[Gazetteer]) -> LightPredictor:
    """The predictor of a tagger on disk.

    Args:
      source: a :class:`ner.tagging.opening.Source`.
      precision: ``float32`` or ``int8``.
      batch_size, decoding, gazetteer: as for :class:`LightPredictor`.
    """
    graph = emissions_graph(source.config, precision)
    if source.weights is None:
        # What is stored has the shapes of the graph in float32.
        plain = graph if precision == "float32" else emissions_graph(source.config)
        read = ModelDir(source.path).open_weights(stored_shapes(source.config, plain)).read_finite
    else:
        read = source.weights.__getitem__
    session = Session(graph.serialize(), given_weights(graph, read))
    return LightPredictor(session, chain_of(source.config, read), source.config, source.tokenizer, batch_size, decoding, gazetteer)


def chain_of(config, read):
    """The ``Chain`` of stored weights; without a CRF one whose scores are all zero."""
    size = len(config.tag_set)
    if config.use_crf:
        return Chain(*(np.array(read(f"crf/{name}")) for name in ("transitions", "start", "end")))
    return Chain(np.zeros([size, size], np.float32), np.zeros(size, np.float32), np.zeros(size, np.float32))
