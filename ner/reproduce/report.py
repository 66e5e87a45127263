"""The report: the paper's tables with the measured numbers beside the published ones."""

import itertools
import os

import numpy as np

from albert.files import atomic_write
from ner.reproduce import plots
from ner.reproduce.document import Heading, Paragraph, Table, to_html, to_markdown
from ner.reproduce.experiments import EXPERIMENTS, MAIN, PUBLISHED_COUNTS, PUBLISHED_MACHINE, PUBLISHED_PER_TYPE
from ner.reproduce.nested import OUTCOMES
from ner.reproduce.statistics import RESAMPLES, mean_and_spread, paired_bootstrap

TITLE = "The paper's tables, measured"
MEASURES = ("precision", "recall", "f1")
_SHORT = {"precision": "P", "recall": "R", "f1": "F1"}
_NOT_PUBLISHED = "not given"


def write_report(output_dir, counts, results, missing, data_note):
    """Write ``report.md``, ``report.html`` and ``plots/`` into a directory.

    Args:
      output_dir: the directory.
      counts: dict from split to a dict from reading, ``strict`` and ``conlleval``, to one from entity type to the number of entities
        that were trained on or scored.
      results: dict from experiment to a non-empty list of ``scoring.score_run`` results, one per seed.
      missing: dict from experiment to why its result, or that of some of its seeds, is not there.
      data_note: what data was used, in words.
    """
    pictures = plots.write_plots(output_dir, results)
    blocks = [
        Heading(TITLE, 1),
        Paragraph(
            "In every table the columns named “paper” hold numbers printed in the paper, copied, not measured; “not given” is what it "
            "does not have. All others were measured by this project, with the weights that the first table names. Scores are "
            "entity-level, exact span and type, in percent, in the conlleval reading; ± is the sample standard deviation over seeds."
        ),
        Paragraph(data_note),
        *_weights(results, missing),
        *_table_1(counts),
        *_table_2(results),
        *_table_3(results),
        *_table_4(results),
        *pictures,
        *_significance(results),
        *_organisations(results),
        *_commands(results),
    ]
    for name, text in (("report.md", to_markdown(blocks)), ("report.html", to_html(blocks, TITLE))):
        with atomic_write(os.path.join(output_dir, name)) as f:
            f.write(text)


def _weights(results, missing):
    rows = []
    for experiment in EXPERIMENTS:
        if experiment in results:
            runs = results[experiment]
            seeds = ", ".join(str(run["seed"]) for run in runs)
            measured = f"measured here; more seeds: {missing[experiment]}" if experiment in missing else "measured here"
            rows.append([experiment.title, measured, runs[0]["weights"], runs[0]["precision"].replace("off", "float32"), seeds])
        else:
            rows.append([experiment.title, f"not measured: {missing.get(experiment, 'not asked for')}", "-", "-", "-"])
    columns = ("system", "measured", "weights that training started from", "arithmetic", "seeds")
    return [Heading("What was measured, and with which weights"), Table(columns, rows)]


def _table_1(counts):
    rows = []
    for split, published in PUBLISHED_COUNTS.items():
        strict, conlleval = counts[split]["strict"], counts[split]["conlleval"]
        for label, expected in published.items():
            found = strict.get(label, 0)
            rows.append([f"{split}, {label}", f"{expected:,}", f"{found:,}", f"{found - expected:+,}", f"{conlleval.get(label, 0):,}"])
        expected, found = sum(published.values()), sum(strict.values())
        rows.append([f"{split}, total", f"{expected:,}", f"{found:,}", f"{found - expected:+,}", f"{sum(conlleval.values()):,}"])
    note = (
        "As in the paper, an entity whose first tag breaks the scheme is not counted here (the strict reading). In the conlleval reading, "
        "in which the scores are, it counts."
    )
    return [Heading("Table 1: entities"), Table(("", "paper", "here", "difference", "here, conlleval reading"), rows), Paragraph(note)]


def _table_2(results):
    sessions = [run["session"] for runs in results.values() for run in runs]
    rows = []
    for name, published in PUBLISHED_MACHINE.items():
        # Each once: a comparison may have been resumed on another machine.
        here = dict.fromkeys(_MACHINE[name](session) for session in sessions)
        rows.append([name, published, "; ".join(here) or "nothing measured yet"])
    return [Heading("Table 2: the machine"), Table(("", "paper", "here"), rows)]


_MACHINE = {
    "Operating system": lambda session: session["hardware"]["platform"],
    "CPU": lambda session: f"{session['hardware']['cpu']}, {session['hardware']['cpu_count']} cores",
    "GPU": lambda session: ", ".join(gpu.get("device_name", "GPU") for gpu in session["hardware"]["gpus"]) or "none",
    "Python": lambda session: session["python"],
    "TensorFlow": lambda session: session["packages"]["tensorflow"],
    "Memory": lambda session: _gigabytes(session["hardware"].get("memory_bytes")),
}


def _gigabytes(size):
    return "unknown" if size is None else f"{size / 2**30:.0f} GiB"


def _table_3(results):
    with_paper, others = [], []
    for experiment, runs in results.items():
        for label in sorted({label for run in runs for label in run["evaluation"]["conlleval"]["per_type"]}):
            scores = [run["evaluation"]["conlleval"]["per_type"].get(label, {}) for run in runs]
            values = [[score.get(m, 0.0) for m in MEASURES] for score in scores]
            support = f"{max(score.get('support', 0) for score in scores):,}"
            if experiment.name == MAIN:
                with_paper.append([f"{experiment.title}, {label}", *_measure_cells(PUBLISHED_PER_TYPE.get(label), values), support])
            else:
                here = [_spread([100 * value for value in measure]) for measure in zip(*values)]
                others.append([f"{experiment.title}, {label}", *here, support])
    blocks = [Heading("Table 3: types")]
    if with_paper:
        blocks.append(Table(("", *_measure_columns(), "support"), with_paper))
    if others:
        columns = ("", *(f"{_SHORT[m]}, here" for m in MEASURES), "support")
        blocks += [Paragraph("Of the other systems the paper has no numbers per type."), Table(columns, others)]
    return blocks


def _table_4(results):
    scores, costs = [], []
    for experiment in EXPERIMENTS:
        runs = results.get(experiment, [])
        if runs:
            overall = [[run["evaluation"]["conlleval"]["overall"][m] for m in MEASURES] for run in runs]
            strict = _spread([100 * run["evaluation"]["strict"]["overall"]["f1"] for run in runs])
            scores.append([experiment.title, *_measure_cells(experiment.published, overall), strict])
            costs.append([experiment.title, *_cost_cells(runs)])
        else:
            cells = [cell for m in MEASURES for cell in (_published(experiment.published, m), "not measured", "-")]
            scores.append([experiment.title, *cells, "not measured"])
            costs.append([experiment.title, "not measured", *["-"] * (len(_COSTS) - 1)])
    return [
        Heading("Table 4: systems"),
        Table(("system", *_measure_columns(), "strict F1, here"), scores),
        Paragraph("Strict F1 does not count entities whose first tag breaks the scheme."),
        Heading("What the systems cost", 3),
        Table(("system", *_COSTS), costs),
        Paragraph(
            "All measured here; the paper has none of these. Training time is elapsed time, without evaluation; tagging speed is the whole "
            "test set in batches of 128, without the scores of entities."
        ),
    ]


_COSTS = ("parameters", "epochs", "steps", "training, s", "tagging, sentences/s")


def _cost_cells(runs):
    return [
        f"{runs[0]['parameters']:,}",
        f"{runs[0]['epochs']:,}",
        f"{runs[0]['train_steps']:,}",
        _spread([run["train_seconds"] for run in runs], 0),
        _spread([run["sentences_per_second"] for run in runs], 0),
    ]


def _measure_columns():
    return tuple(f"{_SHORT[m]}, {what}" for m in MEASURES for what in ("paper", "here", "difference"))


def _measure_cells(published, scores):
    """Paper, here and difference of each measure; ``scores`` holds a list of fractions per seed."""
    cells = []
    for m, fractions in zip(MEASURES, zip(*scores)):
        values = [100 * fraction for fraction in fractions]
        difference = f"{mean_and_spread(values)[0] - getattr(published, m):+.2f}" if published else "-"
        cells += [_published(published, m), _spread(values), difference]
    return cells


def _published(published, measure):
    return f"{getattr(published, measure):.2f}" if published else _NOT_PUBLISHED


def _spread(values, digits=2):
    mean, spread = mean_and_spread(values)
    return f"{mean:,.{digits}f}" + ("" if spread is None else f" ± {spread:,.{digits}f}")


def _significance(results):
    if len(results) < 2:
        return []
    counts = {experiment: np.sum([run["sentences"] for run in runs], axis=0) for experiment, runs in results.items()}
    seeds = {experiment: [run["seed"] for run in runs] for experiment, runs in results.items()}
    rows = []
    for first, second in itertools.combinations(results, 2):
        if seeds[first] == seeds[second]:
            difference = paired_bootstrap(counts[first], counts[second])
            interval = f"{difference.low:+.2f} to {difference.high:+.2f}"
            rows.append([f"{first.title} – {second.title}", f"{difference.f1:+.2f}", interval, _share(difference.p)])
    note = (
        f"Paired bootstrap over test sentences, {RESAMPLES:,} resamples: the difference in F1 points over all seeds together, the "
        "middle 95 % of the resampled differences, and p, the share of resamples in which the system that is ahead is not (one-sided; "
        f"none corrected for there being {len(rows)} pairs). It speaks of this test set, not of other seeds."
    )
    columns = ("pair", "F1 difference", "95 % of resamples", "p")
    return [Heading("Which differences are more than chance"), Table(columns, rows), Paragraph(note)]


def _share(p):
    return f"{p:.4f}" if p else f"< {1 / RESAMPLES:.4f}"


def _organisations(results):
    rows = []
    for experiment, runs in results.items():
        for kind, words in (("nested", "begin with a place"), ("plain", "others")):
            counts = [sum(run["organisations"][kind][outcome] for run in runs) / len(runs) for outcome in OUTCOMES]
            total = sum(counts)
            rows.append(
                [f"{experiment.title}, {words}", f"{total:,.0f}"]
                + [f"{count:,.1f} ({100 * count / total:.1f} %)" if total else "0.0 (-)" for count in counts]
            )
    note = (
        "Section 4.5 of the paper blames its low recall of places and organisations on organisations whose name opens with a "
        "place: the place is tagged and the organisation is not. It gives no counts, so there is no column for the paper. A place "
        "is a name of two characters or more that is annotated as one in the training set. Means over seeds."
    )
    columns = ("organisations of the test set", "number", *OUTCOMES)
    return [Heading("Section 4.5: places inside organisations"), Table(columns, rows), Paragraph(note)]


def _commands(results):
    rows = [
        [experiment.title, "python run_ner.py " + " ".join(run["command"]), _revision(run["session"]["revision"])]
        for experiment, runs in results.items()
        for run in runs[:1]
    ]
    return [Heading("Commands"), Table(("system", "command of the first seed", "source revision"), rows)]


def _revision(commit):
    """Short, but not without the mark of a source that differs from its commit."""
    name, mark, changes = (commit or "unknown").partition("+")
    return name[:12] + mark + changes
