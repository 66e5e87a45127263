"""The systems of the comparison."""

import dataclasses
from typing import Optional

from albert.errors import FieldError
from ner.reproduce.published import SYSTEMS, Published


@dataclasses.dataclass(frozen=True)
class Experiment:
    """One system.

    Attributes:
      name: what ``--experiments`` calls it.
      title: what the paper's Table 4 calls it; with what differs, of a variant that the table does not have.
      flagfile: its settings, a file of the flags directory.
    """

    name: str
    title: str
    flagfile: str

    @property
    def published(self) -> Optional[Published]:
        """Its row of Table 4; None for a system the table does not have."""
        return SYSTEMS.get(self.name)

    @property
    def encoder(self) -> str:
        """``bert``, ``albert``, or what the vectors of characters that are not pretrained belong to."""
        return self.name.partition("_")[0]


EXPERIMENTS = (
    Experiment("char_bilstm_crf", "Char-BiLSTM-CRF", "msra_char_bilstm_crf.flags"),
    Experiment("lattice_lstm_crf", "Lattice-LSTM-CRF", "msra_lattice_lstm_crf.flags"),
    Experiment("bert_finetuning", "BERT-fine-tuning", "msra_bert_finetuning.flags"),
    Experiment("albert_finetuning", "ALBERT-fine-tuning", "msra_albert_finetuning.flags"),
    Experiment("bert_bilstm_crf", "BERT-BiLSTM-CRF", "msra_bert_bilstm_crf.flags"),
    Experiment("bert_bigru_crf", "BERT-BiGRU-CRF", "msra_bert_bigru_crf.flags"),
    Experiment("albert_bilstm_crf", "ALBERT-BiLSTM-CRF", "msra_albert_base.flags"),
    Experiment("albert_peephole", "ALBERT-BiLSTM-CRF, peepholes", "msra_albert_peephole.flags"),
    Experiment("albert_one_rate", "ALBERT-BiLSTM-CRF, one rate", "msra_albert_one_rate.flags"),
    Experiment("albert_no_dropout", "ALBERT-BiLSTM-CRF, no dropout", "msra_albert_no_dropout.flags"),
)

# In the place of names: the systems of Table 4.
PAPER = "paper"

# The system the paper is about; Table 3 and section 4.5 are about it.
MAIN = "albert_bilstm_crf"


def find_experiments(names):
    """The experiments of some names; ``all`` stands for every one, ``paper`` for those that the paper's Table 4 has.

    Raises:
      UserError: a name is not known.
    """
    known = {experiment.name: experiment for experiment in EXPERIMENTS}
    if list(names) == ["all"]:
        return EXPERIMENTS
    if list(names) == [PAPER]:
        return tuple(experiment for experiment in EXPERIMENTS if experiment.published)
    for name in names:
        if name not in known:
            raise FieldError("{experiments}: found {!r}, expected all, paper or some of {}", name, ", ".join(known))
    return tuple(known[name] for name in dict.fromkeys(names))
