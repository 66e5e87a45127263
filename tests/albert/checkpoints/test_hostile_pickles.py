"""Pickles made to harm: refused, and without any trace in what is read after them."""

import io
import pickle
import struct
import time
import tracemalloc
import zipfile

import numpy as np
import pytest

from albert.checkpoints.files.torch import open_torch
from albert.errors import CheckpointError

MAGIC, PROTOCOL = 0x1950A86A20F9469CFC6C, 1001


def text(value):
    return b"X" + struct.pack("<I", len(value)) + value.encode()


def name(module, attribute):
    return f"c{module}\n{attribute}\n".encode()


def storage(kind="HalfStorage", key="0", count=6):
    return b"(" + text("storage") + name("torch", kind) + text(key) + text("cpu") + b"K" + bytes([count]) + b"tQ"


def tensor(storage_code, shape=b"K\x02K\x03\x86", strides=b"K\x03K\x01\x86", offset=b"K\x00"):
    arguments = b"(" + storage_code + offset + shape + strides + b"\x89" + name("collections", "OrderedDict") + b")Rt"
    return name("torch._utils", "_rebuild_tensor_v2") + arguments + b"R"


def state_dict(*items):
    """A pickle of a dict from names to code."""
    return b"\x80\x02}" + b"".join(text(key) + code + b"s" for key, code in items) + b"."


def write_zip(path, code, members=None, compression=zipfile.ZIP_STORED):
    with zipfile.ZipFile(path, "w", compression) as archive:
        archive.writestr("archive/data.pkl", code)
        for member, content in (members if members is not None else {"0": np.arange(6, dtype=np.float16).tobytes()}).items():
            archive.writestr(f"archive/data/{member}", content, zipfile.ZIP_STORED)
    return str(path)


def write_legacy(path, code, members=None):
    content = [pickle.dumps(part, 2) for part in (MAGIC, PROTOCOL, {"little_endian": True})] + [code]
    members = members if members is not None else {"0": np.arange(6, dtype=np.float16)}
    content.append(pickle.dumps(sorted(members), 2))
    content += [struct.pack("<q", values.size) + values.tobytes() for _, values in sorted(members.items())]
    path.write_bytes(b"".join(content))
    return str(path)


GOOD = state_dict(("w", tensor(storage())))
VALUES = np.arange(6, dtype=np.float32).reshape(2, 3)


def read_good(tmp_path):
    for write in (write_zip, write_legacy):
        source = open_torch(write(tmp_path / "good.bin", GOOD))
        assert source.problems == []
        assert (source.tensors["w"].dtype, source.tensors["w"].shape) == ("float16", (2, 3))
        np.testing.assert_array_equal(source.read("w"), VALUES)


def state(*pairs):
    return b"}" + b"".join(text(key) + value + b"s" for key, value in pairs)


TARGETS = {
    "storage type": name("torch", "HalfStorage"),
    "another storage type": name("torch", "FloatStorage"),
    "function": name("torch._utils", "_rebuild_tensor_v2"),
    "older function": name("torch._utils", "_rebuild_tensor"),
    "parameter function": name("torch._utils", "_rebuild_parameter"),
    "class": name("collections", "OrderedDict"),
    "size": name("torch", "Size"),
    "size's result": name("torch", "Size") + b"K\x02\x85\x85R",
    "tensor": tensor(storage()),
    "storage": storage(),
}
STATES = {
    "dtype": state(("dtype", text("bfloat16"))),
    "defaults": state(("__defaults__", b"K\x07\x85")),
    "slots": b"N" + state(("dtype", text("bfloat16")), ("size", b"K\x63")) + b"\x86",
    "dict": state(("__dict__", b"}"), ("shape", b"K\x06\x85")),
    "class": state(("__class__", name("collections", "OrderedDict"))),
}


@pytest.mark.parametrize("container", [write_zip, write_legacy])
@pytest.mark.parametrize("target", TARGETS)
def test_nothing_a_pickle_reaches_can_be_written_to(tmp_path, target, container):
    for label, code in STATES.items():
        hostile = b"\x80\x02" + TARGETS[target] + code + b"b0" + GOOD[2:]
        with pytest.raises(CheckpointError, match="hostile.bin: expected a pickle of tensors"):
            open_torch(container(tmp_path / "hostile.bin", hostile))
            pytest.fail(f"{label} was taken")
        read_good(tmp_path)


def nested(depth, leaf=b"K\x01"):
    """Tuples that hold one tuple twice, each within the next: few bytes, 2^depth values."""
    code = leaf + b"q\x00"
    for level in range(depth):
        code += b"h" + bytes([level]) + b"\x86q" + bytes([level + 1])
    return code


REPEATED = b"(" + b"K\x01K\x01\x86" * 20_000 + b"lq\x00"
BOMBS = {
    "place in the memo": b"\x80\x02}r\xff\xff\xff\x1f.",
    "number of four gigabytes": b"\x80\x02\x8b\xff\xff\xff\x7f1.",
    "string of four gigabytes": b"\x80\x02X\xff\xff\xff\xffx.",
    "bytes of 2^62": b"\x80\x04\x8e" + struct.pack("<Q", 1 << 62) + b"x.",
    "frame of 2^62": b"\x80\x04\x95" + struct.pack("<Q", 1 << 62) + b"}.",
    "number of many digits": b"\x80\x02L" + b"9" * 3_000_000 + b"L\n.",
    "key that hashes for ever": b"\x80\x02}" + nested(200) + b"K\x01s.",
    "name that hashes for ever": b"\x80\x04" + nested(200) + b"h\x01\x93.",
    "pairs with keys that hash for ever": b"\x80\x02" + name("collections", "OrderedDict") + b"]" + nested(200) + b"N\x86a\x85R.",
    "object that prints for ever": b"\x80\x02" + nested(200) + b".",
    "storage key that prints for ever": state_dict(
        ("w", b"(" + text("storage") + name("torch", "HalfStorage") + nested(200) + text("cpu") + b"K\x06tQ")
    ),
    "list used again and again": b"\x80\x02" + REPEATED + (name("collections", "OrderedDict") + b"h\x00\x85R") * 5_000 + b".",
    "shape used again and again": b"\x80\x02(" + b"K\x01" * 100_000 + b"tq\x00" + (name("torch", "Size") + b"h\x00\x85R") * 5_000 + b".",
    "lists in lists": b"\x80\x02" + b"]" * 100_000 + b"a" * 99_999 + b".",
    "larger than any state dict": b"\x80\x02}" + b"N" * (1 << 22) + b".",
}


@pytest.mark.parametrize("container", [write_zip, write_legacy])
@pytest.mark.parametrize("bomb", BOMBS)
def test_time_and_memory_are_bounded_by_the_file(tmp_path, bomb, container):
    path = container(tmp_path / "bomb.bin", BOMBS[bomb])
    tracemalloc.start()
    started = time.perf_counter()
    with pytest.raises(CheckpointError) as e:
        open_torch(path)
    seconds, (_, peak) = time.perf_counter() - started, tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(str(e.value)) < 500
    assert seconds < 20
    assert peak < 200 << 20
    read_good(tmp_path)


def test_a_pickle_that_unpacks_to_gigabytes(tmp_path):
    """A deflated member of 16 MB as it would be of 4 GB: what is compressed is not unpacked at all."""
    path = write_zip(tmp_path / "bomb.bin", b"\x80\x02}" + b"N" * (1 << 24) + b".", compression=zipfile.ZIP_DEFLATED)
    with pytest.raises(CheckpointError, match="member archive/data.pkl: expected .*stored data|expected at most"):
        open_torch(path)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("archive/data.pkl", GOOD)
    (tmp_path / "small.bin").write_bytes(buffer.getvalue())
    with pytest.raises(CheckpointError, match="member archive/data.pkl: expected stored data, as torch.save writes, found it compressed"):
        open_torch(str(tmp_path / "small.bin"))


def test_a_directory_that_lies_about_a_members_size(tmp_path):
    path = write_zip(tmp_path / "lie.bin", GOOD)
    content = bytearray((tmp_path / "lie.bin").read_bytes())
    entry = content.index(b"PK\x01\x02")
    content[entry + 20 : entry + 28] = struct.pack("<II", 1 << 31, 1 << 31)  # compressed and whole size
    (tmp_path / "lie.bin").write_bytes(content)
    with pytest.raises(CheckpointError, match="member archive/data.pkl: expected at most"):
        open_torch(path)


@pytest.mark.parametrize(
    ("items", "members", "reason"),
    [
        # A million numbers from six, by strides of 0.
        ([("w", tensor(storage(), b"J\x40\x42\x0f\x00\x85", b"K\x00\x85"))], None, "found 2,000,000 in 12 of storages"),
        ([(f"w{i}", tensor(storage())) for i in range(33)], None, "found 396 in 12 of storages"),
        ([("w", tensor(storage(), b"K\x02K\x03\x86", b"K\x03\x85"))], None, r"found \[2, 3\] beyond its end"),
        ([("w", tensor(storage(), b"K\x07\x85", b"K\x01\x85"))], None, r"found \[7\] beyond its end"),
        ([("w", tensor(storage(), offset=b"K\x01"))], None, r"found \[2, 3\] beyond its end"),
        ([("w", tensor(storage(), offset=b"J\xff\xff\xff\xff"))], None, "that is no number"),
        ([("w", tensor(storage(), offset=b"\x88"))], None, "that is no number"),
        ([("w", tensor(storage(), b"\x8a\x20" + b"\xff" * 31 + b"\x7f\x85", b"K\x00\x85"))], None, "that is no number"),
        (
            [("w", tensor(storage())), ("v", tensor(storage("FloatStorage")))],
            None,
            "expected one storage under a key, found another under 0",
        ),
        ([("w", tensor(storage(key="../../x")))], None, "expected 12 bytes of data, found 0"),
    ],
)
def test_tensors_that_are_more_than_the_file(tmp_path, items, members, reason):
    with pytest.raises(CheckpointError, match=reason):
        source = open_torch(write_zip(tmp_path / "w.bin", state_dict(*items), members))
        if source.problems:
            raise source.problems[0]


def test_storages_that_lie_over_each_other(tmp_path):
    count = 40
    members = {str(i): np.full(6, i, np.float16).tobytes() for i in range(count)}
    path = write_zip(tmp_path / "w.bin", state_dict(*((f"w{i}", tensor(storage(key=str(i)))) for i in range(count))), members)
    with zipfile.ZipFile(path) as archive:
        first = archive.getinfo("archive/data/0").header_offset
        size = (tmp_path / "w.bin").stat().st_size
    # Large members that all begin at one place.
    content = bytearray((tmp_path / "w.bin").read_bytes())
    place = content.index(b"PK\x01\x02")
    while (place := content.find(b"PK\x01\x02", place + 1)) > 0:
        content[place + 42 : place + 46] = struct.pack("<I", first)
    (tmp_path / "w.bin").write_bytes(content)
    source = open_torch(path)  # together still less than the file
    assert source.problems == [] and size > count * 12
    big = state_dict(*((f"w{i}", tensor(storage("FloatStorage", str(i), 255), b"K\xff\x85", b"K\x01\x85")) for i in range(count)))
    members = {str(i): bytes(1020 if i == 0 else 0) for i in range(count)}
    path = write_zip(tmp_path / "w.bin", big, members)
    content = bytearray((tmp_path / "w.bin").read_bytes())
    with zipfile.ZipFile(path) as archive:
        first = archive.getinfo("archive/data/0").header_offset
    place = content.index(b"PK\x01\x02")
    while (place := content.find(b"PK\x01\x02", place + 1)) > 0:
        content[place + 20 : place + 28] = struct.pack("<II", 1020, 1020)
        content[place + 42 : place + 46] = struct.pack("<I", first)
    (tmp_path / "w.bin").write_bytes(content)
    with pytest.raises(CheckpointError, match="expected tensors of no more bytes than the file's .*, found 40,800 in 40,800 of storages"):
        open_torch(path)


def test_a_name_cannot_write_to_the_terminal(tmp_path):
    with pytest.raises(CheckpointError) as e:
        open_torch(write_zip(tmp_path / "w.bin", state_dict(("a\x1b[2J\nb", tensor(storage(key="1"))))))
        raise open_torch(str(tmp_path / "w.bin")).problems[0]
    assert str(e.value).endswith("tensor a\\x1b[2J\\nb: expected 12 bytes of data, found 0: the file is truncated")


def test_what_torch_writes_beside_the_tensors_is_taken(tmp_path):
    """Module versions as state of the dict, a parameter, shapes as ``torch.Size``, and Python 2's dict of pairs."""
    tensors = tensor(storage())
    parameter = name("torch._utils", "_rebuild_parameter") + b"(" + tensors + b"\x88" + name("collections", "OrderedDict") + b")RtR"
    size = name("torch", "Size") + b"K\x06\x85\x85R"
    ordered = name("collections", "OrderedDict")
    code = b"\x80\x02" + ordered + b")R(" + text("w") + parameter + text("v") + tensor(storage(), size, b"K\x01\x85") + b"u"
    code += state(("_metadata", ordered + b")R" + state(("version", b"K\x01")) + b"b")) + b"b."
    for write in (write_zip, write_legacy):
        source = open_torch(write(tmp_path / "w.bin", code))
        np.testing.assert_array_equal(source.read("w"), VALUES)
        np.testing.assert_array_equal(source.read("v"), VALUES.ravel())
    old = b"\x80\x02" + ordered + b"](](U\x01w" + tensors + b"ee\x85R."
    np.testing.assert_array_equal(open_torch(write_zip(tmp_path / "w.bin", old)).read("w"), VALUES)
