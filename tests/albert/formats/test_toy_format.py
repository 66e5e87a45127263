"""A checkpoint format of one's own takes one file, this one, and its line in ``FORMATS``: nothing else knows of it."""

import json

import numpy as np
import pytest

import albert
from albert import checkpoints, formats
from albert.checkpoints import loading
from albert.cli.convert_checkpoint import convert
from albert.cli.inspect_checkpoint import describe
from albert.errors import CheckpointError, ConfigError
from albert.formats.architecture import drop_projection, impossible, require_postln
from albert.formats.table import FileNames, Format, Row, tf_norm, torch_dense
from tests.albert.checkpoint_files import DATA

# Its own names for sizes; all else has one value.
_KEYS = {
    "words": "vocab_size",
    "width": "hidden_size",
    "inner_width": "intermediate_size",
    "depth": "num_hidden_layers",
    "heads": "num_attention_heads",
    "longest": "max_position_embeddings",
}
_FIXED = {"num_hidden_groups": 1, "hidden_act": "gelu", "embedding_projection": "none", "ln_type": "postln", "type_vocab_size": 2}


def _read_config(values):
    if set(values) != {"toy", *_KEYS}:
        raise ConfigError(f"found keys {sorted(values)}, expected toy and {', '.join(_KEYS)}")
    fields = {field: values[key] for key, field in _KEYS.items()}
    return {**fields, **_FIXED, "embedding_size": fields["hidden_size"]}


def _write_config(fields):
    for field, value in _FIXED.items():
        if fields[field] != value:
            raise ConfigError(f"found {field} {fields[field]!r}, expected {value!r}, which toys have")
    return {"toy": 1, **{key: fields[field] for key, field in _KEYS.items()}}


def _adapt(config, weights):
    require_postln(config)
    config, weights = drop_projection(config, weights)
    if config.embedding_projection != "none" or config.num_hidden_groups != 1:
        raise impossible("toys have one width and one block")
    return config, weights


TOY = Format(
    layout="toy",
    title="Toy encoder",
    marker=r"^toy\.block\.",
    anchor="toy.words",
    own=("toy.",),
    files=FileNames("toy.safetensors", "toy.json", vocabulary="characters.txt", configs=("toy*.json",)),
    container="safetensors",
    claims_config=lambda values: "toy" in values,
    read_config=_read_config,
    write_config=_write_config,
    adapt=_adapt,
    encoder=(
        Row("embeddings/word", "toy.words"),
        Row("embeddings/position", "toy.positions"),
        Row("embeddings/type", "toy.types"),
        *tf_norm("embeddings/norm", "toy.norm"),
        *(row for part in ("query", "key", "value", "output") for row in torch_dense(f"group_{{g}}/attention/{part}", f"toy.block.{part}")),
        *tf_norm("group_{g}/attention/norm", "toy.block.norm_1"),
        *torch_dense("group_{g}/ffn/intermediate", "toy.block.up"),
        *torch_dense("group_{g}/ffn/output", "toy.block.down"),
        *tf_norm("group_{g}/ffn/norm", "toy.block.norm_2"),
        *torch_dense("pooler", "toy.pooler"),
    ),
    heads=(
        *torch_dense("masked_lm/dense", "guess.dense"),
        *tf_norm("masked_lm/norm", "guess.norm"),
        Row("masked_lm/bias", "guess.bias"),
        *torch_dense("sentence_order", "order"),
    ),
)


@pytest.fixture(autouse=True, scope="module")
def _registered():
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(formats.FORMATS, TOY.layout, TOY)
        yield


@pytest.fixture(name="toy", scope="module")
def _toy(tmp_path_factory):
    """brightmart's checkpoint as a toy, with its heads."""
    path = tmp_path_factory.mktemp("toy") / "toy"
    _, result, differences = convert(DATA / "brightmart_postln", path, "toy")
    assert max(differences.values()) < 1e-5
    assert (result.layout, result.config.embedding_projection) == ("toy", "none")
    return path


def test_a_toy_is_written_with_its_own_names(toy):
    assert sorted(path.name for path in toy.iterdir()) == ["characters.txt", "toy.json", "toy.safetensors"]
    sizes = {"words": 200, "width": 32, "inner_width": 64, "depth": 3, "heads": 4, "longest": 64}
    assert json.loads((toy / "toy.json").read_text()) == {"toy": 1, **sizes}
    assert set(checkpoints.find(toy).source.tensors) == {row.theirs for row in (*TOY.encoder, *TOY.heads)}


def test_a_toy_loads(toy):
    inputs = {"input_word_ids": np.array([[2, 3, 5, 7, 11, 13, 17]], np.int32)}
    expected, found = (albert.load_encoder(path)(inputs)["sequence_output"] for path in (DATA / "brightmart_postln", toy))
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-5)
    assert checkpoints.find(toy).vocab_file == str(toy / "characters.txt")
    lines, ok = describe(toy)
    assert ok and any("Toy encoder (safetensors)" in line for line in lines)


def test_a_toy_becomes_a_published_format_and_a_toy_again(toy, tmp_path):
    for source, target in ((toy, "google"), (tmp_path / "google", "toy")):
        convert(source, tmp_path / target, target)
    first, last = (loading.weights_of(checkpoints.find(path), loading.HEADS) for path in (toy, tmp_path / "toy"))
    assert set(first) == set(last)
    for name, value in first.items():
        np.testing.assert_array_equal(value, last[name], err_msg=name)


def test_what_is_no_toy_is_refused_with_the_reason(tmp_path):
    with pytest.raises(CheckpointError, match="--output_format=toy: .* cannot be converted exactly: toys have one width and one block"):
        convert(DATA / "google_albert", tmp_path / "toy", "toy")
    assert not list(tmp_path.iterdir())


def test_a_config_alone_is_told_by_its_keys(toy, tmp_path):
    assert albert.AlbertConfig.from_json_file(toy / "toy.json") == checkpoints.find(toy).config
    (tmp_path / "toy.json").write_text('{"toy": 2}')
    with pytest.raises(ConfigError, match=r"toy\.json: found keys \['toy'\], expected toy and words"):
        albert.AlbertConfig.from_json_file(tmp_path / "toy.json")
