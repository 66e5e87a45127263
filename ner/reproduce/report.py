"""The report: the paper's tables with the measured numbers beside the published ones."""

import itertools
import os

import numpy as np

from albert.files import atomic_write
from ner.reproduce import plots
from ner.reproduce.claims import claims
from ner.reproduce.document import Heading, Paragraph, Table, to_html, to_markdown
from ner.reproduce.experiments import EXPERIMENTS
from ner.reproduce.nested import OUTCOMES
from ner.reproduce.places import AGREEMENTS
from ner.reproduce.places import OUTCOMES as PLACE_OUTCOMES
from ner.reproduce.published import CITATION
from ner.reproduce.run_tables import settings_tables
from ner.reproduce.statistics import RESAMPLES, paired_bootstrap
from ner.reproduce.tables import table_1, table_2, table_3, table_4

TITLE = "The paper's tables, measured"


def write_report(output_dir, counts, results, missing, data_note, sizes=None, costs=None):
    """Write ``report.md``, ``report.html`` and ``plots/`` into a directory.

    Args:
      output_dir: the directory.
      counts: dict from split to a dict from reading, ``strict`` and ``conlleval``, to one from entity type to the number of entities
        that were trained on or scored.
      results: dict from experiment to a non-empty list of ``scoring.score_run`` results, one per seed.
      missing: dict from experiment to why its result, or that of some of its seeds, is not there.
      data_note: what data was used, in words.
      sizes: dict from experiment to the number of its parameters, counted from its settings; of those that were not measured.
      costs: dict from experiment to what ``cost.measure`` gave; of those whose step was timed.
    """
    pictures = plots.write_plots(output_dir, results)
    blocks = [
        Heading(TITLE, 1),
        Paragraph(
            f"The paper is {CITATION}. In every table the columns named “paper” hold numbers printed in it, copied, not measured; “not "
            "given” is what it does not have. All others were measured by this project, with the weights that the first table names. "
            "Scores are entity-level, exact span and type, in percent, in the strict reading, the paper's; the conlleval reading stands "
            "beside it. ± is the sample standard deviation over seeds."
        ),
        Paragraph(data_note),
        *_weights(results, missing),
        *table_1(counts),
        *table_2(results),
        *table_3(results),
        *table_4(results, sizes or {}, costs or {}),
        *claims(results, costs or {}),
        *settings_tables(results),
        *pictures,
        *_significance(results),
        *_organisations(results),
        *_places(results),
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


def _significance(results):
    if len(results) < 2:
        return []
    counts = {experiment: np.sum([run["sentences"]["strict"] for run in runs], axis=0) for experiment, runs in results.items()}
    seeds = {experiment: [run["seed"] for run in runs] for experiment, runs in results.items()}
    rows = []
    for first, second in itertools.combinations(results, 2):
        if seeds[first] == seeds[second]:
            difference = paired_bootstrap(counts[first], counts[second])
            interval = f"{difference.low:+.2f} to {difference.high:+.2f}"
            rows.append([f"{first.title} – {second.title}", f"{difference.value:+.2f}", interval, _share(difference.p)])
    note = (
        f"Paired bootstrap over test sentences, {RESAMPLES:,} resamples: the difference in F1 points over all seeds together, the "
        "middle 95 % of the resampled differences, and p, the share of resamples in which the system that is ahead is not (one-sided; "
        f"none corrected for there being {len(rows)} pairs), in the strict reading. It speaks of this test set, not of other seeds."
    )
    columns = ("pair", "F1 difference", "95 % of resamples", "p")
    return [Heading("Which differences are more than chance"), Table(columns, rows), Paragraph(note)]


def _share(p):
    return f"{p:.4f}" if p else f"< {1 / RESAMPLES:.4f}"


def _outcomes(results, key, kinds, outcomes):
    """Rows of how entities of some kinds were found, means over seeds: each kind's number, and for each outcome number and share.

    Args:
      results: dict from experiment to the results of its runs.
      key: of the counts in a result.
      kinds: dict from a kind of the counts to its words in the table.
      outcomes: the outcomes, in the order of the columns.
    """
    rows = []
    for experiment, runs in results.items():
        for kind, words in kinds.items():
            counts = [sum(run[key][kind][outcome] for run in runs) / len(runs) for outcome in outcomes]
            total = sum(counts)
            rows.append(
                [f"{experiment.title}, {words}", f"{total:,.0f}"]
                + [f"{count:,.1f} ({100 * count / total:.1f} %)" if total else "0.0 (-)" for count in counts]
            )
    return rows


def _organisations(results):
    rows = _outcomes(results, "organisations", {"nested": "begin with a place", "plain": "others"}, OUTCOMES)
    note = (
        "Section 4.5 of the paper blames its low recall of places and organisations on organisations whose name opens with a "
        "place: the place is tagged and the organisation is not. It gives no counts, so there is no column for the paper. A place "
        "is a name of two characters or more that is annotated as one in the training set. Means over seeds."
    )
    table = Table(("organisations of the test set", "number", *OUTCOMES), rows) if rows else Paragraph("Nothing measured yet.")
    return [Heading("Section 4.5: places inside organisations"), table, Paragraph(note)]


def _places(results):
    rows = _outcomes(results, "places", {kind: kind for kind in AGREEMENTS}, PLACE_OUTCOMES)
    note = (
        "The second cause that section 4.5 gives: some places are not recognised, and the annotation is inconsistent. (Its examples are "
        "not legible in our scan.) A place is “not always a place” if the training set has the same characters outside any entity too, or "
        "as an entity of another type. Where they stand inside a longer entity they count neither way. Means over seeds."
    )
    table = Table(("places of the test set", "number", *PLACE_OUTCOMES), rows) if rows else Paragraph("Nothing measured yet.")
    return [Heading("Section 4.5: places that are not recognised"), table, Paragraph(note)]


def _commands(results):
    if not results:
        return []
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
