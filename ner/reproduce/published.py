"""The paper's numbers, copied from it, and what can be recomputed of them.

邓博研, 程良伦, 《基于ALBERT的中文命名实体识别方法》, 计算机科学与应用, 2020, 10(5), DOI 10.12677/CSA.2020.105091.
"""

import dataclasses

CITATION = (
    "邓博研, 程良伦 (2020): 基于ALBERT的中文命名实体识别方法 (Chinese Named Entity Recognition Method Based on ALBERT), "
    "计算机科学与应用 10(5), DOI 10.12677/CSA.2020.105091"
)


@dataclasses.dataclass(frozen=True)
class Published:
    """Precision, recall and F1 in percent, as printed in the paper."""

    precision: float
    recall: float
    f1: float


# Table 1: entities.
COUNTS = {"train": {"PER": 17615, "LOC": 36517, "ORG": 20571}, "test": {"PER": 1973, "LOC": 2877, "ORG": 1331}}

# Table 2.
MACHINE = {
    "Operating system": "Ubuntu",
    "CPU": "i7-7700 @ 3.6 GHz",
    "GPU": "GTX 2080 (8 GB)",
    "Python": "3.7.3",
    "TensorFlow": "1.13.1",
    "Memory": "16 GB DDR4",
}

# Table 3: ALBERT-BiLSTM-CRF per type.
PER_TYPE = {"PER": Published(97.87, 96.40, 97.13), "LOC": Published(97.36, 90.72, 93.92), "ORG": Published(96.69, 93.61, 95.13)}

# Table 4: systems, by the names that ``ner.reproduce.experiments`` gives them.
SYSTEMS = {
    "lattice_lstm_crf": Published(93.57, 92.79, 93.18),
    "bert_finetuning": Published(96.68, 96.01, 96.33),
    "albert_finetuning": Published(95.15, 94.11, 94.62),
    "bert_bilstm_crf": Published(97.92, 96.88, 97.40),
    "albert_bilstm_crf": Published(97.38, 93.16, 95.22),
}

# Section 4.4 of its encoders; of BERT the name of the release alone, which says layers and width.
ENCODERS = {"albert": "12M, 12 layers, 40 MB", "bert": "12 layers"}

# Section 4.4: the settings it gives, by the names of our flags.
SETTINGS = {"max_seq_length": 128, "train_batch_size": 64, "learning_rate": 2e-5, "dropout": 0.1}


def f1(precision, recall):
    """F1 in percent of precision and recall in percent (the paper's eq. 22)."""
    return 2.0 * precision * recall / (precision + recall)


def fitting_counts(percent, total):
    """Whole numbers whose share of a total rounds to a percentage of two decimals: list of int."""
    nearest = round(percent * total / 100.0)
    return [count for count in range(max(nearest - 1, 0), min(nearest + 1, total) + 1) if abs(100.0 * count / total - percent) <= 0.005]


def fitting_pairs(scores, support):
    """Numbers of entities that would give both a printed precision and a printed recall.

    Args:
      scores: ``Published``.
      support: entities in the gold annotation.

    Returns:
      list of (correct, predicted); empty if there are none.
    """
    pairs = []
    for correct in fitting_counts(scores.recall, support):
        nearest = round(100.0 * correct / scores.precision)
        pairs += [(correct, n) for n in range(nearest - 2, nearest + 3) if abs(100.0 * correct / n - scores.precision) <= 0.005]
    return pairs
