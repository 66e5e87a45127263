"""Draw the curves of pretraining runs that followed one another: loss and accuracies on held-out text, beside unigrams and bigrams.

::

    python tools/plot_pretraining.py docs/albert_mini_zh/curve.png output/pretrain_tiny_short output/pretrain_tiny

Needs the extra plots. A run is a directory with ``train.csv`` and ``eval.csv``.
"""

import csv
import os
import sys

from matplotlib.figure import Figure

_PANELS = (
    ("masked LM loss (nats)", "masked_lm_loss", ("unigram_loss", "bigram_loss"), 1.0),
    ("masked LM accuracy (%)", "masked_lm_accuracy", ("unigram_accuracy", "bigram_accuracy"), 100.0),
    ("sentence order accuracy (%)", "sentence_order_accuracy", (), 100.0),
)


def read(directory, name):
    """Rows of one of a run's files: list of dicts from column to float."""
    with open(os.path.join(directory, name), encoding="utf-8") as f:
        return [{column: float(value) for column, value in row.items()} for row in csv.DictReader(f)]


def plot(path, directories):
    """Write the picture; the abscissa is millions of tokens over all runs."""
    figure = Figure(figsize=(12, 3.6), layout="constrained")
    for axes, (title, column, baselines, scale) in zip(figure.subplots(1, 3), _PANELS):
        before = 0.0
        for directory in directories:
            tokens = {row["step"]: row["tokens"] for row in read(directory, "train.csv")}
            rows = [row for row in read(directory, "eval.csv") if row["step"] in tokens]
            x = [(before + tokens[row["step"]]) / 1e6 for row in rows]
            axes.plot(x, [scale * row[column] for row in rows], marker=".", label=os.path.basename(os.path.normpath(directory)))
            for name, style in zip(baselines, (":", "--")):
                label = name.split("_")[0] if directory == directories[0] else None
                axes.plot(x, [scale * row[name] for row in rows], style, color="grey", label=label)
            before += max(tokens.values())
        axes.set_title(title)
        axes.set_xlabel("million tokens")
        axes.grid(alpha=0.3)
    figure.axes[0].legend(loc="center right")
    figure.savefig(path, dpi=100)


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit("usage: python tools/plot_pretraining.py PICTURE DIRECTORY…")
    plot(sys.argv[1], sys.argv[2:])
