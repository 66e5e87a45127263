"""Checkpoints of an unfinished run: whole or not there, whatever happens in between."""

import dataclasses
import errno
import os
import pathlib
import struct

import numpy as np
import pytest
import tensorflow as tf

from albert.checkpoints.files.tensorflow_index import masked_crc32c
from albert.errors import UserError
from albert.training.state import TrainingState
from tests.fuzz.formats_weights import _blocks


@dataclasses.dataclass
class Progress:
    step: int = 0
    seconds: float = 0.0


def make(directory, keep=2, size=3):
    """(state, its only weight) of a model that is nothing but that."""
    model = tf.Module()
    model.weight = tf.Variable(np.zeros(size, np.float32))
    return TrainingState(str(directory), model, tf.Module(), Progress, keep), model.weight


def save(state, weight, step):
    weight.assign(np.full(weight.shape, step, np.float32))
    state.save(Progress(step, step / 7))


def files(directory):
    return sorted(path.name for path in directory.iterdir())


def test_the_newest_is_taken_up_and_the_oldest_dropped(tmp_path):
    state, weight = make(tmp_path / "state", keep=3)
    assert state.restore() is None
    for step in (2, 11, 13, 17):
        save(state, weight, step)
    assert files(tmp_path / "state") == sorted(
        ["checkpoint", *(f"ckpt-{n}.{part}" for n in (11, 13, 17) for part in ("data-00000-of-00001", "index"))]
    )
    again, weight = make(tmp_path / "state", keep=2)
    assert again.restore() == Progress(17, 17 / 7)
    assert weight.numpy().tolist() == [17.0] * 3
    save(again, weight, 19)
    assert [name for name in files(tmp_path / "state") if name.endswith(".index")] == ["ckpt-17.index", "ckpt-19.index"]


def test_a_step_saved_twice_is_there_once(tmp_path):
    state, weight = make(tmp_path / "state")
    for step in (2, 3, 3):
        save(state, weight, step)
    assert [name for name in files(tmp_path / "state") if name.endswith(".index")] == ["ckpt-2.index", "ckpt-3.index"]
    assert make(tmp_path / "state")[0].restore().step == 3


def test_the_directory_may_be_moved(tmp_path):
    state, weight = make(tmp_path / "a")
    save(state, weight, 5)
    (tmp_path / "a").rename(tmp_path / "b")
    assert make(tmp_path / "b")[0].restore().step == 5


class Killed(Exception):
    """Stands for SIGKILL."""


@pytest.mark.parametrize("moment", ["sync", "_write_list", "os.unlink"])
def test_a_kill_in_a_save_leaves_a_whole_state(tmp_path, monkeypatch, moment):
    """Before the list is written the older state is the newest, after it the new one; what is over goes with the next start."""
    state, weight = make(tmp_path / "state", keep=1)
    save(state, weight, 3)

    def die(*_):
        raise Killed

    target = {"sync": "albert.training.state.sync", "os.unlink": "albert.training.state.os.unlink"}
    monkeypatch.setattr(target.get(moment, f"albert.training.state.TrainingState.{moment}"), die)
    with pytest.raises(Killed):
        save(state, weight, 7)
    monkeypatch.undo()
    again, weight = make(tmp_path / "state", keep=1)
    expected = 7 if moment == "os.unlink" else 3
    assert again.restore().step == expected
    assert weight.numpy().tolist() == [float(expected)] * 3
    (tmp_path / "state" / "ckpt-9_temp").mkdir()
    again.remove_remains()
    assert files(tmp_path / "state") == ["checkpoint", f"ckpt-{expected}.data-00000-of-00001", f"ckpt-{expected}.index"]


@pytest.mark.parametrize("moment", ["before the files", "after the files"])
def test_a_disk_that_cannot_be_written_is_one_line(tmp_path, monkeypatch, moment):
    state, weight = make(tmp_path / "state", keep=1)
    save(state, weight, 3)
    if moment == "before the files":
        (tmp_path / "state" / "ckpt-7_temp").write_text("", encoding="utf-8")  # in the way of TensorFlow's directory
        reason = ".+"
    else:
        monkeypatch.setattr("albert.training.state.sync", full_disk)
        reason = "No space left on device"
    with pytest.raises(UserError, match=f"^output_dir: cannot write the training state to .*/state: {reason}$"):
        save(state, weight, 7)
    assert make(tmp_path / "state")[0].restore().step == 3


def full_disk(_):
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_a_state_of_tensorflows_own_manager_is_taken_up(tmp_path):
    """Runs that were started before the list was written here go on."""
    model = tf.Module()
    model.weight = tf.Variable([2.0, 3.0, 5.0])
    progress = tf.Variable('{"step": 23, "seconds": 0.5}')
    checkpoint = tf.train.Checkpoint(model=model, optimizer=tf.Module(), progress=progress)
    tf.train.CheckpointManager(checkpoint, str(tmp_path / "state"), max_to_keep=2).save(checkpoint_number=23)
    state, weight = make(tmp_path / "state")
    assert state.restore() == Progress(23, 0.5)
    assert weight.numpy().tolist() == [2.0, 3.0, 5.0]
    for step in (29, 31):
        save(state, weight, step)
    assert [name for name in files(tmp_path / "state") if name.endswith(".index")] == ["ckpt-29.index", "ckpt-31.index"]


def test_a_state_with_another_progress_is_one_line(tmp_path):
    state, weight = make(tmp_path / "state")
    save(state, weight, 1)
    other, _ = make(tmp_path / "state")
    other._progress_class = dataclasses.make_dataclass("Other", ["step"])
    with pytest.raises(UserError, match=r"ckpt-1: cannot go on from this training state \(.*'seconds'\); remove .*state to start again$"):
        other.restore()


@pytest.mark.parametrize("damage", ["index", "data", "list", "other model"])
def test_a_broken_state_is_one_line(tmp_path, damage):
    state, weight = make(tmp_path / "state")
    save(state, weight, 1)
    if damage == "list":
        (tmp_path / "state" / "checkpoint").write_text("{", encoding="utf-8")
    elif damage != "other model":
        (path,) = pathlib.Path(tmp_path / "state").glob(f"*.{damage}*")
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    other, _ = make(tmp_path / "state", size=5 if damage == "other model" else 3)
    with pytest.raises(UserError) as e:
        other.restore()
    message = str(e.value)
    assert "\n" not in message
    assert message.endswith(f"; remove {tmp_path / 'state'} to start again")
    names = "checkpoint: names no training state" if damage == "list" else "ckpt-1: cannot go on from this training state ("
    assert message.startswith(f"{tmp_path / 'state'}/{names}")


def test_a_state_that_tensorflow_would_end_the_process_at_is_one_line(tmp_path):
    """An index whose checksums are right and whose entries are none."""
    state, weight = make(tmp_path / "state")
    save(state, weight, 7)
    index = tmp_path / "state" / "ckpt-7.index"
    content = bytearray(index.read_bytes())
    offset, size = _blocks(bytes(content))[0]
    place = content.index(b"model/weight", offset) + len("model/weight/.ATTRIBUTES/VARIABLE_VALUE")
    content[place : place + 2] = b"\xff\xff"
    content[offset + size + 1 : offset + size + 5] = struct.pack("<I", masked_crc32c(bytes(content[offset : offset + size + 1])))
    index.write_bytes(content)
    with pytest.raises(UserError, match="ckpt-7: cannot go on from this training state"):
        state.restore()


@pytest.mark.parametrize(("step", "seconds"), [("7", 1.0), (7, None), (None, 1.0), (7, "1.0")])
def test_a_progress_of_other_types_is_one_line(tmp_path, step, seconds):
    state, _ = make(tmp_path / "state")
    state.save(Progress(step, seconds))
    with pytest.raises(UserError, match="cannot go on from this training state .the progress has"):
        state.restore()
