"""The report: every cell filled, published and measured numbers told apart; and what the harness refuses and resumes."""

import json
import re
import sys
import types

import pytest

from albert.errors import UserError
from ner.reproduce import places, running
from ner.reproduce.document import Heading, Paragraph, Table, to_html, to_markdown
from ner.reproduce.experiments import EXPERIMENTS, find_experiments
from ner.reproduce.nested import OUTCOMES
from ner.reproduce.published import COUNTS as PUBLISHED_COUNTS
from ner.reproduce.report import write_report
from ner.reproduce.running import Interrupted, Runner, read_overrides, take_part

COUNTS = {split: {"strict": {**counts, "PER": 7}, "conlleval": {**counts, "PER": 9}} for split, counts in PUBLISHED_COUNTS.items()}


IDENTITY = {
    "train_batch_size": 7,
    "num_train_epochs": 2,
    "learning_rate": 2e-05,
    "head_learning_rate": 0.003,
    "crf_learning_rate": 0.02,
    "warmup_proportion": 0.1,
    "weight_decay": 0.01,
    "max_grad_norm": 1.0,
    "mixed_precision": "off",
    "dev_fraction": 0.0,
    "constrained_decoding": False,
    "data": {"train.txt": "0a1b"},
    "model": {
        "encoder": {"hidden_dropout_prob": 0.0},
        "tag_set": {"scheme": "BIO", "types": ["LOC", "ORG", "PER"]},
        "max_seq_length": 31,
        "rnn": "lstm",
        "lstm_cell": "peephole",
        "lstm_units": 19,
        "use_crf": True,
        "dropout": 0.3,
    },
}
COST = {"step_seconds": 0.5, "peak_memory": 3 << 20, "parameters": 101, "batch_size": 7, "tokens": 31, "precision": "off"}


def _run(seed, f1):
    def score(value, support):
        return {"precision": value, "recall": value, "f1": value, "support": support}

    def reading(value, support):
        return {
            "overall": score(value, 3 * support),
            "per_type": {label: score(value - 0.1, support) for label in ("LOC", "ORG", "PER")},
        }

    return {
        "seed": seed,
        "evaluation": {"conlleval": reading(f1 - 0.03, 13), "strict": reading(f1, 11)},
        "sentences": dict.fromkeys(("strict", "conlleval"), [[1, 2, 2], [0, 1, 1], [round(3 * f1), 3, 3]]),
        "organisations": {kind: dict.fromkeys(OUTCOMES, 1) for kind in ("nested", "plain")},
        "places": {kind: dict.fromkeys(places.OUTCOMES, 2) for kind in places.AGREEMENTS},
        "identity": IDENTITY,
        "history": [{"step": 7, "loss": 1.5}, {"step": 13, "loss": 0.25}],
        "parameters": 12345,
        "train_seconds": 61.0,
        "train_steps": 13,
        "epochs": 2,
        "sentences_per_second": 97.0,
        "weights": "random: no pretrained weights",
        "precision": "off",
        "session": {
            "hardware": {"platform": "Linux", "cpu": "toy", "cpu_count": 3, "memory_bytes": 5 * 2**30, "gpus": []},
            "python": "3.11.2",
            "packages": {"tensorflow": "2.15.1"},
            "revision": "0123456789abcdef+changes",
        },
        "command": ["--flagfile=flags/x.flags"],
    }


def _tables(markdown):
    for block in markdown.split("\n\n"):
        if block.startswith("|"):
            yield [[cell.strip() for cell in line.strip("|").split(" | ")] for line in block.splitlines()]


def test_every_cell_is_filled(tmp_path):
    results = {experiment: [_run(1, 0.9), _run(2, 0.8)] for experiment in EXPERIMENTS}
    costs = {e: {**COST, "step_seconds": 0.75 if e.encoder == "bert" else 0.5} for e in EXPERIMENTS}
    write_report(tmp_path, COUNTS, results, {}, "Data: toys.", costs=costs)
    markdown = (tmp_path / "report.md").read_text(encoding="utf-8")
    tables = list(_tables(markdown))
    # Weights, Tables 1 and 2, two each for Tables 3 and 4, claims, hyper-parameters, losses, significance, organisations, places, commands.
    assert len(tables) == 1 + 2 + 2 + 2 + 1 + 2 + 1 + 1 + 1 + 1
    for table in tables:
        assert all(len(row) == len(table[0]) for row in table)
        assert all(cell for row in table[2:] for cell in row)
    main = next(row for table in tables for row in table if row[0] == "ALBERT-BiLSTM-CRF" and len(row) == 11)
    # Paper, mean ± spread here, difference.
    assert main[1:4] == ["97.38", "85.00 ± 7.07", "-12.38"]
    assert "| ALBERT-BiLSTM-CRF | measured here | random: no pretrained weights | float32 | 1, 2 |" in markdown
    assert "| train, PER | 17,615 | 7 | -17,608 | 9 |" in markdown
    assert "| test, total | 6,181 | 4,215 | -1,966 | 4,217 |" in markdown
    assert "| CPU | i7-7700 @ 3.6 GHz | toy, 3 cores |" in markdown
    assert "| Memory | 16 GB DDR4 | 5 GiB |" in markdown
    assert "| 0123456789ab+changes |" in markdown
    # The difference is that of the strict reading; the conlleval reading stands beside it.
    assert main[-2:] == ["-10.22", "82.00 ± 7.07"]
    assert "| ALBERT-BiLSTM-CRF, LOC | 97.36 | 75.00 ± 7.07 | -22.36 |" in markdown
    assert "| 95.13 | 75.00 ± 7.07 | -20.13 | 72.00 ± 7.07 | 11 / 13 |" in markdown
    assert "| BERT-BiLSTM-CRF, LOC | 75.00 ± 7.07 | 75.00 ± 7.07 | 75.00 ± 7.07 | 72.00 ± 7.07 | 11 / 13 |" in markdown
    assert "| BERT-BiLSTM-CRF | 12 layers | 12,345 | 2 | 13 | 61 ± 0 | 97 ± 0 | 0.75 | 3 |" in markdown
    assert "| ALBERT-BiLSTM-CRF | 12M, 12 layers, 40 MB | 12,345 | 2 | 13 | 61 ± 0 | 97 ± 0 | 0.50 | 3 |" in markdown
    assert "| Char-BiLSTM-CRF | not given | 85.00 ± 7.07 | - |" in markdown
    assert f"there being {len(EXPERIMENTS) * (len(EXPERIMENTS) - 1) // 2} pairs" in markdown
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert page.count("<table>") == len(tables)
    assert "85.00 ± 7.07" in page


def test_what_was_not_measured_says_so(tmp_path):
    main = find_experiments(["albert_bilstm_crf"])[0]
    missing = {EXPERIMENTS[2]: "failed: checkpoints/x: no such file", EXPERIMENTS[3]: "not yet", main: "failed: disk full"}
    write_report(tmp_path, COUNTS, {main: [_run(1, 0.9)]}, missing, "Data: toys.")
    markdown = (tmp_path / "report.md").read_text(encoding="utf-8")
    assert "| BERT-fine-tuning | not measured: failed: checkpoints/x: no such file | - | - | - |" in markdown
    assert "| ALBERT-fine-tuning | not measured: not yet | - | - | - |" in markdown
    assert "| BERT-BiLSTM-CRF | not measured: not asked for | - | - | - |" in markdown
    assert "| ALBERT-BiLSTM-CRF | measured here; more seeds: failed: disk full | random: no pretrained weights | float32 | 1 |" in markdown
    assert re.search(r"\| BERT-BiLSTM-CRF \| 97.92 \| not measured \| - \|", markdown)
    assert "±" not in markdown.split("Table 4")[1]
    assert all(len(row) == len(table[0]) for table in _tables(markdown) for row in table)


def test_before_anything_is_measured(tmp_path):
    write_report(tmp_path, COUNTS, {}, dict.fromkeys(EXPERIMENTS, "not yet"), "Data: toys.", {EXPERIMENTS[-1]: 10_007})
    markdown = (tmp_path / "report.md").read_text(encoding="utf-8")
    tables = list(_tables(markdown))
    # Weights, Tables 1, 2 and 3, two for Table 4, claims: whatever the paper printed is there.
    assert len(tables) == 1 + 3 + 2 + 1
    for table in tables:
        assert len(table) > 2
        assert all(len(row) == len(table[0]) for row in table)
        assert all(cell for row in table[2:] for cell in row)
    assert "| CPU | i7-7700 @ 3.6 GHz | nothing measured yet |" in markdown
    cells = ["97.87", "not measured", "-", "96.40", "not measured", "-", "97.13", "not measured", "-", "not measured", "-"]
    assert f"| ALBERT-BiLSTM-CRF, PER | {' | '.join(cells)} |" in markdown
    assert "| Char-BiLSTM-CRF | - | not measured | not measured | - | - | - | not measured | - |" in markdown
    assert re.search(r"\| 10,007 \| not measured \| - \| - \| - \| not measured \| - \|", markdown)


def test_machines_differ(tmp_path):
    first, second = _run(1, 0.9), _run(2, 0.9)
    second["session"]["hardware"]["memory_bytes"] = None
    write_report(tmp_path, COUNTS, {EXPERIMENTS[0]: [first, second]}, {}, "Data: toys.")
    assert "| Memory | 16 GB DDR4 | 5 GiB; unknown |" in (tmp_path / "report.md").read_text(encoding="utf-8")


def test_only_systems_with_the_same_seeds_are_compared(tmp_path):
    results = dict(zip(EXPERIMENTS, ([_run(1, 0.9)], [_run(2, 0.9)], [_run(1, 0.5)])))
    write_report(tmp_path, COUNTS, results, {}, "Data: toys.")
    tables = _tables((tmp_path / "report.md").read_text(encoding="utf-8"))
    pairs = [row[0] for table in tables if table[0][0] == "pair" for row in table[2:]]
    assert pairs == [f"{EXPERIMENTS[0].title} – {EXPERIMENTS[2].title}"]


def test_pictures(tmp_path):
    pytest.importorskip("matplotlib")
    write_report(tmp_path, COUNTS, {experiment: [_run(1, 0.9), _run(2, 0.8)] for experiment in EXPERIMENTS}, {}, "Data: toys.")
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    for name in ("f1", "speed", "loss"):
        assert (tmp_path / "plots" / f"{name}.png").read_bytes().startswith(b"\x89PNG")
        assert f'<img src="plots/{name}.png"' in page


def test_without_matplotlib_the_report_says_so(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    write_report(tmp_path, COUNTS, {EXPERIMENTS[0]: [_run(1, 0.9)]}, {}, "Data: toys.")
    assert "None: matplotlib, the extra named plots, was not installed" in (tmp_path / "report.md").read_text(encoding="utf-8")
    assert not (tmp_path / "plots").exists()


def test_markup_is_escaped():
    blocks = [Heading("a < b"), Paragraph("<b>"), Table(("x", "y|z"), [["1 & 2", "|"]])]
    assert to_markdown(blocks) == "## a < b\n\n<b>\n\n| x | y\\|z |\n| --- | ---: |\n| 1 & 2 | \\| |\n"
    page = to_html(blocks, "<title>")
    assert "<h2>a &lt; b</h2>" in page
    assert "<td>1 &amp; 2</td>" in page
    assert "&lt;title&gt;" in page


def test_unknown_experiments():
    assert find_experiments(["all"]) == EXPERIMENTS
    with pytest.raises(UserError, match="^experiments: found 'xlnet', expected all, paper or some of char_bilstm_crf, "):
        find_experiments(["xlnet"])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('{"xlnet": []}', "found experiment 'xlnet', expected * or one of a, b"),
        ('["--seed=1"]', "expected an object from experiment names to lists of flags"),
        ('{"a": "--seed=1"}', "expected an object from experiment names to lists of flags"),
        ("{", "1: found invalid JSON"),
    ],
)
def test_damaged_overrides(tmp_path, content, message):
    path = tmp_path / "overrides.json"
    path.write_text(content)
    with pytest.raises(UserError, match=re.escape(message)):
        read_overrides(str(path), ["a", "b"])


def test_a_part_of_the_data_keeps_its_order(tmp_path):
    rows = ["\n".join(f"{c}\tO" for c in text) for text in ("甲甲", "乙", "丙丙", "丁", "戊")]
    (tmp_path / "train.txt").write_text("\n\n".join(rows) + "\n", encoding="utf-8")
    take_part(tmp_path, tmp_path / "part", {"train": 3})
    part = (tmp_path / "part" / "train.txt").read_text(encoding="utf-8")
    kept = part.replace("\tO\n", "").split()
    assert len(kept) == 3
    assert kept == sorted(kept, key=["甲甲", "乙", "丙丙", "丁", "戊"].index)
    take_part(tmp_path, tmp_path / "part", {"train": 3})
    assert (tmp_path / "part" / "train.txt").read_text(encoding="utf-8") == part


@pytest.mark.parametrize("character", ["\n", "\t"])
def test_a_part_of_texts_that_are_no_columns_is_refused(tmp_path, character):
    texts = [
        {"text": "李明 在\u3000上海", "entities": []},
        {"text": f"上{character}海", "entities": [{"start": 0, "end": 1, "label": "LOC"}]},
    ]
    path = tmp_path / "train.jsonl"
    path.write_text("".join(json.dumps(text) + "\n" for text in texts), encoding="utf-8")
    with pytest.raises(UserError, match="train.jsonl:2: found a tab or line end in the text, expected none"):
        take_part(tmp_path, tmp_path / "part", {"train": 7})
    assert not list((tmp_path / "part").iterdir())


@pytest.fixture(name="runner")
def _runner(tmp_path, monkeypatch):
    """A function that makes a ``Runner`` whose trainings are noted, not done; ``exit_code`` and ``printed`` are what they end with."""
    flags, data = tmp_path / "flags", tmp_path / "data"
    flags.mkdir()
    data.mkdir()
    for split in ("train", "test"):
        (data / f"{split}.txt").write_text("甲\tO\n", encoding="utf-8")
    for experiment in EXPERIMENTS:
        (flags / experiment.flagfile).write_text("--lstm_units=3\n")

    class Process:
        exit_code, printed = 0, ""

        def __init__(self, command, stdout, stderr):
            make.commands.append(command)
            stdout.buffer.write(self.printed.encode("utf-8", "surrogateescape"))

        def wait(self):
            return self.exit_code

    def make(**overrides):
        return Runner(str(tmp_path / "out"), str(data), str(flags), overrides, log=make.log.append)

    monkeypatch.setattr(running, "Popen", Process)
    scoring = types.SimpleNamespace(score_run=lambda path, data_dir: {**_run(3, 0.5), "path": path})
    monkeypatch.setitem(sys.modules, "ner.reproduce.scoring", scoring)
    make.process, make.commands, make.log = Process, [], []
    make.flags, make.data = flags, data
    return make


def test_a_result_is_measured_once(runner):
    experiment = EXPERIMENTS[0]
    first = runner().result(experiment, 3)
    assert runner().result(experiment, 3) == first
    assert len(runner.commands) == 1
    assert "--seed=3" in runner.commands[0]
    name = f"{experiment.title}, seed 3: "
    assert runner.log[0].startswith(f"{name}run_ner.py --flagfile=")
    assert runner.log[1:] == [f"{name}F1 50.00 after 61 s of training", f"{name}F1 50.00 after 61 s of training, measured before"]
    # Another flag, another seed, another flagfile or other data is another run.
    runner(**{"*": ["--lstm_units=5"]}).result(experiment, 3)
    runner().result(experiment, 4)
    (runner.flags / experiment.flagfile).write_text("--lstm_units=7\n")
    runner().result(experiment, 3)
    assert len(runner.commands) == 4
    (runner.data / "test.txt").write_text("乙\tO\n", encoding="utf-8")
    runner().result(experiment, 3)
    assert len(runner.commands) == 5


def test_flags_of_an_experiment_follow_the_flagfile(runner):
    runner(**{"*": ["--dropout=0.5"], EXPERIMENTS[0].name: ["--dropout=0.3"], EXPERIMENTS[1].name: ["--dropout=0.2"]}).result(
        EXPERIMENTS[0], 1
    )
    command = runner.commands[0]
    assert command[3].startswith("--flagfile=")
    assert command[4:6] == ["--dropout=0.5", "--dropout=0.3"]
    assert json.dumps(command).count("--dropout") == 2


def test_a_failed_training_gives_its_last_line(runner):
    runner.process.exit_code, runner.process.printed = 1, "train: …\nerror: checkpoints/x: no such file\n"
    with pytest.raises(UserError, match="^checkpoints/x: no such file$"):
        runner().result(EXPERIMENTS[0], 1)


def test_a_training_that_ended_without_a_message_says_how(runner):
    log = runner.data.parent / "out" / "logs" / f"{EXPERIMENTS[0].name}_1.log"
    killed = f"training ended with code -9, see {log}"
    for code, printed, message in ((1, "error: x\n", "x"), (-9, "", killed), (-9, "epoch 3: loss 0.5\n", f"{killed}: epoch 3: loss 0.5")):
        runner.process.exit_code, runner.process.printed = code, printed
        with pytest.raises(UserError, match=f"^{re.escape(message)}$"):
            runner().result(EXPERIMENTS[0], 1)
    # One start after the other.
    assert log.read_text(encoding="utf-8") == "error: x\nepoch 3: loss 0.5\n"


def test_a_log_that_is_not_utf8_and_a_broken_result_are_no_obstacle(runner):
    log = runner.data.parent / "out" / "logs" / f"{EXPERIMENTS[0].name}_1.log"
    log.parent.mkdir(parents=True)
    result = runner.data.parent / "out" / "results" / f"{EXPERIMENTS[0].name}_1.json"
    result.parent.mkdir()
    for content in ("[]", "{}"):
        result.write_text(content)
        assert runner().result(EXPERIMENTS[0], 1)["seed"] == 1
    runner.process.exit_code, runner.process.printed = 1, "\udcff\nerror: x\n"
    with pytest.raises(UserError, match="^x$"):
        runner().result(EXPERIMENTS[0], 2)


def test_a_stopped_training_stops_the_harness(runner):
    runner.process.exit_code = 130
    with pytest.raises(Interrupted):
        runner().result(EXPERIMENTS[0], 1)
