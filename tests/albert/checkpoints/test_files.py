"""The kinds of weights files: safetensors, both containers of torch.save, and which files of a directory belong together."""

import io
import json
import os
import pickle
import shutil
import struct
import zipfile

import ml_dtypes
import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

import albert
from albert import checkpoints
from albert.checkpoints.files.safetensors import SafetensorsFile, write_safetensors
from albert.checkpoints.files.torch import open_torch
from albert.errors import CheckpointError
from tests.albert.checkpoint_files import DATA, copy

HF_ALBERT = DATA / "hf_albert"


def test_safetensors_agrees_with_its_library(tmp_path):
    expected = load_file(HF_ALBERT / "model.safetensors")
    source = SafetensorsFile(str(HF_ALBERT / "model.safetensors"))
    assert set(source.tensors) == set(expected)
    for name, value in expected.items():
        assert source.tensors[name].shape == value.shape
        np.testing.assert_array_equal(source.read(name), value)
    write_safetensors(str(tmp_path / "model.safetensors"), expected)
    for name, value in load_file(tmp_path / "model.safetensors").items():
        np.testing.assert_array_equal(value, expected[name])


@pytest.mark.parametrize("dtype", [np.float16, np.float64, ml_dtypes.bfloat16])
def test_other_float_types_become_float32(dtype, tmp_path):
    values = (np.arange(35) / 7 - 2).reshape(5, 7).astype(dtype)
    name = {"float16": "F16", "float64": "F64", "bfloat16": "BF16"}[values.dtype.name]
    header = json.dumps({"w": {"dtype": name, "shape": [5, 7], "data_offsets": [0, values.nbytes]}}).encode()
    (tmp_path / "w.safetensors").write_bytes(struct.pack("<Q", len(header)) + header + values.tobytes())
    read = SafetensorsFile(str(tmp_path / "w.safetensors")).read("w")
    assert read.dtype == np.float32
    np.testing.assert_array_equal(read, values.astype(np.float32))


def test_half_precision_checkpoint_loads(tmp_path):
    directory = copy("hf_albert", tmp_path)
    tensors = load_file(directory / "model.safetensors")
    save_file({name: value.astype(np.float16) for name, value in tensors.items()}, directory / "model.safetensors")
    loaded = albert.load_encoder(directory).weight_map()["embeddings/word"]
    assert loaded.dtype == "float32"
    np.testing.assert_array_equal(loaded.numpy(), tensors["embeddings.word_embeddings.weight"].astype(np.float16).astype(np.float32))


def test_truncated_safetensors(tmp_path):
    directory = copy("hf_albert", tmp_path)
    path = directory / "model.safetensors"
    content = path.read_bytes()
    length = struct.unpack("<Q", content[:8])[0]
    ends = {name: entry["data_offsets"] for name, entry in json.loads(content[8 : 8 + length]).items() if name != "__metadata__"}
    last = max(ends, key=lambda name: ends[name][1])
    begin, end = (8 + length + offset for offset in ends[last])
    path.write_bytes(content[:-5])
    with pytest.raises(CheckpointError) as caught:
        albert.load_encoder(directory)
    assert (
        str(caught.value)
        == f"{path}: tensor {last}: expected bytes {begin} to {end}, found a file of {len(content) - 5} bytes: it is truncated"
    )

    path.write_bytes(content[:500])
    with pytest.raises(CheckpointError) as caught:
        albert.load_encoder(directory)
    assert str(caught.value) == f"{path}: expected a header of {length} bytes, found a file of 500 bytes: it is truncated"

    path.write_bytes(b"no header at all" * 100)
    with pytest.raises(CheckpointError, match="expected a safetensors file, found no header length in its first 8 bytes"):
        albert.load_encoder(directory)


@pytest.mark.parametrize(
    ("entry", "reason"),
    [
        ({"dtype": "F32", "shape": [5, 7], "data_offsets": [0, 136]}, r"tensor w: expected 140 bytes for \[5, 7\] float32, found 136"),
        ({"dtype": "F32", "shape": [5, 7]}, "tensor w: expected dtype, shape and data_offsets in the header, found"),
        (
            {"dtype": "F32", "shape": [35], "data_offsets": [-140, 0]},
            "tensor w: expected dtype, shape and data_offsets in the header, found",
        ),
        ({"dtype": "F32", "shape": [35], "data_offsets": [140, 280]}, "tensor w: expected bytes .* to .*, found a file of .* bytes"),
    ],
)
def test_lying_safetensors_header(entry, reason, tmp_path):
    header = json.dumps({"w": entry}).encode()
    (tmp_path / "w.safetensors").write_bytes(struct.pack("<Q", len(header)) + header + bytes(140))
    with pytest.raises(CheckpointError, match=reason):
        source = SafetensorsFile(str(tmp_path / "w.safetensors"))
        if source.problems:
            raise source.problems[0]


@pytest.mark.parametrize("folder", ["hf_albert", "hf_albert_pretraining", "hf_bert_pretraining"])
def test_torch_files_hold_what_safetensors_holds(folder):
    """Zip container in the first two, the older one (with gamma and beta for norms) in the third."""
    source = open_torch(str(DATA / folder / "pytorch_model.bin"))
    assert source.kind == ("PyTorch legacy container" if folder == "hf_bert_pretraining" else "PyTorch zip container")
    names = {
        name.replace("LayerNorm.gamma", "LayerNorm.weight").replace("LayerNorm.beta", "LayerNorm.bias"): name for name in source.tensors
    }
    for name, value in load_file(DATA / folder / "model.safetensors").items():
        np.testing.assert_array_equal(source.read(names[name]), value)


def test_safetensors_wins_over_pytorch_model_bin():
    assert checkpoints.find(HF_ALBERT).path == str(HF_ALBERT / "model.safetensors")


def test_truncated_zip_container(tmp_path):
    directory = copy("hf_albert", tmp_path)
    (directory / "model.safetensors").unlink()
    path = directory / "pytorch_model.bin"
    path.write_bytes(path.read_bytes()[:50_000])
    with pytest.raises(CheckpointError) as caught:
        albert.load_encoder(directory)
    assert str(caught.value) == (
        f"{path}: expected the directory of a zip container at the end, found none in 50000 bytes: the file is truncated"
    )


def test_zip_container_with_a_short_member(tmp_path):
    path = tmp_path / "pytorch_model.bin"
    with zipfile.ZipFile(HF_ALBERT / "pytorch_model.bin") as original, zipfile.ZipFile(path, "w") as changed:
        for name in original.namelist():
            content = original.read(name)
            changed.writestr(name, content[:-4] if name.endswith("/data/0") else content)
    shutil.copy(HF_ALBERT / "config.json", tmp_path)
    with pytest.raises(CheckpointError) as caught:
        albert.load_encoder(tmp_path)
    assert str(caught.value) == (
        f"{path}: tensor embeddings.word_embeddings.weight: expected 12800 bytes of data, found 12796: the file is truncated"
    )


def test_truncated_legacy_container(tmp_path):
    directory = copy("hf_bert_pretraining", tmp_path)
    (directory / "model.safetensors").unlink()
    path = directory / "pytorch_model.bin"
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(CheckpointError) as caught:
        albert.load_encoder(directory)
    assert str(caught.value).startswith(f"{path}: tensor ")
    assert "bytes of data, found " in str(caught.value)
    assert str(caught.value).endswith(": the file is truncated")


class Exploit:
    """Unpickled by pickle itself, this makes a directory."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (self.path,)


def zipped(content):
    """A pickle in torch's zip container."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("archive/data.pkl", content)
    return buffer.getvalue()


@pytest.mark.parametrize("container", ["zip", "legacy", "second pickle"])
def test_a_pickle_that_is_not_weights_is_not_executed(container, tmp_path):
    trap = tmp_path / "executed"
    content = pickle.dumps({"embeddings.word_embeddings.weight": Exploit(str(trap))}, protocol=2)
    if container == "zip":
        content = zipped(content)
    elif container == "second pickle":
        content = b"".join(pickle.dumps(part, protocol=2) for part in (0x1950A86A20F9469CFC6C, 1001, {"little_endian": True})) + content
    path = tmp_path / "pytorch_model.bin"
    path.write_bytes(content)
    shutil.copy(HF_ALBERT / "config.json", tmp_path)
    with pytest.raises(CheckpointError) as caught:
        albert.load_encoder(tmp_path)
    assert str(caught.value) == (
        f"{path}: expected a pickle of tensors only, found one that asks for {os.mkdir.__module__}.mkdir; nothing of it was executed"
    )
    assert not trap.exists()
    with pytest.raises(FileExistsError):  # the trap works: run by pickle, it makes the directory, and then cannot again
        for _ in range(2):
            pickle.loads(pickle.dumps(Exploit(str(trap))))


@pytest.mark.parametrize(
    "code",
    [
        b"cbuiltins\neval\n(V1+1\ntR.",
        b"\x80\x04\x8c\x02os\x8c\x06system\x93\x8c\x04true\x85R.",  # STACK_GLOBAL
        b"(Vtrue\nios\nsystem\n.",  # INST
        b"ctorch\nload\n(Vx\ntR.",
    ],
)
def test_every_import_of_a_pickle_is_refused(code, tmp_path):
    path = tmp_path / "pytorch_model.bin"
    path.write_bytes(zipped(code))
    with pytest.raises(CheckpointError, match="expected a pickle of tensors only, found one that asks for"):
        open_torch(str(path))


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (pickle.dumps([1, 2, 3]), "expected a state dict .*found a list without tensors"),
        (pickle.dumps({"a": 1}), "expected a state dict .*found a dict without tensors"),
        (b"\x80\x02}q\x00(X\x05", "expected a pickle of tensors, found: "),
        (b"", "expected a pickle of tensors, found: "),
    ],
)
def test_pickles_without_tensors(content, reason, tmp_path):
    path = tmp_path / "pytorch_model.bin"
    path.write_bytes(zipped(content))
    with pytest.raises(CheckpointError, match=reason):
        open_torch(str(path))


def test_a_file_of_another_kind(tmp_path):
    path = tmp_path / "pytorch_model.bin"
    path.write_bytes(b"version https://git-lfs.github.com/spec/v1\noid sha256:4665\nsize 497\n")
    with pytest.raises(CheckpointError, match=r"pytorch_model\.bin: expected a pickle of tensors, found: "):
        open_torch(str(path))
    shutil.copy(HF_ALBERT / "config.json", tmp_path)
    with pytest.raises(CheckpointError, match=r"pytorch_model\.bin: expected weights, found a Git LFS pointer \(68 bytes\): the"):
        checkpoints.find(tmp_path)


def test_files_beside_the_weights(tmp_path):
    directory = copy("google_albert", tmp_path)
    found = checkpoints.find(directory)
    assert found.directory == str(directory)
    assert found.config_file == str(directory / "albert_config.json")
    assert found.vocab_file == str(directory / "vocab.txt")
    assert found.spm_model_file is None
    (directory / "vocab.txt").rename(directory / "vocab_chinese.txt")
    (directory / "albert_config.json").rename(directory / "albert_config_tiny_g.json")
    (directory / "30k-clean.model").write_bytes(b"")
    found = checkpoints.find(directory)
    assert found.config_file == str(directory / "albert_config_tiny_g.json")
    assert found.vocab_file == str(directory / "vocab_chinese.txt")
    assert found.spm_model_file == str(directory / "30k-clean.model")
    assert checkpoints.find(directory, vocab_file=str(HF_ALBERT / "vocab.txt")).vocab_file == str(HF_ALBERT / "vocab.txt")
    with pytest.raises(CheckpointError, match="nowhere.txt: no such file"):
        checkpoints.find(directory, vocab_file="nowhere.txt")


def test_prefix_in_the_working_directory(tmp_path, monkeypatch):
    monkeypatch.chdir(copy("google_albert", tmp_path))
    assert checkpoints.find("model.ckpt-best").config.vocab_size == 200


@pytest.mark.parametrize(
    ("folder", "layout"),
    [
        ("google_albert", "google"),
        ("brightmart_postln", "brightmart"),
        ("bert", "bert"),
        ("hf_albert", "huggingface_albert"),
        ("hf_bert_pretraining", "huggingface_bert"),
    ],
)
def test_layout_is_told_by_variable_names(folder, layout, tmp_path):
    """Under file names that say nothing."""
    directory = tmp_path / "x"
    directory.mkdir()
    for file in (DATA / folder).iterdir():
        if ".ckpt" in file.name:
            shutil.copy(file, directory / f"weights.{file.name.split('.')[-1].replace('ckpt-best', '')}")
        elif file.name == "model.safetensors":
            shutil.copy(file, directory)
        elif file.name.endswith("config.json"):
            shutil.copy(file, directory / "config.json")
    assert checkpoints.find(directory).layout == layout
    albert.load_encoder(directory)
