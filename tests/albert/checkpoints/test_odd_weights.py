"""Weights as people have them: wrapped, renamed, without a pooler; every tool reads the same, and says what is odd."""

import pathlib
import shutil

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

import albert
from albert import checkpoints
from albert.cli.convert_checkpoint import convert
from albert.cli.inspect_checkpoint import describe
from albert.errors import CheckpointError
from tests.albert.checkpoint_files import DATA, copy

CASES = pathlib.Path(__file__).resolve().parents[4] / "shared" / "cases"


def rename(directory, change):
    tensors = load_file(directory / "model.safetensors")
    save_file({change(name): value for name, value in tensors.items()}, directory / "model.safetensors")
    (directory / "pytorch_model.bin").unlink()
    return directory


@pytest.mark.parametrize("folder", ["hf_albert", "hf_albert_pretraining", "hf_bert_pretraining"])
@pytest.mark.parametrize("prefix", ["module.", "model.", "_orig_mod.", "module.model.encoder."])
def test_a_constant_prefix_is_left_out(tmp_path, folder, prefix):
    directory = rename(copy(folder, tmp_path), lambda name: prefix + name)
    found = checkpoints.find(directory)
    assert found.remarks == (f"{directory / 'model.safetensors'}: the prefix {prefix} of all its names is left out",)
    expected = albert.load_encoder(DATA / folder).weight_map()
    for name, value in albert.load_encoder(directory).weight_map().items():
        np.testing.assert_array_equal(value.numpy(), expected[name].numpy())
    lines, ok = describe(str(directory))
    assert ok and f"remark: {found.remarks[0]}" in lines


@pytest.mark.parametrize("prefix", ["roberta.", "electra.", "module.roberta.", "nezha.", "distilbert.x."])
def test_another_models_prefix_is_none(tmp_path, prefix):
    directory = rename(copy("hf_albert", tmp_path), lambda name: prefix + name)
    if prefix.startswith("distil"):
        rename_one = load_file(directory / "model.safetensors")
        save_file({**rename_one, "vocab_projector.bias": np.zeros(3, np.float32)}, directory / "model.safetensors")
    with pytest.raises(CheckpointError, match="found the prefix .* of another model"):
        checkpoints.find(directory)


def test_files_under_each_others_names(tmp_path):
    """A file is what it holds, not what it is called."""
    expected = albert.load_encoder(DATA / "hf_albert").weight_map()["embeddings/word"].numpy()
    for stored, name in (("model.safetensors", "pytorch_model.bin"), ("model.safetensors", "weights.ckpt")):
        directory = tmp_path / name.replace(".", "_")
        directory.mkdir()
        shutil.copy(DATA / "hf_albert" / stored, directory / name)
        shutil.copy(DATA / "hf_albert" / "config.json", directory)
        np.testing.assert_array_equal(albert.load_encoder(directory / name).weight_map()["embeddings/word"].numpy(), expected)


@pytest.mark.parametrize("folder", ["hf_albert", "hf_bert_pretraining"])
def test_no_pooler_is_a_remark_to_every_tool(tmp_path, folder):
    directory = copy(folder, tmp_path)
    tensors = load_file(directory / "model.safetensors")
    kept = {name: value for name, value in tensors.items() if "pooler" not in name and "seq_relationship" not in name}
    save_file(kept, directory / "model.safetensors", metadata={"format": "pt"})
    (directory / "pytorch_model.bin").unlink()
    remark = f"{directory / 'model.safetensors'}: no pooler: pooled_output has random weights, all else is complete"
    assert checkpoints.find(directory).remarks == (remark,)
    lines, ok = describe(str(directory))
    assert ok and f"remark: {remark}" in lines
    albert.load_encoder(directory, require_pooler=False)
    with pytest.raises(CheckpointError, match="pooler"):
        albert.load_encoder(directory)
    for target in ("huggingface", "tf2"):
        _, result, differences = convert(directory, tmp_path / target, target)
        assert not result.has_pooler and "pooled_output" not in differences
        assert max(differences.values()) < 1e-5


def test_a_part_of_a_pooler_is_no_remark(tmp_path):
    directory = copy("hf_albert", tmp_path)
    tensors = load_file(directory / "model.safetensors")
    del tensors["pooler.bias"]
    save_file(tensors, directory / "model.safetensors")
    assert not describe(str(directory))[1]


@pytest.mark.parametrize(("name", "option"), [("tf_model.h5", "from_tf"), ("flax_model.msgpack", "from_flax")])
def test_weights_of_huggingfaces_other_kinds_name_the_way_out(tmp_path, name, option):
    directory = copy("hf_albert", tmp_path)
    (directory / "model.safetensors").unlink()
    (directory / "pytorch_model.bin").unlink(missing_ok=True)
    (directory / name).write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(99))
    way_out = rf": transformers up to version 4 makes model.safetensors of it, from_pretrained\(DIRECTORY, {option}=True\)"
    with pytest.raises(CheckpointError, match=rf"found .*{name}.*{way_out}"):
        checkpoints.find(directory)
    if name.endswith(".h5"):
        with pytest.raises(
            CheckpointError, match=rf"{name}: expected weights, found an HDF5 file, as Keras writes it \(107 bytes\){way_out}"
        ):
            checkpoints.find(directory / name)


@pytest.mark.skipif(not CASES.is_dir(), reason="needs the collected cases")
@pytest.mark.parametrize(
    ("case", "words"),
    [
        ("06a-lfs-bin", "expected weights, found a Git LFS pointer (133 bytes): the file itself was not fetched"),
        ("06c-html-bin", "expected weights, found an HTML page (55 bytes)"),
    ],
)
def test_cases_that_are_refused(case, words):
    with pytest.raises(CheckpointError) as e:
        checkpoints.find(CASES / case)
    assert words in str(e.value)


@pytest.mark.skipif(not CASES.is_dir(), reason="needs the collected cases")
@pytest.mark.parametrize("case", ["07a-sharded-safetensors", "09b-dataparallel-bare", "27-masked-lm-no-pooler", "10a-vocab-2-short"])
def test_cases_that_are_read(case):
    assert describe(str(CASES / case))[1]
    albert.load_encoder(CASES / case, require_pooler=False)
