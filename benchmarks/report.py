"""The record of a run as text: one line per case while it runs, a Markdown table at the end."""

_TASKS = {
    "train": "training step, 16 × 128",
    "infer": "inference to tags, 16 × 128",
    "msra": "MSRA texts to entities, by length",
    "msra-padded": "MSRA texts to entities, others padded to 128",
    "latency": "one sentence to entities",
}
_COLUMNS = (
    *("task", "encoder", "precision", "side", "median", "fastest", "ours ×", "processor time", "ours ×"),
    *("share of GEMM peak, padding not counted", "peak memory", "first run", "agreement"),
)


def line(case):
    """One case in one line."""
    parts = [
        f"{side} {_seconds(r['median'])}{_ratio(case, side, ' ({:.2f}x)')}" if "median" in r else f"{side} failed"
        for side, r in case["results"].items()
    ]
    return "  " + ", ".join(parts)


def markdown(record):
    """The record as a Markdown document."""
    machine = record["machine"]
    peaks = ", ".join(f"{precision} {flops / 1e9:.0f} GFLOP/s" for precision, flops in record["gemm_flops"].items())
    lines = [
        f"{machine['cores']} cores of {machine['cpu']} ({', '.join(machine['features'])}), {machine['memory'] / 2**30:.0f} GiB,",
        f"{machine['system']}.",
        f"{record['threads']} threads per process. GEMM peak: {peaks}. {record['characters']:,} characters end to end.",
        "",
        f"| {' | '.join(_COLUMNS)} |",
        "|" + "---|" * len(_COLUMNS),
    ]
    for case in record["cases"]:
        lines += [_row(case, side, result, record) for side, result in case["results"].items()]
    return "\n".join(lines) + "\n"


def _row(case, side, result, record):
    head = [_TASKS[case["task"]], case["size"], case["precision"], side]
    if "error" in result:
        return "| " + " | ".join([*head, "failed", *[""] * 8]) + " |"
    peak = record["gemm_flops"][case["precision"]]
    share = f"{case['flops'] / result['median'] / peak:.0%}" if case["flops"] else ""
    memory = f"{result['peak_memory'] / 2**20:,.0f} MiB" if result["peak_memory"] else ""
    cells = [
        *head,
        _seconds(result["median"]),
        _seconds(result["fastest"]),
        _ratio(case, side, "{:.2f}"),
        _seconds(result["processor_median"]),
        _ratio(case, side, "{:.2f}", "processor_median"),
        share,
        memory,
        _seconds(result["first"]),
        _agreement(case["agreement"].get(side)),
    ]
    return "| " + " | ".join(cells) + " |"


def _ratio(case, side, template, measure="median"):
    """Ratio of the side's time to ours."""
    ours, other = case["results"].get("ours", {}).get(measure), case["results"][side][measure]
    return "" if ours is None or side == "ours" else template.format(other / ours)


def _agreement(agreement):
    if not agreement:
        return ""
    if "equal" in agreement:
        return f"{agreement['equal']:.2%} equal"
    return f"loss within {agreement['relative_difference']:.1e}"


def _seconds(seconds):
    return f"{seconds:.2f} s" if seconds >= 1 else f"{seconds * 1e3:.1f} ms"
