"""Claims of the paper's section 4.5, each with its published figure, ours and a verdict."""

import dataclasses

import numpy as np

from ner.reproduce import published
from ner.reproduce.cells import NOT_MEASURED, NOTHING
from ner.reproduce.document import Heading, Paragraph, Table
from ner.reproduce.experiments import EXPERIMENTS
from ner.reproduce.places import AGREEMENTS
from ner.reproduce.statistics import RESAMPLES, paired_bootstrap

HOLDS, REFUTED, OPEN = "holds", "contradicted", "not decided: the interval has both signs"
_BY_NAME = {experiment.name: experiment for experiment in EXPERIMENTS}


@dataclasses.dataclass(frozen=True)
class Claim:
    """One system is ahead of another by some points.

    Attributes:
      text: the claim.
      ahead, behind: names of experiments.
      measure: ``f1`` or ``recall``.
      in_paper: whether the paper has both systems.
    """

    text: str
    ahead: str
    behind: str
    measure: str = "f1"
    in_paper: bool = True

    def published(self):
        """The difference in the paper's Table 4, in points; None where it does not have both systems."""
        if not self.in_paper:
            return None
        return getattr(published.SYSTEMS[self.ahead], self.measure) - getattr(published.SYSTEMS[self.behind], self.measure)


CLAIMS = (
    Claim("Fine-tuned BERT is ahead of Lattice-LSTM-CRF", "bert_finetuning", "lattice_lstm_crf"),
    Claim("BERT is ahead of ALBERT (“by 1 to 2 %”): fine-tuning", "bert_finetuning", "albert_finetuning"),
    Claim("BERT is ahead of ALBERT (“by 1 to 2 %”): BiLSTM-CRF", "bert_bilstm_crf", "albert_bilstm_crf"),
    Claim("BiLSTM-CRF adds to fine-tuning: BERT", "bert_bilstm_crf", "bert_finetuning"),
    Claim("BiLSTM-CRF adds to fine-tuning: ALBERT", "albert_bilstm_crf", "albert_finetuning"),
    Claim("BiLSTM-CRF costs ALBERT recall", "albert_finetuning", "albert_bilstm_crf", "recall"),
    Claim("… because of the BiLSTM's dropout: without it recall is higher", "albert_no_dropout", "albert_bilstm_crf", "recall", False),
)


def claims(results, costs):
    """The table of claims, with a sentence on each: blocks of the report.

    Args:
      results: as ``report.write_report`` takes them.
      costs: dict from experiment to what ``cost.measure`` gave.
    """
    rows, sentences = [], []
    for claim in CLAIMS:
        paper = claim.published()
        rows.append([claim.text, NOTHING if paper is None else f"{paper:+.2f}", *_measured(claim, results)])
        sentences.append(_sentence(claim, rows[-1]))
    for row, sentence in (_speed(costs), _memory(costs), _nested(results), _inconsistent(results)):
        rows.append(row)
        sentences.append(sentence)
    note = (
        "Differences in points of F1 or recall, in the strict reading, over all seeds together, with the middle 95 % of "
        f"{RESAMPLES:,} paired bootstrap resamples of the test sentences; of two shares, with the normal approximation. A claim holds if "
        "the whole interval has its sign, and is contradicted if the whole interval has the other; of the size of a difference the "
        "verdict says nothing. The interval speaks of this test set, not of other seeds, nor of other encoders than those the first table "
        "names."
    )
    return [
        Heading("Section 4.5: the paper's claims"),
        Table(("claim", "paper", "here", "95 % interval", "verdict"), rows),
        Paragraph(note),
        *map(Paragraph, sentences),
    ]


def _measured(claim, results):
    runs = [results.get(_BY_NAME[name]) for name in (claim.ahead, claim.behind)]
    if not all(runs):
        return [NOT_MEASURED, NOTHING, NOT_MEASURED]
    if [run["seed"] for run in runs[0]] != [run["seed"] for run in runs[1]]:
        return ["other seeds", NOTHING, NOT_MEASURED]
    counts = [np.sum([run["sentences"]["strict"] for run in of], axis=0) for of in runs]
    difference = paired_bootstrap(*counts, measure=claim.measure)
    verdict = HOLDS if difference.low > 0 else REFUTED if difference.high < 0 else OPEN
    return [f"{difference.value:+.2f}", f"{difference.low:+.2f} to {difference.high:+.2f}", verdict]


def _sentence(claim, row):
    ahead, behind = _BY_NAME[claim.ahead].title, _BY_NAME[claim.behind].title
    measure = "F1" if claim.measure == "f1" else claim.measure
    paper = "the paper does not measure this" if row[1] == NOTHING else f"{row[1]} points in the paper"
    if row[4] == NOT_MEASURED:
        return f"{measure} of {ahead} less that of {behind}: {paper}; not measured here."
    return f"{measure} of {ahead} less that of {behind}: {paper}, {row[2]} here ({row[3]}): {row[4]}."


def _pair(costs, key):
    found = [costs.get(_BY_NAME[name], {}).get(key) for name in ("bert_bilstm_crf", "albert_bilstm_crf")]
    return found if all(found) else None


def _speed(costs):
    text, seconds = "ALBERT trains faster than BERT", _pair(costs, "step_seconds")
    if not seconds:
        return [text, "no figure", NOT_MEASURED, NOTHING, NOT_MEASURED], "Training speed of ALBERT and BERT: not measured here."
    ratio = seconds[0] / seconds[1]
    sentence = f"A training step of BERT-BiLSTM-CRF takes {ratio:.2f} times as long as one of ALBERT-BiLSTM-CRF; the paper gives no figure."
    return [text, "no figure", f"{ratio:.2f} times as fast", NOTHING, HOLDS if ratio > 1 else REFUTED], sentence


def _memory(costs):
    text, parameters, memory = "ALBERT has fewer parameters and takes less memory", _pair(costs, "parameters"), _pair(costs, "peak_memory")
    if not parameters:
        return [text, "12M, 40 MB", NOT_MEASURED, NOTHING, NOT_MEASURED], "Parameters and memory in training: not measured here."
    sentence = f"Parameters with BiLSTM-CRF: {parameters[1]:,} for ALBERT, {parameters[0]:,} for BERT."
    cell, verdict = f"{parameters[0] / parameters[1]:.1f} times fewer parameters", parameters[1] < parameters[0]
    if memory:
        sentence += f" Peak memory of a training process: {memory[1] / 2**20:,.0f} and {memory[0] / 2**20:,.0f} MiB."
        cell += f", {memory[1] / 2**20:,.0f} for {memory[0] / 2**20:,.0f} MiB"
        verdict = verdict and memory[1] < memory[0]
    return [text, "12M, 40 MB", cell, NOTHING, HOLDS if verdict else REFUTED], sentence


def _nested(results):
    text = "Organisations that open with a place are missed for it"
    runs = results.get(_BY_NAME["albert_bilstm_crf"])
    nested, plain = (_found(runs, "organisations", kind) for kind in ("nested", "plain"))
    if not nested or not plain:
        return [text, "no figure", NOT_MEASURED, NOTHING, NOT_MEASURED], "Organisations that open with a place: not measured here."
    cells = [f"found {nested.percent:.1f} %, others {plain.percent:.1f} %", *_verdict(nested, plain)]
    return [text, "no figure", *cells], (
        f"ALBERT-BiLSTM-CRF finds {nested.percent:.1f} % of the organisations that open with a place and {plain.percent:.1f} % of the "
        f"others, a difference of {cells[1]}: {cells[2]}."
    )


def _inconsistent(results):
    text = "Places are missed where the annotation is inconsistent"
    runs = results.get(_BY_NAME["albert_bilstm_crf"])
    always, not_always, unseen = (_found(runs, "places", kind) for kind in AGREEMENTS)
    if not always or not not_always:
        return [text, "no figure", NOT_MEASURED, NOTHING, NOT_MEASURED], "Places by the annotation of the training set: not measured here."
    new = f"{unseen.percent:.1f} %" if unseen else NOTHING
    found = f"found {not_always.percent:.1f} %, always a place {always.percent:.1f} %, unseen {new}"
    cells = [found, *_verdict(not_always, always)]
    return [text, "no figure", *cells], (
        f"ALBERT-BiLSTM-CRF finds {not_always.percent:.1f} % of the places whose characters training does not always annotate as one and "
        f"{always.percent:.1f} % of those it always does, a difference of {cells[1]}: {cells[2]}. Of those that training has not: {new}."
    )


@dataclasses.dataclass(frozen=True)
class _Found:
    """Entities of a kind: the share that is found, in percent over all seeds, and how many there are in the test set."""

    percent: float
    number: float


def _found(runs, what, kind):
    """``_Found``; None where nothing was measured or there is none."""
    counts = [run[what][kind] for run in runs or ()]
    total = sum(sum(count.values()) for count in counts)
    return _Found(100 * sum(count["found"] for count in counts) / total, total / len(counts)) if total else None


def _verdict(fewer, others):
    """(95 % interval of the difference of two shares, verdict on the first being the smaller): normal approximation, one test set."""
    variance = sum(of.percent * (100 - of.percent) / of.number for of in (fewer, others))
    difference, margin = fewer.percent - others.percent, 1.96 * variance**0.5
    verdict = HOLDS if difference + margin < 0 else REFUTED if difference - margin > 0 else OPEN
    return f"{difference - margin:+.2f} to {difference + margin:+.2f}", verdict
