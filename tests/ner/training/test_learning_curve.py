"""Learning curves: parts of the data, and the power law through what they led to."""

import dataclasses
import json

import pytest

from albert.errors import FieldError
from ner.data.settings import DataSettings
from ner.training import learning_curve
from ner.training.learning_curve import Point, PowerLaw, describe, fit, learn
from ner.training.settings import TrainingRun


def test_a_power_law_is_found_again():
    law = PowerLaw(2.5, -0.5)
    points = [Point(size, 0, law.f1(size)) for size in (100, 250, 500, 1000)]
    assert fit(points) == pytest.approx(law)
    assert "with twice as many sentences (2,000): about +2.3 points" in describe(points, law)


def test_what_does_not_get_better_has_no_law():
    points = [Point(100, 0, 0.8), Point(200, 0, 0.7)]
    assert fit(points) is None
    assert "no estimate" in describe(points, None)
    assert fit([Point(100, 0, 0.8)]) is None
    assert fit([Point(100, 0, 1.0), Point(200, 0, 1.0)]) is None


def write(path, count, label="PER"):
    path.write_text("\n".join(f"{chr(0x4E00 + n)}\tO\n北\tB-{label}\n" for n in range(count)))


@pytest.fixture(name="run")
def _run(tmp_path):
    write(tmp_path / "train.txt", 40)
    write(tmp_path / "dev.txt", 3)
    return TrainingRun(output_dir=str(tmp_path / "out"), data=DataSettings(str(tmp_path)))


def test_parts_are_nested_and_the_numbers_are_written(run, tmp_path, monkeypatch):
    parts = []

    def train_on(run, train, dev, directory):
        parts.append(({example.text for example in train}, len(dev), directory))
        return Point(len(train), len(train), 1 - len(train) ** -0.5)

    (tmp_path / "out").mkdir()
    monkeypatch.setattr(learning_curve, "_train_on", train_on)
    lines = []
    assert learn(run, lines.append) == 0
    assert [len(texts) for texts, _, _ in parts] == [4, 10, 20, 40]
    assert parts[0][0] < parts[1][0] < parts[2][0] < parts[3][0]
    assert [directory.rpartition("/")[2] for _, _, directory in parts] == ["10_percent", "25_percent", "50_percent", "100_percent"]
    assert json.loads((tmp_path / "out" / "learning_curve.json").read_text())["power_law"]["exponent"] == pytest.approx(-0.5)
    assert lines[0].splitlines()[-1].split() == ["40", "40", "84.19"]
    monkeypatch.setattr(learning_curve, "_train_on", lambda *_: None)
    assert learn(run, lines.append) == 1


def test_something_to_measure_on_is_needed(run, tmp_path):
    (tmp_path / "dev.txt").unlink()
    with pytest.raises(FieldError, match="learning_curve: found no dev set to measure on"):
        learn(run)
    assert dataclasses.replace(run, dev_fraction=0.5)


def test_types_that_a_part_lacks_are_missed():
    # Half of the entities to be found are of such types.
    assert learning_curve._with_missing({"dev_precision": 1.0, "dev_recall": 1.0}, 10, 20) == pytest.approx(2 / 3)
    assert learning_curve._with_missing({"dev_precision": 0.0, "dev_recall": 0.0}, 10, 20) == 0.0
