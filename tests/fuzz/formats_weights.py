"""Weights files: safetensors, both containers of torch.save, and a TensorFlow checkpoint's index and data."""

import io
import json
import pathlib
import struct
import zipfile

from albert.checkpoints.files.tensorflow_index import masked_crc32c
from tests.fuzz.harness import Format
from tests.fuzz.mutate import mutate_bytes, mutate_value

_DATA = pathlib.Path(__file__).parent.parent / "albert" / "data"


def formats():
    """All of them."""
    huggingface, bert, google = _DATA / "hf_albert", _DATA / "hf_bert_pretraining", _DATA / "google_albert"
    config = {"config.json": (huggingface / "config.json").read_bytes()}
    index = (google / "model.ckpt-best.index").read_bytes()
    data = (google / "model.ckpt-best.data-00000-of-00001").read_bytes()
    tensorflow = {"albert_config.json": (google / "albert_config.json").read_bytes()}
    return [
        Format("safetensors", "model.safetensors", ((huggingface / "model.safetensors").read_bytes(),), _read, _mutate_safetensors, config),
        Format("torch-zip", "pytorch_model.bin", ((huggingface / "pytorch_model.bin").read_bytes(),), _read, _mutate_zip, config),
        Format(
            "torch-legacy",
            "pytorch_model.bin",
            ((bert / "pytorch_model.bin").read_bytes(),),
            _read,
            _mutate_legacy,
            {"config.json": (bert / "config.json").read_bytes()},
        ),
        Format(
            "tensorflow-index", "model.ckpt.index", (index,), _read, _mutate_index, {**tensorflow, "model.ckpt.data-00000-of-00001": data}
        ),
        Format(
            "tensorflow-data", "model.ckpt.data-00000-of-00001", (data,), _read_one, mutate_bytes, {**tensorflow, "model.ckpt.index": index}
        ),
    ]


def _read(directory, most=1000):
    from albert import checkpoints  # noqa: PLC0415 - the other formats do without
    from albert.checkpoints.matching import match  # noqa: PLC0415
    from albert.checkpoints.shapes import encoder_shapes  # noqa: PLC0415

    checkpoint = checkpoints.find(directory)
    matching = match(checkpoint, encoder_shapes(checkpoint.config))
    if matching.problems:
        raise matching.problems[0]
    for found in matching.matches[:most]:
        checkpoint.source.read(found.theirs)


def _read_one(directory):
    """TensorFlow takes milliseconds for a value."""
    _read(directory, most=1)


def _mutate_safetensors(random, data, seeds):
    """The header's JSON, with its length right again; or any byte."""
    if random.random() < 0.3:
        return mutate_bytes(random, data, seeds)
    end = 8 + struct.unpack("<Q", data[:8])[0]
    value = json.loads(data[8:end])
    for _ in range(random.choice((1, 1, 2, 3))):
        value = mutate_value(random, value)
    header = json.dumps(value).encode()
    return struct.pack("<Q", len(header)) + header + data[end:]


def _mutate_zip(random, data, seeds):
    """The pickle, the members' list, or any byte of the archive."""
    if random.random() < 0.3:
        return mutate_bytes(random, data, seeds)
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as original, zipfile.ZipFile(buffer, "w") as changed:
        for info in original.infolist():
            content = original.read(info)
            if info.filename.endswith("data.pkl"):
                content = _mutate_pickle(random, content)
            elif random.random() < 0.01:
                content = mutate_bytes(random, content, seeds)
            if random.random() < 0.997:
                changed.writestr(info.filename, content, zipfile.ZIP_DEFLATED if random.random() < 0.003 else zipfile.ZIP_STORED)
    return buffer.getvalue()


_INSTRUCTIONS = b"()]}NXKMJ\x8a\x85\x86\x87tdlsuaeqrhjRQbc.0210\x88\x89\x8c\x93\x94\x95"


def _mutate_pickle(random, data):
    data = bytearray(mutate_bytes(random, data, (data,)) if random.random() < 0.5 else data)
    for _ in range(random.choice((0, 1, 1, 2, 5))):
        place, size = random.randrange(len(data) + 1), random.choice((0, 1, 1, 2, 5))
        data[place : place + size] = bytes(random.choice(_INSTRUCTIONS) for _ in range(random.choice((0, 1, 1, 3))))
    return bytes(data)


def _mutate_legacy(random, data, seeds):
    """The pickles at the beginning, or any byte."""
    if random.random() < 0.3:
        return mutate_bytes(random, data, seeds)
    cut = 6000
    return _mutate_pickle(random, data[:cut]) + data[cut:]


def _mutate_index(random, data, seeds):
    """The contents of a block, its checksum right again; or any byte."""
    if random.random() < 0.2:
        return mutate_bytes(random, data, seeds)
    changed = bytearray(data)
    offset, size = random.choice(_blocks(data))
    for _ in range(random.choice((1, 1, 2, 4))):
        changed[offset + random.randrange(size)] = random.choice((0, 1, 2, 7, 127, 128, 255, random.randrange(256)))
    changed[offset + size + 1 : offset + size + 5] = struct.pack("<I", masked_crc32c(bytes(changed[offset : offset + size + 1])))
    return bytes(changed)


def _blocks(data):
    """(offset, size) of the blocks of a small index: one of data, one of blocks, and an empty one."""
    place, numbers = len(data) - 48, []
    for _ in range(4):
        value = shift = 0
        while True:
            value |= (data[place] & 0x7F) << shift
            place, shift = place + 1, shift + 7
            if not data[place - 1] & 0x80:
                break
        numbers.append(value)
    return [(0, numbers[0] - 5), (numbers[0], numbers[1]), (numbers[2], numbers[3])]
