"""The tagger network as an ONNX graph: word ids in, emissions out, as :class:`ner.model.network.TaggerModel` computes them at inference.

Shapes: B batch, T characters (T + 2 tokens), H hidden, U recurrent units, K tags.
"""

from typing import Optional

from albert import lazy
from albert.checkpoints.shapes import encoder_shapes
from albert.errors import UserError
from albert.onnx import products
from albert.onnx.encoder import add_encoder
from albert.onnx.graph import Graph
from ner.model import recurrent
from ner.model.config import CharEncoderConfig, TaggerConfig

PRECISIONS = {"float32": products.Float32, "int8": products.Int8}


def find_obstacle(config: TaggerConfig) -> Optional[str]:
    """Name of the layer for which a tagger has no ONNX graph; None for one that has."""
    if config.lattice is not None:
        return f"{config.rnn} layer with a lexicon"
    kind = recurrent.find(config.rnn, config.lstm_cell)
    return None if kind is None or kind.graph else f"{kind.rnn} layer"


def emissions_graph(config: TaggerConfig, precision: str = "float32") -> Graph:
    """The graph of a tagger's network.

    Its inputs are ``input_word_ids`` int32 [B, T + 2] and ``lengths`` int32 [B], the characters of each row, at least one; its output is
    ``emissions`` float32 [B, T, K].

    Args:
      config: the ``TaggerConfig``.
      precision: ``float32``, or ``int8`` for the arithmetic of the products.

    Raises:
      UserError: there is no graph of its recurrent layer.
    """
    obstacle = find_obstacle(config)
    if obstacle:
        raise UserError(f"ONNX Runtime cannot run a {obstacle}, expected TensorFlow")
    graph = Graph()
    multiply = PRECISIONS[precision](graph)
    word_ids = graph.input("input_word_ids", "int32", ["batch", "tokens"])
    lengths = graph.input("lengths", "int32", ["batch"])
    x = _encode(graph, multiply, config, word_ids, lengths)
    # Without [CLS]; the column of [SEP] in the longest row goes too, in shorter rows it is padding here.
    x = graph.add("Slice", x, graph.ints(1), graph.ints(-1), graph.ints(1))
    width = config.encoder.hidden_size
    kind = recurrent.find(config.rnn, config.lstm_cell)
    if kind is not None:
        x = lazy.load(kind.graph)(graph, multiply, x, lengths, width, config.lstm_units)
        width = 2 * config.lstm_units
    # In float32 whatever the precision, as everywhere.
    emissions = products.Float32(graph).dense(x, ["emissions"], width, len(config.tag_set))
    graph.output(emissions, "emissions", "float32", ["batch", "characters", len(config.tag_set)])
    return graph


def _encode(graph, multiply, config, word_ids, lengths):
    """The encoder's output, float32 [B, T + 2, H]."""
    encoder = config.encoder
    if isinstance(encoder, CharEncoderConfig):
        return multiply.lookup("encoder/embeddings/word", encoder.vocab_size, encoder.hidden_size, word_ids)
    columns = graph.add("Squeeze", graph.add("Shape", word_ids, start=1, end=2), graph.ints(0))
    places = graph.add("Range", graph.constant(0, "int64"), columns, graph.constant(1, "int64"))
    ends = graph.add("Unsqueeze", graph.add("Cast", lengths, to=7), graph.ints(1))
    is_token = graph.add("Less", places, graph.add("Add", ends, graph.ints(2)))
    return add_encoder(graph, multiply, encoder, word_ids, is_token, "encoder/")


def stored_shapes(config: TaggerConfig, graph: Graph) -> dict[str, tuple[int, ...]]:
    """Shapes of all weights that a tagger is stored with: of its graph in float32, of the pooler, which nothing uses, and of the CRF."""
    size = len(config.tag_set)
    shapes = dict(graph.weights)
    if not isinstance(config.encoder, CharEncoderConfig):
        pooler = {name: shape for name, shape in encoder_shapes(config.encoder).items() if name.startswith("pooler/")}
        shapes.update({f"encoder/{name}": shape for name, shape in pooler.items()})
    if config.use_crf:
        shapes.update({f"crf/{name}": (size,) * (2 if name == "transitions" else 1) for name in ("transitions", "start", "end")})
    return shapes
