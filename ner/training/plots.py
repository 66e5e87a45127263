"""Pictures of a finished run: learning curves, scores per type, confusion of types. Needs matplotlib, the extra ``plots``."""

import logging
import os

from albert.files import atomic_write
from albert.training.csv_log import CsvLog
from ner.model.directory import STEPS_FILE

DIRECTORY = "plots"
_DPI = 120
_MEASURES = {"precision": "precision", "recall": "recall", "f1": "F1"}


def write_plots(history, directory):
    """Write PNG files beside the model.

    Args:
      history: ``History`` with at least one epoch.
      directory: ``ModelDir``, whose ``steps.csv`` is read if it is there; the pictures go to its ``plots/``.

    Returns:
      One line for the log: where they are, or that matplotlib is not installed.
    """
    # It tells at length of the fonts it finds.
    logging.getLogger("matplotlib").setLevel(logging.WARNING)
    try:
        from matplotlib.figure import Figure  # noqa: PLC0415 - an extra
    except ImportError:
        return "no plots: matplotlib is not installed (extra: plots)"
    target = directory.file(DIRECTORY)
    os.makedirs(target, exist_ok=True)
    figures = {"learning_curves": _learning_curves(Figure, history, CsvLog(directory.file(STEPS_FILE)).read())}
    if history.best:
        figures["scores_per_type"] = _scores_per_type(Figure, history)
    if history.confusion:
        figures["confusion"] = _confusion(Figure, history.best["epoch"], **history.confusion)
    for name, figure in figures.items():
        # A Figure made without pyplot draws to memory or files only: no display, no state shared with the caller's own plots.
        with atomic_write(os.path.join(target, f"{name}.png"), "wb") as f:
            figure.savefig(f, format="png", dpi=_DPI)
    return f"plots: {target}"


def _learning_curves(figure_class, history, steps):
    """The loss by step, with the epochs' means, and beside it the dev scores by epoch, where there is a dev set."""
    rows = history.rows
    figure = figure_class(figsize=(10 if history.best else 5.5, 4), layout="constrained")
    loss, *score = figure.subplots(1, 2 if history.best else 1, squeeze=False)[0]
    loss.plot([row["step"] for row in steps], [row["loss"] for row in steps], color="C0", alpha=0.5, linewidth=1, label="logged steps")
    loss.plot([row["step"] for row in rows], [row["loss"] for row in rows], color="C0", marker="o", label="mean of each epoch")
    if all(row["loss"] > 0 for row in (*rows, *steps)):
        loss.set_yscale("log")
    loss.legend()
    loss.set(xlabel="step", ylabel="loss per sentence", title="training loss")
    if history.best:
        _plot_by_epoch(score[0], history, {label: f"dev_{name}" for name, label in _MEASURES.items()})
        score[0].set(ylabel="%", title="dev set")
        score[0].legend()
    return figure


def _scores_per_type(figure_class, history):
    figure = figure_class(figsize=(7, 4.5), layout="constrained")
    axes = figure.subplots()
    prefix = "dev_f1/"
    _plot_by_epoch(axes, history, {name[len(prefix) :]: name for name in history.rows[0] if name.startswith(prefix)})
    axes.set(ylabel="F1, %", title="dev F1 per type")
    figure.legend(loc="outside right upper")
    return figure


def _plot_by_epoch(axes, history, columns):
    """Lines of percentages over the epochs, ``columns`` being a dict from label to column, and the chosen epoch marked."""
    epochs = [row["epoch"] for row in history.rows]
    for label, name in columns.items():
        axes.plot(epochs, [100 * row[name] for row in history.rows], marker="o", label=label)
    axes.axvline(history.best["epoch"], color="grey", linestyle=":", label="chosen epoch")
    axes.xaxis.get_major_locator().set_params(integer=True)
    axes.set(xlabel="epoch")


def _confusion(figure_class, epoch, types, counts):
    labels = [*types, "none"]
    size = max(4.5, 1.5 + 0.8 * len(labels))
    figure = figure_class(figsize=(size, size), layout="constrained")
    axes = figure.subplots()
    totals = [max(sum(row), 1) for row in counts]
    axes.imshow([[n / total for n in row] for row, total in zip(counts, totals)], cmap="Blues", vmin=0, vmax=1)
    axes.set_xticks(range(len(labels)), labels, rotation=45, ha="right")
    axes.set_yticks(range(len(labels)), labels)
    for i, row in enumerate(counts):
        for j, n in enumerate(row):
            if i != len(types) or j != len(types):
                axes.text(j, i, f"{n:,}", ha="center", va="center", color="white" if n > totals[i] / 2 else "black")
    axes.set(xlabel="predicted", ylabel="annotated", title=f"types on the dev set, epoch {epoch}\n(none: no entity at the same characters)")
    return figure
