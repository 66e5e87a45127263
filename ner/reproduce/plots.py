"""Pictures of the comparison. They need matplotlib, the extra ``plots``; without it the report says so."""

import os

from albert.files import atomic_write
from ner.reproduce.document import Heading, Paragraph, Picture
from ner.reproduce.experiments import EXPERIMENTS
from ner.reproduce.statistics import mean_and_spread

_DPI = 120


def write_plots(output_dir, results):
    """Write the pictures below ``plots/``.

    Args:
      output_dir: the report's directory.
      results: as ``report.write_report`` takes it.

    Returns:
      list of the report's blocks that show them.
    """
    if not results:
        return []
    heading = Heading("Pictures")
    try:
        from matplotlib.figure import Figure  # noqa: PLC0415 - an extra
    except ImportError:
        return [heading, Paragraph("None: matplotlib, the extra named plots, was not installed where this report was made.")]
    os.makedirs(os.path.join(output_dir, "plots"), exist_ok=True)
    blocks = [heading]
    for name, caption, draw in (
        ("f1", "F1 as published and as measured here, in the strict reading", _draw_f1),
        ("speed", "F1 against tagging speed; the area is the number of parameters", _draw_speed),
        ("loss", "Mean training loss of each epoch, of every seed", _draw_loss),
    ):
        path = f"plots/{name}.png"
        figure = Figure(figsize=(9, 4.5), layout="constrained")
        draw(figure.subplots(), results)
        with atomic_write(os.path.join(output_dir, path), "wb") as f:
            figure.savefig(f, format="png", dpi=_DPI)
        blocks.append(Picture(path, caption))
    return blocks


def _f1(runs):
    return mean_and_spread(100 * run["evaluation"]["strict"]["overall"]["f1"] for run in runs)


def _draw_f1(axes, results):
    places = range(len(EXPERIMENTS))
    published = [(i, e.published.f1) for i, e in zip(places, EXPERIMENTS) if e.published]
    measured = [(i, *_f1(results[e])) for i, e in zip(places, EXPERIMENTS) if e in results]
    bars = axes.bar([i - 0.2 for i, _ in published], [f1 for _, f1 in published], 0.4, label="paper", color="lightgrey")
    axes.bar_label(bars, fmt="%.1f", fontsize=8)
    errors = [spread or 0.0 for _, _, spread in measured]
    bars = axes.bar([i + 0.2 for i, _, _ in measured], [f1 for _, f1, _ in measured], 0.4, yerr=errors, label="here")
    axes.bar_label(bars, fmt="%.1f", fontsize=8)
    axes.set_xticks(list(places), [e.title for e in EXPERIMENTS], rotation=20, ha="right")
    axes.set(ylabel="F1, %", ylim=(0, 105))
    # Beside the bars, not on them.
    axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0))


def _draw_speed(axes, results):
    for experiment, runs in results.items():
        speed, _ = mean_and_spread(run["sentences_per_second"] for run in runs)
        area = 20.0 + runs[0]["parameters"] / 2e5
        axes.scatter([speed], [_f1(runs)[0]], s=area, alpha=0.6, label=f"{experiment.title}, {runs[0]['parameters'] / 1e6:,.1f} M")
    axes.set(xlabel="tagging, sentences per second", ylabel="F1, %", xlim=(0, None))
    axes.margins(0.1)
    legend = axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), title="system, parameters")
    for handle in legend.legend_handles:
        handle.set_sizes([40.0])


def _draw_loss(axes, results):
    for number, (experiment, runs) in enumerate(results.items()):
        for i, run in enumerate(runs):
            steps, losses = [row["step"] for row in run["history"]], [row["loss"] for row in run["history"]]
            axes.plot(steps, losses, marker="o", color=f"C{number % 10}", alpha=0.7, label=None if i else experiment.title)
    axes.set(xlabel="step", ylabel="loss per sentence", yscale="log")
    axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0))
