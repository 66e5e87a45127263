"""Pictures of a finished run: learning curves, scores per type, confusion of types. Needs matplotlib, the extra ``plots``."""

import os
import tempfile

DIRECTORY = "plots"
_DPI = 120


def write_plots(history, directory):
    """Write PNG files beside the model.

    Args:
      history: ``History`` with at least one epoch.
      directory: ``ModelDir``; the files go to its ``plots/``.

    Returns:
      One line for the log: where they are, or that matplotlib is not installed.
    """
    try:
        from matplotlib.figure import Figure  # noqa: PLC0415 - an extra
    except ImportError:
        return "no plots: matplotlib is not installed (extra: plots)"
    target = directory.file(DIRECTORY)
    os.makedirs(target, exist_ok=True)
    figures = {"learning_curves": _learning_curves(Figure, history.rows)}
    if history.best:
        figures["scores_per_type"] = _scores_per_type(Figure, history.rows)
    if history.confusion:
        figures["confusion"] = _confusion(Figure, **history.confusion)
    for name, figure in figures.items():
        # A Figure made without pyplot draws to memory or files only: no display, no state shared with the caller's own plots.
        with tempfile.NamedTemporaryFile(dir=target, suffix=".tmp", delete=False) as f:
            figure.savefig(f, format="png", dpi=_DPI)
        os.replace(f.name, os.path.join(target, f"{name}.png"))
    return f"plots: {target}"


def _learning_curves(figure_class, rows):
    epochs = [row["epoch"] for row in rows]
    figure = figure_class(figsize=(8, 4), layout="constrained")
    loss, score = figure.subplots(1, 2)
    loss.plot(epochs, [row["loss"] for row in rows], marker="o")
    loss.set(xlabel="epoch", ylabel="loss per sentence", title="training loss")
    for name in ("precision", "recall", "f1"):
        if f"dev_{name}" in rows[0]:
            score.plot(epochs, [100 * row[f"dev_{name}"] for row in rows], marker="o", label=name)
    if score.lines:
        score.legend()
    score.set(xlabel="epoch", ylabel="%", title="dev set")
    return figure


def _scores_per_type(figure_class, rows):
    figure = figure_class(figsize=(6, 4), layout="constrained")
    axes = figure.subplots()
    for name in [name for name in rows[0] if name.startswith("dev_f1/")]:
        axes.plot([row["epoch"] for row in rows], [100 * row[name] for row in rows], marker="o", label=name[len("dev_f1/") :])
    axes.set(xlabel="epoch", ylabel="F1, %", title="dev F1 per type")
    axes.legend()
    return figure


def _confusion(figure_class, types, counts):
    labels = [*types, "none"]
    figure = figure_class(figsize=(1.5 + len(labels), 1 + len(labels)), layout="constrained")
    axes = figure.subplots()
    totals = [max(sum(row), 1) for row in counts]
    axes.imshow([[n / total for n in row] for row, total in zip(counts, totals)], cmap="Blues", vmin=0, vmax=1)
    axes.set_xticks(range(len(labels)), labels, rotation=45, ha="right")
    axes.set_yticks(range(len(labels)), labels)
    for i, row in enumerate(counts):
        for j, n in enumerate(row):
            if i != len(types) or j != len(types):
                axes.text(j, i, f"{n:,}", ha="center", va="center", color="white" if n > totals[i] / 2 else "black")
    axes.set(xlabel="predicted", ylabel="annotated", title="types of entities with the same characters, best epoch")
    return figure
