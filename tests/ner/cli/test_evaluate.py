"""--do_eval: scores, the error report and calibration beside the model."""

import json
import random

import pytest

from albert.errors import UserError
from ner.tagging.tagger import Tagger
from tests.commands import run_ner_here
from tests.ner.tiny import CHARACTERS, tiny_model_dir


@pytest.fixture(name="work")
def _work(tmp_path):
    """A model, data that it gets right for the most part, and a function that evaluates it."""
    model, data = tiny_model_dir(tmp_path / "model"), tmp_path / "data"
    rng = random.Random(5)
    texts = ["".join(rng.choices(CHARACTERS, k=rng.randrange(1, 60))) for _ in range(80)]
    tagger = Tagger.load(model)
    data.mkdir()
    for split, part in (("train", texts[:40]), ("test", texts[20:])):
        annotated = [
            tags if rng.random() < 0.7 else ["B-PER" if i % 5 == 0 else "O" for i in range(len(tags))]
            for tags in tagger.predictor.tags(part)
        ]
        rows = ["".join(f"{c}\t{tag}\n" for c, tag in zip(text, tags)) for text, tags in zip(part, annotated)]
        (data / f"{split}.txt").write_text("\n".join(rows), encoding="utf-8")

    def run(**given):
        assert run_ner_here(do_eval=True, model_dir=str(model), data_dir=str(data), **given) == 0
        return json.loads((model / "metrics.json").read_text(encoding="utf-8"))

    run.model, run.data = model, data
    return run


def test_the_report_agrees_with_the_scores(work, capsys):
    plain = work()
    assert not (work.model / "errors.html").exists()
    assert "calibration" not in plain
    metrics = work(error_report=True)
    assert {**metrics, "seconds": 0, "calibration": 0} == {**plain, "seconds": 0, "calibration": 0}
    assert 0.0 < metrics["conlleval"]["overall"]["f1"] < 1.0
    report = json.loads((work.model / "errors.json").read_text(encoding="utf-8"))
    assert report["scores"] == metrics["conlleval"]
    overall = metrics["conlleval"]["overall"]
    assert sum(c["misses"] for c in report["categories"].values()) == overall["support"] - overall["correct"]
    assert sum(c["adds"] for c in report["categories"].values()) == overall["predicted"] - overall["correct"]
    assert report["by_seen"]["seen"]["support"] > 0
    assert metrics["calibration"] == report["calibration"]
    assert metrics["calibration"]["count"] == overall["predicted"]
    assert (work.model / "errors.html").read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    printed = capsys.readouterr().out
    assert f"expected calibration error {metrics['calibration']['expected_error']:.4f} over" in printed
    assert f"errors: {len(report['errors']):,} in " in printed


def test_without_a_training_set_nothing_is_said_of_it(work):
    (work.data / "train.txt").unlink()
    work(error_report=True)
    report = json.loads((work.model / "errors.json").read_text(encoding="utf-8"))
    assert report["by_seen"] is None
    assert {error["seen"] for error in report["errors"]} == {None}


def test_reliability_plot_and_lexicon(work, tmp_path):
    pytest.importorskip("matplotlib")
    lexicon = tmp_path / "terms.tsv"
    lexicon.write_text("".join(f"{c}\t-\n" for c in dict.fromkeys(CHARACTERS)), encoding="utf-8")
    plain = work()["conlleval"]["overall"]
    metrics = work(reliability_plot=str(tmp_path / "plot.png"), lexicon=str(lexicon))
    assert (tmp_path / "plot.png").read_bytes().startswith(b"\x89PNG")
    assert metrics["lexicon"] == str(lexicon)
    assert metrics["conlleval"]["overall"]["predicted"] < plain["predicted"]
    with pytest.raises(UserError, match="--reliability_plot: cannot write"):
        work(reliability_plot=str(tmp_path / "none" / "plot.png"))
