"""The recurrent layers between encoder and CRF: a file each, and a line each here. Importing this imports no TensorFlow."""

import dataclasses

from albert import lazy


@dataclasses.dataclass(frozen=True)
class Kind:
    """A recurrent layer that a tagger may have.

    Attributes:
      rnn, cell: values of ``TaggerConfig.rnn`` and ``lstm_cell`` that choose it. Most kinds have no cells to choose from.
      layer: name of its class with that of the module, a :class:`ner.model.recurrent.base.RecurrentLayer`.
      cell_help: of a kind with several cells, this one in a few words.
      graph: name of the function that adds the layer to an ONNX graph, as those of ``ner.model.recurrent.graphs``; empty for a layer that
        TensorFlow alone can run.
      reads_words: whether it reads a lexicon's words besides characters, and a tagger with it has ``TaggerConfig.lattice``.
    """

    rnn: str
    layer: str
    cell: str = "standard"
    cell_help: str = ""
    graph: str = ""
    reads_words: bool = False


KINDS = (
    Kind("lstm", "ner.model.recurrent.bilstm.BiLSTM", graph="ner.model.recurrent.graphs.lstm", cell_help="the usual one"),
    Kind(
        "lstm",
        "ner.model.recurrent.peephole.PeepholeBiLSTM",
        cell="peephole",
        cell_help="the paper's (eqs. 11-15)",
        graph="ner.model.recurrent.graphs.peephole",
    ),
    Kind("gru", "ner.model.recurrent.gru.BiGRU", graph="ner.model.recurrent.graphs.gru"),
    Kind("lattice", "ner.model.recurrent.lattice.LatticeBiLSTM", reads_words=True),
)


def rnns():
    """Values that ``TaggerConfig.rnn`` may have; ``none`` stands for no layer."""
    return (*dict.fromkeys(kind.rnn for kind in KINDS), "none")


def cells():
    """Values that ``TaggerConfig.lstm_cell`` may have."""
    return tuple(dict.fromkeys(kind.cell for kind in KINDS))


def describe_cells():
    """The cells there are to choose from in words, for a help text."""
    return ", or ".join(kind.cell_help for kind in KINDS if kind.cell_help)


def find(rnn, cell):
    """The ``Kind`` that two values choose, or None."""
    return next((kind for kind in KINDS if (kind.rnn, kind.cell) == (rnn, cell)), None)


def make(config):
    """The recurrent layer of a ``TaggerConfig``, with fresh weights; None for ``rnn="none"``."""
    kind = find(config.rnn, config.lstm_cell)
    return lazy.load(kind.layer).from_tagger_config(config) if kind is not None else None
