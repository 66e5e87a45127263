"""HuggingFace directories in every shape people upload: shards, narrow floats, prefixes of other heads, a tokenizer.json alone."""

import json
import re
import shutil

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

import albert
from albert import checkpoints
from albert.checkpoints.matching import match
from albert.checkpoints.shapes import encoder_shapes
from albert.errors import CheckpointError, VocabularyError
from albert.tokenization import CharTokenizer
from albert.vocabulary_file import read_vocabulary
from tests.albert.checkpoint_files import DATA, copy, write_json
from tests.albert.checkpoints.test_outputs import assert_encoder_matches, assert_heads_match, run

MODELS = ("hf_albert_pretraining", "hf_bert_pretraining")


def shard(directory, kind, parts=3):
    """Put the tensors of the one weights file into several, with an index."""
    single = {"safetensors": "model.safetensors", "bin": "pytorch_model.bin"}[kind]
    tensors = sorted(checkpoints.find(directory / single).source.tensors)
    stem, suffix = single.rsplit(".", 1)
    names = [f"{stem}-{i + 1:05d}-of-{parts:05d}.{suffix}" for i in range(parts)]
    shard_of = {name: names[i % parts] for i, name in enumerate(tensors)}
    if kind == "safetensors":
        values = load_file(directory / single)
        for part in names:
            save_file({name: values[name] for name in tensors if shard_of[name] == part}, directory / part, metadata={"format": "pt"})
    else:
        for part in names:  # each with all tensors: only those the index says are taken from it
            shutil.copy(directory / single, directory / part)
    write_json(directory / f"{single}.index.json", {"metadata": {"total_size": 1}, "weight_map": shard_of})
    for name in ("model.safetensors", "pytorch_model.bin"):
        (directory / name).unlink()
    return directory / f"{single}.index.json"


@pytest.mark.parametrize("kind", ["safetensors", "bin"])
@pytest.mark.parametrize("name", MODELS)
def test_shards_compute_what_one_file_does(tmp_path, name, kind):
    directory = copy(name, tmp_path)
    index = shard(directory, kind)
    golden = np.load(DATA / name / "golden.npz")
    for path in (directory, index):
        outputs = run(albert.load_pretraining_model(path), golden)
        assert_encoder_matches(outputs, golden)
        assert_heads_match(outputs, golden)
    assert re.fullmatch(r"3 shards, .+", checkpoints.find(directory).source.kind)


def test_one_file_goes_before_shards(tmp_path):
    directory = copy(MODELS[0], tmp_path)
    data = (directory / "model.safetensors").read_bytes()
    shard(directory, "safetensors")
    (directory / "model.safetensors").write_bytes(data)
    assert checkpoints.find(directory).path == str(directory / "model.safetensors")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda d, m: (d / "model-00002-of-00003.safetensors").unlink(), "expected the shard model-00002-of-00003.safetensors beside it"),
        (lambda d, m: m.clear(), "expected a 'weight_map' from tensors to files, found none"),
        (lambda d, m: m.update(x=7), "expected names of files beside it, found 7"),
        (lambda d, m: m.update(x="../model.safetensors"), "expected names of files beside it, found '../model.safetensors'"),
        (lambda d, m: m.update(x="/etc/passwd"), "expected names of files beside it, found '/etc/passwd'"),
        (
            lambda d, m: m.update({"albert.pooler.bias": "model-00002-of-00003.safetensors"}),
            "model-00002-of-00003.safetensors: tensor albert.pooler.bias: expected it there, as model.safetensors.index.json says",
        ),
        (lambda d, m: m.pop("albert.pooler.bias"), "tensor albert.pooler.bias: expected shape [21], found no such tensor"),
        (
            lambda d, m: (d / "model-00003-of-00003.safetensors").write_bytes((d / "model-00003-of-00003.safetensors").read_bytes()[:-100]),
            "model-00003-of-00003.safetensors: tensor",
        ),
        (lambda d, m: (d / "model-00001-of-00003.safetensors").write_bytes(b"<html>"), "model-00001-of-00003.safetensors: expected"),
    ],
)
def test_broken_shards_are_told_by_name(tmp_path, change, message):
    directory = copy(MODELS[0], tmp_path)
    index = shard(directory, "safetensors")
    contents = json.loads(index.read_text())
    change(directory, contents["weight_map"])
    write_json(index, contents)
    with pytest.raises(CheckpointError, match=re.escape(message)) as error:
        albert.load_encoder(directory)
    assert "\n" not in str(error.value)


def to_bfloat16(values):
    """The nearest bfloat16 below, as its 16 bits."""
    return (np.ascontiguousarray(values, np.float32).view(np.uint32) >> 16).astype(np.uint16)


def write_narrow(path, values, dtype):
    """A safetensors file of float16 or bfloat16; the library's NumPy side has no bfloat16, so its header is written here."""
    header, data = {"__metadata__": {"format": "pt"}}, b""
    for name, value in values.items():
        raw = value.astype(np.float16).tobytes() if dtype == "F16" else to_bfloat16(value).tobytes()
        header[name] = {"dtype": dtype, "shape": list(value.shape), "data_offsets": [len(data), len(data) + len(raw)]}
        data += raw
    text = json.dumps(header).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + data)


@pytest.mark.parametrize("dtype", ["F16", "BF16"])
@pytest.mark.parametrize("name", MODELS)
def test_narrow_floats_are_their_exact_values(tmp_path, name, dtype):
    directory = copy(name, tmp_path)
    values = load_file(directory / "model.safetensors")
    write_narrow(directory / "model.safetensors", values, dtype)
    (directory / "pytorch_model.bin").unlink()
    found = checkpoints.find(directory)
    for stored in found.source.tensors:
        value = values[stored]
        wide = value.astype(np.float16).astype(np.float32) if dtype == "F16" else (to_bfloat16(value).astype(np.uint32) << 16).view("f4")
        np.testing.assert_array_equal(found.source.read(stored), wide.reshape(value.shape))
    # In shards as well.
    expected = encoder_weights(directory)
    index = directory / "model.safetensors.index.json"
    shutil.move(directory / "model.safetensors", directory / "model-1.safetensors")
    write_json(index, {"weight_map": dict.fromkeys(values, "model-1.safetensors")})
    for ours, value in encoder_weights(directory).items():
        np.testing.assert_array_equal(value, expected[ours])


HEADS = {
    "masked LM": ("{prefix}.", ("predictions.", "cls."), {}),
    "token classification": ("{prefix}.", (), {"classifier.weight": (7, 21), "classifier.bias": (7,)}),
    "sequence classification": ("{prefix}.", (), {"classifier.weight": (2, 21), "classifier.bias": (2,)}),
    "bare": ("", (), {}),
}


@pytest.mark.parametrize("head", HEADS)
@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("pooler", [True, False])
def test_the_encoder_within_models_for_other_tasks(tmp_path, name, head, pooler):
    prefix = "albert" if "albert" in name else "bert"
    scope, kept, extra = HEADS[head]
    values = {}
    for stored, value in load_file(DATA / name / "model.safetensors").items():
        if stored.startswith(f"{prefix}."):
            bare = stored[len(prefix) + 1 :]
            if pooler or not bare.startswith("pooler."):
                values[scope.format(prefix=prefix) + bare] = value
        elif stored.startswith(kept):
            values[stored] = value
    values.update({stored: np.ones(shape, np.float32) for stored, shape in extra.items()})
    values[f"{scope.format(prefix=prefix)}embeddings.position_ids"] = np.arange(17, dtype=np.int64)[None]
    save_file(values, tmp_path / "model.safetensors", metadata={"format": "pt"})
    shutil.copy(DATA / name / "config.json", tmp_path)
    weights = encoder_weights(tmp_path, require_pooler=pooler)
    expected = encoder_weights(DATA / name)
    assert set(expected) - set(weights) == (set() if pooler else {"pooler/kernel", "pooler/bias"})
    for ours, value in weights.items():
        np.testing.assert_array_equal(value, expected[ours])


def encoder_weights(directory, require_pooler=True):
    """Canonical names and values, in the stored orientation."""
    found = checkpoints.find(directory)
    matching = match(found, encoder_shapes(found.config), () if require_pooler else ("pooler/",))
    assert not matching.problems
    return {m.ours: found.source.read(m.theirs) for m in matching.matches}


def tokenizer_json(entries, **changes):
    """A fast tokenizer's file as transformers writes it."""
    model = {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##", "max_input_chars_per_word": 100}
    special = [entry for entry in entries if re.fullmatch(r"\[[A-Z]+\]", entry)]
    return {
        "version": "1.0",
        "added_tokens": [{"id": entries.index(entry), "content": entry, "special": True} for entry in special],
        "normalizer": {"type": "BertNormalizer", "lowercase": True},
        "model": {**model, "vocab": {entry: i for i, entry in enumerate(entries)}, **changes},
    }


def test_a_tokenizer_json_alone_is_the_vocabulary(tmp_path):
    directory = copy("hf_albert", tmp_path)
    entries = read_vocabulary(directory / "vocab.txt")
    expected = CharTokenizer(directory / "vocab.txt")
    write_json(directory / "tokenizer.json", tokenizer_json(entries))
    assert checkpoints.find(directory).vocab_file == str(directory / "vocab.txt")
    (directory / "vocab.txt").unlink()
    found = checkpoints.find(directory)
    assert found.vocab_file == str(directory / "tokenizer.json")
    tokenizer = CharTokenizer(found.vocab_file)
    tokenizer.check_size(found.config.vocab_size)
    np.testing.assert_array_equal(tokenizer.code_point_table(), expected.code_point_table())


def test_a_sentencepiece_model_goes_before_a_tokenizer_json(tmp_path):
    directory = copy("hf_albert", tmp_path)
    (directory / "vocab.txt").unlink()
    write_json(directory / "tokenizer.json", {"model": {"type": "Unigram", "vocab": [["a", 0.0]]}})
    (directory / "spiece.model").write_bytes(b"x")
    found = checkpoints.find(directory)
    assert (found.vocab_file, found.spm_model_file) == (None, str(directory / "spiece.model"))


@pytest.mark.parametrize(
    ("contents", "message"),
    [
        ({"model": {"type": "Unigram", "vocab": [["a", 0.0]]}}, "expected a WordPiece model, found Unigram"),
        ({"model": {"type": "BPE", "vocab": {"a": 0}}}, "expected a WordPiece model, found BPE"),
        ({}, "expected a WordPiece model, found None"),
        (tokenizer_json(["[UNK]", "a"], vocab={"[UNK]": 0, "a": 2}), "expected the ids 0 to 1, each once, found 2 for 'a'"),
        (tokenizer_json(["[UNK]", "a"], vocab={"[UNK]": 0, "a": 0}), "expected the ids 0 to 1, each once, found 0 for 'a'"),
        (tokenizer_json(["[UNK]", "a"], vocab={"[UNK]": 0, "a": "1"}), "expected the ids 0 to 1, each once, found '1' for 'a'"),
        (tokenizer_json(["[UNK]", "a"], vocab={"[UNK]": 0, "a": True}), "expected the ids 0 to 1, each once, found True for 'a'"),
        (tokenizer_json(["[UNK]", "a\n"]), "expected entries that a vocab.txt can hold, found 'a\\n'"),
    ],
)
def test_a_broken_tokenizer_json_is_told(tmp_path, contents, message):
    write_json(tmp_path / "tokenizer.json", contents)
    with pytest.raises(VocabularyError, match=re.escape(message)):
        CharTokenizer(tmp_path / "tokenizer.json")


def test_a_conversion_writes_a_vocab_txt_for_a_tokenizer_json(tmp_path):
    from albert.cli.convert_checkpoint import convert  # noqa: PLC0415

    directory = copy("hf_albert", tmp_path)
    entries = read_vocabulary(directory / "vocab.txt")
    write_json(directory / "tokenizer.json", tokenizer_json(entries))
    (directory / "vocab.txt").unlink()
    (directory / "pytorch_model.bin").unlink()
    shard_source = directory / "model.safetensors"
    assert shard_source.exists()
    convert(directory, tmp_path / "converted", "huggingface")
    assert read_vocabulary(tmp_path / "converted" / "vocab.txt") == entries
    config = json.loads((tmp_path / "converted" / "config.json").read_text())
    assert config["pad_token_id"] == entries.index("[PAD]")
