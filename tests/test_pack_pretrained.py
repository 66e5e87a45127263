"""tools/pack_pretrained.py: what ships is what was trained, rounded, and tells nothing of the machine."""

import importlib.util
import json
import pathlib
import stat
import types

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from albert import checkpoints
from albert.errors import UserError
from ner.model.directory import ModelDir
from ner.model.network import TaggerModel
from tests.ner.tiny import tiny_model_dir

ROOT = pathlib.Path(__file__).resolve().parents[1]
CHECKPOINT = ROOT / "tests" / "albert" / "data" / "google_albert"


@pytest.fixture(name="pack", scope="module")
def _pack():
    spec = importlib.util.spec_from_file_location("pack_pretrained", ROOT / "tools" / "pack_pretrained.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(name="tagger")
def _tagger(tmp_path):
    model = pathlib.Path(tiny_model_dir(tmp_path / "model"))
    record = {
        "identity": {"seed": 1},
        "sessions": [{"flags": {"data_dir": str(tmp_path / "data")}}],
        "result": {
            **{"steps": 3, "epochs": 1, "seconds": 0.5, "stopped_early": False, "chosen": {"epoch": 1}},
            "chosen_by": f"held out of {tmp_path}/data/train.txt",
        },
    }
    (model / "run.json").write_text(json.dumps(record))
    return model


def test_checkpoint_is_the_same_to_half_precision(pack, tmp_path):
    names = pack.pack_checkpoint(str(CHECKPOINT), str(tmp_path))
    assert sorted(path.name for path in tmp_path.iterdir()) == names
    packed, source = (
        {name: v.numpy() for name, v in checkpoints.load_pretraining_model(str(path)).weight_map().items()}
        for path in (tmp_path, CHECKPOINT)
    )
    assert set(packed) == set(source)
    for name, value in source.items():
        np.testing.assert_array_equal(packed[name], value.astype(np.float16).astype(np.float32), err_msg=name)


def test_tagger_is_the_same_to_half_precision(pack, tagger, tmp_path):
    target = tmp_path / "packed"
    target.mkdir()
    (target / "README.md").write_text("the card")
    names = pack.pack_tagger(str(tagger), str(target))
    assert sorted(path.name for path in target.iterdir()) == sorted([*names, "README.md"])
    assert str(tmp_path) not in (target / "run.json").read_text()
    assert all(stat.S_IMODE(path.stat().st_mode) & 0o044 for path in target.iterdir())
    models = []
    for path in (tagger, target):
        directory = ModelDir(path)
        models.append(TaggerModel(directory.read_config()))
        directory.read_weights(models[-1])
    for name, value in models[0].weight_map().items():
        np.testing.assert_array_equal(models[1].weight_map()[name], value.numpy().astype(np.float16).astype(np.float32), err_msg=name)


def test_numbers_that_do_not_fit_and_files_too_large(pack, tagger, tmp_path, monkeypatch):
    weights = load_file(tagger / "best.safetensors")
    name = next(iter(weights))
    save_file({**weights, name: np.full_like(weights[name], 7e4)}, tagger / "best.safetensors")
    target = tmp_path / "packed"
    target.mkdir()
    with pytest.raises(UserError, match=f"tensor {name}: found a number that float16 cannot hold, expected at most 65,504"):
        pack.pack_tagger(str(tagger), str(target))
    save_file(weights, tagger / "best.safetensors")
    monkeypatch.setattr(pack, "_LIMIT", 999)
    with pytest.raises(UserError, match="bytes, expected at most 999"):
        pack.pack_tagger(str(tagger), str(target))
    assert not (target / "best.safetensors").exists()


def test_one_of_two_flags(pack, monkeypatch):
    for given in ({"checkpoint": None, "model_dir": None}, {"checkpoint": "a", "model_dir": "b"}):
        monkeypatch.setattr(pack.flags, "FLAGS", types.SimpleNamespace(output_dir="c", **given))
        with pytest.raises(UserError, match="expected one of --checkpoint and --model_dir"):
            pack.main([])
