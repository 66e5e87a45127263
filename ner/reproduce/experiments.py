"""The systems of the comparison, and what the paper published."""

import dataclasses
from typing import Optional

from albert.errors import FieldError


@dataclasses.dataclass(frozen=True)
class Published:
    """Precision, recall and F1 in percent, as printed in the paper."""

    precision: float
    recall: float
    f1: float


@dataclasses.dataclass(frozen=True)
class Experiment:
    """One system.

    Attributes:
      name: what ``--experiments`` calls it.
      title: what the paper's Table 4 calls it.
      flagfile: its settings, a file of the flags directory.
      published: its row of Table 4; None for a system the table does not have.
    """

    name: str
    title: str
    flagfile: str
    published: Optional[Published] = None


EXPERIMENTS = (
    Experiment("char_bilstm_crf", "Char-BiLSTM-CRF", "msra_char_bilstm_crf.flags"),
    Experiment("lattice_lstm_crf", "Lattice-LSTM-CRF", "msra_lattice_lstm_crf.flags", Published(93.57, 92.79, 93.18)),
    Experiment("bert_finetuning", "BERT-fine-tuning", "msra_bert_finetuning.flags", Published(96.68, 96.01, 96.33)),
    Experiment("albert_finetuning", "ALBERT-fine-tuning", "msra_albert_finetuning.flags", Published(95.15, 94.11, 94.62)),
    Experiment("bert_bilstm_crf", "BERT-BiLSTM-CRF", "msra_bert_bilstm_crf.flags", Published(97.92, 96.88, 97.40)),
    Experiment("bert_bigru_crf", "BERT-BiGRU-CRF", "msra_bert_bigru_crf.flags"),
    Experiment("albert_bilstm_crf", "ALBERT-BiLSTM-CRF", "msra_albert_base.flags", Published(97.38, 93.16, 95.22)),
)

# In the place of names: the systems of Table 4.
PAPER = "paper"

# The system the paper is about; Table 3 and section 4.5 are about it.
MAIN = "albert_bilstm_crf"

# Table 1: entities.
PUBLISHED_COUNTS = {"train": {"PER": 17615, "LOC": 36517, "ORG": 20571}, "test": {"PER": 1973, "LOC": 2877, "ORG": 1331}}

# Table 2.
PUBLISHED_MACHINE = {
    "Operating system": "Ubuntu",
    "CPU": "i7-7700 @ 3.6 GHz",
    "GPU": "GTX 2080 (8 GB)",
    "Python": "3.7.3",
    "TensorFlow": "1.13.1",
    "Memory": "16 GB DDR4",
}

# Table 3: ALBERT-BiLSTM-CRF per type.
PUBLISHED_PER_TYPE = {"PER": Published(97.87, 96.40, 97.13), "LOC": Published(97.36, 90.72, 93.92), "ORG": Published(96.69, 93.61, 95.13)}


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
