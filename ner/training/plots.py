"""Pictures of a run: loss, learning rates, scores per type, confusion of types, confidence. Needs matplotlib, the extra ``plots``."""

import contextlib
import logging
import os

from albert.errors import UserError
from albert.files import atomic_write, read_json
from albert.training.csv_log import CsvLog
from ner.display import fonts
from ner.evaluation.calibration import Calibration, draw_reliability
from ner.model.directory import METRICS_FILE, PLOTS_DIRECTORY, STEPS_FILE

_DPI = 120
_MEASURES = {"precision": "precision", "recall": "recall", "f1": "F1"}
_TYPE_PREFIX = "dev_f1/"
_RATE_PREFIX = "learning_rate/"


def write_plots(history, directory):
    """As :func:`draw_plots`, for the end of a run: without matplotlib, the line says so."""
    try:
        return draw_plots(history, directory)
    except UserError:
        return "no plots: matplotlib is not installed (extra: plots)"


def draw_plots(history, directory):
    """Write PNG files beside the model.

    Args:
      history: ``History`` with at least one epoch.
      directory: ``ModelDir``, whose ``steps.csv`` and ``metrics.json`` are read if they are there; the pictures go to its ``plots/``.

    Returns:
      One line for the log: where they are, and which names stand for types that no font here can draw.

    Raises:
      UserError: matplotlib is not installed.
    """
    # It tells at length of the fonts it finds.
    logging.getLogger("matplotlib").setLevel(logging.ERROR)
    try:
        from matplotlib import rc_context  # noqa: PLC0415 - an extra
        from matplotlib.figure import Figure  # noqa: PLC0415
    except ImportError as e:
        raise UserError("pictures: found no matplotlib, expected it: pip install 'albert-ner[plots]'") from e
    target = directory.file(PLOTS_DIRECTORY)
    os.makedirs(target, exist_ok=True)
    labels = _labels(history)
    families = fonts.families_for(labels)
    names = {label: label for label in labels} if families else fonts.replaced(labels)
    steps = CsvLog(directory.file(STEPS_FILE)).read()
    with rc_context({"font.family": families} if families else {}):
        for name, figure in _figures(Figure, history, steps, names, _calibration(directory)):
            # A Figure made without pyplot draws to memory or files only: no display, no state shared with the caller's own plots.
            with atomic_write(os.path.join(target, f"{name}.png"), "wb") as f:
                figure.savefig(f, format="png", dpi=_DPI)
    changed = ", ".join(f"{name} is {label}" for label, name in names.items() if name != label)
    return f"plots: {target}" + (f" (this system has no font for some types: {changed})" if changed else "")


def _labels(history):
    labels = [name[len(_TYPE_PREFIX) :] for name in history.rows[0] if name.startswith(_TYPE_PREFIX)]
    return list(dict.fromkeys([*labels, *(history.confusion or {}).get("types", ())]))


def _calibration(directory):
    """That of the last evaluation with scores, None without one."""
    with contextlib.suppress(UserError, KeyError, TypeError):
        return Calibration.from_dict(read_json(directory.file(METRICS_FILE), "scores")["calibration"])
    return None


def _figures(figure_class, history, steps, names, calibration):
    """(name, figure) of each picture."""
    yield "learning_curves", _learning_curves(figure_class, history, steps)
    if any(name.startswith(_RATE_PREFIX) for row in steps for name in row):
        yield "learning_rates", _learning_rates(figure_class, steps)
    if history.best:
        yield "scores_per_type", _scores_per_type(figure_class, history, names)
    if history.confusion:
        types = [names.get(label, label) for label in history.confusion["types"]]
        yield "confusion", _confusion(figure_class, history.best["epoch"], types, history.confusion["counts"])
    if calibration is not None:
        yield "confidence", draw_reliability(figure_class, calibration)


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


def _learning_rates(figure_class, steps):
    figure = figure_class(figsize=(7, 4), layout="constrained")
    axes = figure.subplots()
    for name in steps[0]:
        if name.startswith(_RATE_PREFIX):
            axes.plot([row["step"] for row in steps], [row[name] for row in steps], label=name[len(_RATE_PREFIX) :])
    axes.set_yscale("log")
    axes.set(xlabel="step", ylabel="learning rate", title="learning rates of the groups of weights")
    figure.legend(loc="outside right upper")
    return figure


def _scores_per_type(figure_class, history, names):
    figure = figure_class(figsize=(7, 4.5), layout="constrained")
    axes = figure.subplots()
    columns = {label: f"{_TYPE_PREFIX}{label}" for label in names if f"{_TYPE_PREFIX}{label}" in history.rows[0]}
    _plot_by_epoch(axes, history, {names[label]: column for label, column in columns.items()})
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
