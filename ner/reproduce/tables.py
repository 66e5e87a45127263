"""The paper's Tables 1 to 4 with what was measured beside each number.

Functions return the report's blocks. ``results`` and ``sizes`` are as ``report.write_report`` takes them.
"""

from ner.reproduce import published
from ner.reproduce.cells import (
    MEASURES,
    NOT_MEASURED,
    NOTHING,
    SHORT,
    measure_cells,
    measure_columns,
    of_type,
    overall,
    percents,
    spread,
)
from ner.reproduce.document import Heading, Paragraph, Table
from ner.reproduce.experiments import EXPERIMENTS, MAIN

_PAPER_SUPPORT = sum(published.COUNTS["test"].values())
# The eleven I- tags of the test set that continue nothing, all persons.
_CONLLEVAL_PERSONS, _CONLLEVAL_SUPPORT = 1984, 6192


def table_1(counts):
    """Entities of the data."""
    rows = []
    for split, numbers in published.COUNTS.items():
        strict, conlleval = counts[split]["strict"], counts[split]["conlleval"]
        for label, expected in numbers.items():
            found = strict.get(label, 0)
            rows.append([f"{split}, {label}", f"{expected:,}", f"{found:,}", f"{found - expected:+,}", f"{conlleval.get(label, 0):,}"])
        expected, found = sum(numbers.values()), sum(strict.values())
        rows.append([f"{split}, total", f"{expected:,}", f"{found:,}", f"{found - expected:+,}", f"{sum(conlleval.values()):,}"])
    note = (
        "As in the paper, an entity whose first tag breaks the scheme is not counted here (the strict reading). In the conlleval reading "
        "it counts. The paper gives a ratio of 12:1 for the two splits; its entities have 12.09:1."
    )
    return [Heading("Table 1: entities"), Table(("", "paper", "here", "difference", "here, conlleval reading"), rows), Paragraph(note)]


def table_2(results):
    """The machine."""
    sessions = [run["session"] for runs in results.values() for run in runs]
    rows = []
    for name, paper in published.MACHINE.items():
        # Each once: a comparison may have been resumed on another machine.
        here = dict.fromkeys(_MACHINE[name](session) for session in sessions)
        rows.append([name, paper, "; ".join(here) or "nothing measured yet"])
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


def table_3(results):
    """Entity types: of the paper's own system, and of the others."""
    main = next(experiment for experiment in EXPERIMENTS if experiment.name == MAIN)
    runs = results.get(main, [])
    rows = []
    for label, scores in published.PER_TYPE.items():
        rows.append([f"{main.title}, {label}", *measure_cells(scores, of_type(runs, "strict", label)), *_conlleval_cells(runs, label)])
    columns = ("", *measure_columns(), "F1 here, conlleval", "entities, strict / conlleval")
    others = []
    for experiment, runs in results.items():
        for label in _labels(runs):
            if experiment is main and label in published.PER_TYPE:
                continue
            strict = of_type(runs, "strict", label)
            measured = [spread(percents(strict, m)) for m in MEASURES]
            others.append([f"{experiment.title}, {label}", *measured, *_conlleval_cells(runs, label)])
    blocks = [Heading("Table 3: types"), Table(columns, rows), Paragraph(reading_note())]
    if others:
        columns = ("", *(f"{SHORT[m]}, here" for m in MEASURES), "F1 here, conlleval", "entities, strict / conlleval")
        blocks += [Paragraph("Of the other systems the paper has no numbers per type."), Table(columns, others)]
    return blocks


def _labels(runs):
    return sorted({label for run in runs for reading in ("strict", "conlleval") for label in run["evaluation"][reading]["per_type"]})


def _conlleval_cells(runs, label):
    if not runs:
        return [NOT_MEASURED, NOTHING]
    supports = [max(score.get("support", 0) for score in of_type(runs, reading, label)) for reading in ("strict", "conlleval")]
    return [spread(percents(of_type(runs, "conlleval", label), "f1")), " / ".join(f"{support:,}" for support in supports)]


def reading_note():
    """Argument for the strict reading as that of Table 3, from the paper's own numbers: str."""
    counts = published.COUNTS["test"]
    found = {label: published.fitting_counts(scores.recall, counts[label])[0] for label, scores in published.PER_TYPE.items()}
    parts = ", ".join(f"{label} {found[label]:,} of {counts[label]:,}" for label in found)
    total = sum(found.values())
    return (
        "Differences are taken from the strict reading, because Table 3 was scored in it: its recalls are those of whole numbers of the "
        f"entities of Table 1 ({parts}), together {total:,} of {_PAPER_SUPPORT:,}, the {100 * total / _PAPER_SUPPORT:.2f} % of Table 4. "
        f"The conlleval reading has {_CONLLEVAL_PERSONS:,} persons, of whom no whole number is {published.PER_TYPE['PER'].recall:.2f} %."
    )


def consistency_note():
    """The paper's numbers that cannot be, or not all together: str."""
    counts = published.COUNTS["test"]
    without = [label for label, scores in published.PER_TYPE.items() if not published.fitting_pairs(scores, counts[label])]
    titles = {experiment.name: experiment.title for experiment in EXPERIMENTS}
    fits = {}
    for name, scores in published.SYSTEMS.items():
        supports = tuple(n for n in (_PAPER_SUPPORT, _CONLLEVAL_SUPPORT) if published.fitting_pairs(scores, n))
        fits.setdefault(supports, []).append(titles[name])
    sums = [
        f"{titles[name]} {scores.f1:.2f}, for {published.f1(scores.precision, scores.recall):.2f}"
        for name, scores in published.SYSTEMS.items()
        if f"{published.f1(scores.precision, scores.recall):.2f}" != f"{scores.f1:.2f}"
    ]
    groups = [
        f"{' or '.join(f'{n:,}' for n in supports) or 'neither number of'} entities: {', '.join(of)}" for supports, of in fits.items()
    ]
    return (
        f"The paper's numbers do not all agree with each other. The precisions of {', '.join(without)} in Table 3 are those of no whole "
        f"number of predictions (0.01 to 0.03 off). In Table 4 precision and recall together fit {'; '.join(groups)}. Two F1 do not "
        f"follow from their precision and recall: {'; '.join(sums)}."
    )


def table_4(results, sizes, costs):
    """Systems, and what they cost."""
    scores, rows = [], []
    for experiment in EXPERIMENTS:
        runs = results.get(experiment, [])
        conlleval = spread(percents(overall(runs, "conlleval"), "f1")) if runs else NOT_MEASURED
        scores.append([experiment.title, *measure_cells(experiment.published, overall(runs, "strict")), conlleval])
        rows.append([experiment.title, *_cost_cells(experiment, runs, sizes), *_step_cells(costs.get(experiment))])
    return [
        Heading("Table 4: systems"),
        Table(("system", *measure_columns(), "F1 here, conlleval"), scores),
        Paragraph(
            "Differences are taken from the strict reading, which does not count entities whose first tag breaks the scheme; see Table 3."
        ),
        Paragraph(consistency_note()),
        Heading("What the systems cost", 3),
        Table(("system", *_COSTS, "training step, s", "its peak memory, MiB"), rows),
        Paragraph(
            "The paper gives the size of its encoders (section 4.4) and says that ALBERT trains faster (4.5), without a figure. Parameters "
            "are those of the whole tagger, counted from its sizes where it was not trained; of character and lattice models the training "
            "text decides them. Training time is elapsed time, without evaluation; tagging speed is the whole test set in batches of 128, "
            f"without the scores of entities. {_step_note(costs)}"
        ),
    ]


_COSTS = ("encoder, paper", "parameters", "epochs", "steps", "training, s", "tagging, sentences/s")


def _cost_cells(experiment, runs, sizes):
    paper = published.ENCODERS.get(experiment.encoder, NOTHING)
    if not runs:
        size = sizes.get(experiment)
        return [paper, f"{size:,}" if size else NOT_MEASURED, NOT_MEASURED, *[NOTHING] * (len(_COSTS) - 3)]
    return [
        paper,
        f"{runs[0]['parameters']:,}",
        f"{runs[0]['epochs']:,}",
        f"{runs[0]['train_steps']:,}",
        spread([run["train_seconds"] for run in runs], 0),
        spread([run["sentences_per_second"] for run in runs], 0),
    ]


def _step_cells(cost):
    if not cost:
        return [NOT_MEASURED, NOTHING]
    memory = cost["peak_memory"]
    return [f"{cost['step_seconds']:.2f}", f"{memory / 2**20:,.0f}" if memory else "unknown"]


def _step_note(costs):
    shapes = {f"{cost['batch_size']} sentences of {cost['tokens']} tokens" for cost in costs.values()}
    if not shapes:
        return "Training steps were not timed (--measure_costs)."
    return f"A training step has {' or '.join(sorted(shapes))}, in a process of its own; time is the smallest of the rounds' medians."
