"""Tables of what each run was given: hyper-parameters, tags, hashes of the data, and how its loss fell, from the runs' own records."""

from ner.reproduce import published
from ner.reproduce.cells import NOTHING
from ner.reproduce.document import Heading, Paragraph, Table

# Rows of the table: words → (the paper's value, function of a record's identity).
_ROWS = {
    "longest input, tokens": ("max_seq_length", lambda run: run["model"]["max_seq_length"]),
    "sentences per step": ("train_batch_size", lambda run: run["train_batch_size"]),
    "learning rate, encoder": ("learning_rate", lambda run: run["learning_rate"]),
    "learning rate, layers on it": (None, lambda run: run["head_learning_rate"]),
    "learning rate, CRF": (None, lambda run: run["crf_learning_rate"] if run["model"]["use_crf"] else NOTHING),
    "dropout, layers on the encoder": ("dropout", lambda run: run["model"]["dropout"]),
    "dropout, inside the encoder": (None, lambda run: run["model"]["encoder"].get("hidden_dropout_prob", NOTHING)),
    "recurrent layer": (None, lambda run: run["model"]["rnn"]),
    "LSTM cell": (None, lambda run: run["model"]["lstm_cell"] if run["model"]["rnn"] == "lstm" else NOTHING),
    "units per direction": (None, lambda run: run["model"]["lstm_units"] if run["model"]["rnn"] != "none" else NOTHING),
    "epochs": (None, lambda run: run["num_train_epochs"]),
    "warm-up, share of the steps": (None, lambda run: run["warmup_proportion"]),
    "weight decay": (None, lambda run: run["weight_decay"]),
    "clipped to norm": (None, lambda run: run["max_grad_norm"]),
    "decoding": (None, lambda run: "legal sequences only" if run["constrained_decoding"] else "free"),
    "held out to choose an epoch": (None, lambda run: run["dev_fraction"]),
    "arithmetic of the encoder": (None, lambda run: run["mixed_precision"].replace("off", "float32")),
}


def settings_tables(results):
    """Hyper-parameters of the paper and of each system's first run, and what all the runs read: blocks of the report."""
    if not results:
        return []
    identities = {experiment: runs[0]["identity"] for experiment, runs in results.items()}
    rows = [
        [words, str(published.SETTINGS.get(name, "not given")), *(_value(value, identity) for identity in identities.values())]
        for words, (name, value) in _ROWS.items()
    ]
    columns = ("", "paper", *(experiment.title for experiment in identities))
    losses = []
    for experiment, runs in results.items():
        for run in runs:
            curve = " ".join(f"{row['loss']:.3f}" for row in run["history"])
            losses.append([f"{experiment.title}, seed {run['seed']}", f"{run['train_steps']:,}", curve or NOTHING])
    return [
        Heading("Hyper-parameters"),
        Table(columns, rows),
        Paragraph("From the records of the runs (run.json). The paper gives one learning rate and does not say for which layers."),
        *_data(identities),
        Table(("run", "steps", "mean loss of each epoch"), losses),
    ]


def _value(of, identity):
    try:
        return str(of(identity))
    except KeyError:
        # The record of an earlier version, before there was the setting.
        return NOTHING


def _data(identities):
    tags = {_tags(identity["model"]["tag_set"]) for identity in identities.values()}
    hashes = sorted({f"{name} {digest}" for identity in identities.values() for name, digest in identity["data"].items()})
    return [Paragraph(f"Tags: {'; '.join(sorted(tags))}. SHA-256 of what was trained on: {', '.join(hashes)}.")]


def _tags(tag_set):
    return f"{tag_set['scheme']} of {', '.join(tag_set['types'])}"
