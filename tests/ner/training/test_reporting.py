"""History, pictures, TensorBoard scalars and the description of the machine."""

import errno
import sys

import pytest
import tensorflow as tf

from albert.errors import UserError
from albert.training.csv_log import CsvLog
from albert.training.tensorboard import ScalarWriter
from ner.model import environment
from ner.model.crf import addons
from ner.model.directory import ModelDir
from ner.training.history import History
from ner.training.plots import _learning_curves, write_plots


def row(epoch, f1=None):
    scores = {} if f1 is None else {"dev_precision": f1, "dev_recall": f1, "dev_f1": f1, "dev_f1/LOC": f1, "dev_f1/PER": f1}
    return {"epoch": epoch, "step": 5 * epoch, "loss": 1.0 / epoch, **scores}


CONFUSION = {"types": ["LOC", "PER"], "counts": [[7, 1, 2], [0, 5, 1], [3, 0, 0]]}


def test_of_equal_epochs_the_best_is_the_last_whose_loss_has_not_risen(tmp_path):
    history = History(ModelDir(tmp_path))
    assert (history.best, history.last_step, history.epochs_since_best()) == (None, 0, 0)
    for epoch, (f1, loss, best) in enumerate(
        [(0.1, 9.0, 1), (0.5, 8.0, 2), (0.5, 7.0, 3), (0.5, 7.0, 4), (0.5, 7.5, 4), (0.2, 1.0, 4), (0.5, 6.0, 7), (0.6, 9.5, 8)], start=1
    ):
        new = {**row(epoch, f1), "loss": loss}
        assert history.would_be_best(new) == (best == epoch)
        history.add(new)
        assert history.best["epoch"] == best
    assert history.last_step == 40


def test_patience_counts_from_where_the_best_f1_was_reached_but_not_while_nothing_is_found(tmp_path):
    history = History(ModelDir(tmp_path))
    epochs = [(0.0, 0), (0.0, 0), (0.0, 3), (0.0, 0), (0.2, 5), (0.2, 5), (0.1, 2), (0.0, 0), (0.2, 7)]
    counts = []
    for epoch, (f1, found) in enumerate(epochs, start=1):
        history.add({**row(epoch, f1), "dev_found": found})
        counts.append(history.epochs_since_best())
    assert counts == [0, 0, 1, 1, 0, 1, 2, 2, 3]


def test_equal_epochs_of_a_run_of_version_0_1_0_keep_the_earlier_one_whose_weights_are_on_disk(tmp_path):
    history = History(ModelDir(tmp_path))
    history.as_0_1_0 = True
    for epoch, f1 in enumerate([0.1, 0.5, 0.5, 0.2], start=1):
        new = {**row(epoch, f1), "dev_found": 0}
        assert history.would_be_best(new) == (epoch < 3)
        history.add(new)
    assert (history.best["epoch"], history.last_step, history.epochs_since_best()) == (2, 20, 2)


def test_history_is_read_back_up_to_a_step(tmp_path):
    written = History(ModelDir(tmp_path))
    written.add(row(1, 0.5), CONFUSION)
    written.add(row(2, 0.25))
    for last_step, epochs in ((4, 0), (5, 1), (9, 1), (10, 2)):
        history = History(ModelDir(tmp_path))
        history.read(last_step)
        assert history.rows == written.rows[:epochs]
    assert history.confusion == CONFUSION
    lines = (tmp_path / "history.csv").read_text(encoding="utf-8").splitlines()
    assert lines == [
        "epoch,step,loss,dev_precision,dev_recall,dev_f1,dev_f1/LOC,dev_f1/PER",
        "1,5,1.0" + ",0.5" * 5,
        "2,10,0.5" + ",0.25" * 5,
    ]


def test_a_column_that_a_later_version_adds_is_empty_in_earlier_rows(tmp_path):
    history = History(ModelDir(tmp_path))
    history.add(row(1))
    history.add({**row(2), "new": 7})
    assert (tmp_path / "history.csv").read_text(encoding="utf-8") == "epoch,step,loss,new\n1,5,1.0,\n2,10,0.5,7\n"


@pytest.mark.parametrize("content", ['{"rows": 3}', '{"rows": []}', "[]", '{"rows": [{"step": "1"}]}'])
def test_a_broken_history_is_one_line(tmp_path, content):
    (tmp_path / "history.json").write_text(content, encoding="utf-8")
    with pytest.raises(UserError, match="history.json: not the history of a run; remove it to go on without$"):
        History(ModelDir(tmp_path)).read(1)


@pytest.mark.parametrize("dev", [True, False])
def test_learning_curves_show_every_number(tmp_path, dev):
    figure = pytest.importorskip("matplotlib.figure")
    history = History(ModelDir(tmp_path))
    for epoch, f1 in ((1, 0.25), (2, 0.75), (3, 0.5)):
        history.add(row(epoch, f1 if dev else None))
    axes = _learning_curves(figure.Figure, history, [{"step": 2.0, "loss": 1.5}, {"step": 4.0, "loss": 0.75}]).axes
    lines = {line.get_label(): (list(line.get_xdata()), list(line.get_ydata())) for ax in axes for line in ax.lines}
    assert lines["logged steps"] == ([2.0, 4.0], [1.5, 0.75])
    assert lines["mean of each epoch"] == ([5, 10, 15], [1.0, 0.5, 1.0 / 3])
    if dev:
        assert lines["F1"] == ([1, 2, 3], [25.0, 75.0, 50.0])
        assert lines["chosen epoch"][0] == [2, 2]
    assert len(axes) == 1 + dev


@pytest.mark.parametrize("dev", [True, False])
def test_plots_are_written(tmp_path, dev):
    pytest.importorskip("matplotlib")
    history = History(ModelDir(tmp_path))
    for epoch in (1, 2):
        history.add(row(epoch, 0.5 if dev else None), CONFUSION if dev else None)
        CsvLog(tmp_path / "steps.csv").write({"step": 5 * epoch, "loss": 1.0 / epoch})
    assert write_plots(history, ModelDir(tmp_path)) == f"plots: {tmp_path / 'plots'}"
    names = sorted(path.name for path in (tmp_path / "plots").iterdir())
    assert names == (["confusion.png", "learning_curves.png", "scores_per_type.png"] if dev else ["learning_curves.png"])
    for name in names:
        assert (tmp_path / "plots" / name).read_bytes().startswith(b"\x89PNG")
        # Others may read it as any file that is made here.
        assert (tmp_path / "plots" / name).stat().st_mode == (tmp_path / "steps.csv").stat().st_mode


def test_a_picture_that_cannot_be_drawn_leaves_nothing(tmp_path, monkeypatch):
    figure = pytest.importorskip("matplotlib.figure")

    def full(self, file, **_):
        file.write(b"part")
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(figure.Figure, "savefig", full)
    history = History(ModelDir(tmp_path))
    history.add(row(1))
    with pytest.raises(OSError, match="No space left"):
        write_plots(history, ModelDir(tmp_path))
    assert list((tmp_path / "plots").iterdir()) == []


def test_without_matplotlib_a_line_says_so(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    history = History(ModelDir(tmp_path))
    history.add(row(1))
    assert write_plots(history, ModelDir(tmp_path)) == "no plots: matplotlib is not installed (extra: plots)"
    assert not (tmp_path / "plots").exists()


def test_scalars_can_be_read_back(tmp_path):
    ScalarWriter(str(tmp_path)).write({"train/loss": 0.25, "learning_rate/crf": 0.5}, 17)
    (path,) = tmp_path.iterdir()
    events = [tf.compat.v1.Event.FromString(record.numpy()) for record in tf.data.TFRecordDataset(str(path))]
    values = {v.tag: (e.step, float(tf.make_ndarray(v.tensor))) for e in events for v in e.summary.value}
    assert values == {"train/loss": (17, 0.25), "learning_rate/crf": (17, 0.5)}


def test_no_directory_no_scalars():
    ScalarWriter(None).write({"train/loss": 0.25}, 17)


def test_the_environment_names_what_a_result_depends_on():
    described = environment.describe()
    assert described["packages"]["tensorflow"] == tf.__version__
    assert described["crf"] == ("albert-ner" if addons.functions is None else "tensorflow-addons")
    assert described["python"] == sys.version.split()[0]
    assert described["hardware"]["cpu_count"] >= 1
    assert described["hardware"]["gpus"] == []
    assert "intra_op_threads" in described["hardware"]
