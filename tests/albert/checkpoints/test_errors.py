"""Every way a checkpoint can be wrong: one line that names the file, the tensor, what was expected and what was found."""

import json
import os
import re
import shutil

import numpy as np
import pytest
import tensorflow as tf

import albert
from albert import checkpoints
from albert.cli.convert_checkpoint import convert
from albert.config import AlbertConfig
from albert.errors import CheckpointError, ConfigError, UserError
from tests.albert.checkpoint_files import (
    DATA,
    copy,
    edit_json,
    google_json,
    random_weights,
    read_variables,
    tf1_names,
    write_json,
    write_variables,
)


def message(error, function, *args, **kwargs):
    """The text of the error that a call raises; always one line."""
    with pytest.raises(error) as caught:
        function(*args, **kwargs)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.fixture
def google(tmp_path):
    return copy("google_albert", tmp_path)


def rewrite(directory, change, prefix="model.ckpt-best"):
    """Change a TF1 checkpoint's variables with a function of the dict."""
    variables = read_variables(directory / prefix)
    change(variables)
    for file in directory.glob(f"{prefix}.*"):
        file.unlink()
    write_variables(directory / prefix, variables)


def test_truncated_tensorflow_data(google):
    data = google / "model.ckpt-best.data-00000-of-00001"
    data.write_bytes(data.read_bytes()[:40_000])
    assert message(CheckpointError, albert.load_encoder, google) == (
        f"{data}: tensor bert/embeddings/word_embeddings/adam_v: expected 51456 bytes up to its end, "
        "found a file of 40000 bytes: it is truncated"
    )


def test_damaged_tensorflow_data(google):
    data = google / "model.ckpt-best.data-00000-of-00001"
    content = bytearray(data.read_bytes())
    content[1000] ^= 1  # within bert/embeddings/position_embeddings
    data.write_bytes(content)
    assert re.fullmatch(
        rf"{re.escape(str(google / 'model.ckpt-best'))}: tensor bert/embeddings/position_embeddings: "
        r"expected \[64, 16\] float32, found unreadable data: .*Checksum does not match.*",
        message(CheckpointError, albert.load_encoder, google),
    )


def test_missing_tensorflow_data(google):
    data = google / "model.ckpt-best.data-00000-of-00001"
    data.unlink()
    assert message(CheckpointError, albert.load_encoder, google) == (
        f"{data}: expected the data file of {google / 'model.ckpt-best'}.index, found no such file"
    )


def test_data_files_of_which_one_is_missing(google, tmp_path):
    variables = read_variables(google / "model.ckpt-best")
    parts = [tmp_path / "part0", tmp_path / "part1"]
    for i, part in enumerate(parts):
        write_variables(part, dict(sorted(variables.items())[i::2]))
    for file in google.glob("model.ckpt-best.*"):
        file.unlink()
    tf.raw_ops.MergeV2Checkpoints(checkpoint_prefixes=[str(part) for part in parts], destination_prefix=str(google / "model.ckpt-best"))
    loaded = albert.load_encoder(google).weight_map()
    np.testing.assert_array_equal(loaded["embeddings/word"].numpy(), variables["bert/embeddings/word_embeddings"])
    np.testing.assert_array_equal(loaded["embeddings/type"].numpy(), variables["bert/embeddings/token_type_embeddings"])
    (google / "model.ckpt-best.data-00001-of-00002").unlink()
    assert message(CheckpointError, albert.load_encoder, google) == (
        f"{google / 'model.ckpt-best'}.data-00001-of-00002: expected 2 data files, found 1 without this one"
    )


def test_truncated_tensorflow_index(google):
    index = google / "model.ckpt-best.index"
    index.write_bytes(index.read_bytes()[:900])
    assert message(CheckpointError, albert.load_encoder, google).startswith(
        f"{index}: expected the index of a TensorFlow checkpoint, found: "
    )


def test_missing_tensor(google):
    rewrite(google, lambda variables: variables.pop("bert/pooler/dense/kernel"))
    assert message(CheckpointError, albert.load_encoder, google) == (
        f"{google / 'model.ckpt-best'}: tensor bert/pooler/dense/kernel: expected shape [32, 32], found no such tensor"
    )


def test_missing_head(google):
    rewrite(google, lambda variables: variables.pop("cls/seq_relationship/output_weights"))
    albert.load_encoder(google)
    assert message(CheckpointError, albert.load_pretraining_model, google) == (
        f"{google / 'model.ckpt-best'}: tensor cls/seq_relationship/output_weights: expected shape [2, 32], found no such tensor"
    )


def test_wrong_shape(google):
    def transpose(variables):
        name = "bert/encoder/embedding_hidden_mapping_in/kernel"
        variables[name] = variables[name].T.copy()

    rewrite(google, transpose)
    assert message(CheckpointError, albert.load_encoder, google) == (
        f"{google / 'model.ckpt-best'}: tensor bert/encoder/embedding_hidden_mapping_in/kernel: "
        f"expected shape [16, 32] by {google / 'albert_config.json'}, found [32, 16]"
    )


def test_wrong_type(google):
    rewrite(google, lambda variables: variables.update({"bert/pooler/dense/bias": np.ones(32, np.int32)}))
    assert message(CheckpointError, albert.load_encoder, google) == (
        f"{google / 'model.ckpt-best'}: tensor bert/pooler/dense/bias: expected one of float32, float16, bfloat16, float64, found int32"
    )


def test_tensor_of_the_encoder_that_nothing_uses(google):
    name = "bert/encoder/transformer/group_1/inner_group_0/LayerNorm/beta"
    rewrite(google, lambda variables: variables.update({name: np.ones(32, np.float32)}))
    assert message(CheckpointError, albert.load_encoder, google) == (
        f"{google / 'model.ckpt-best'}: tensor {name}: expected no such tensor, "
        f"found one of shape [32], which {google / 'albert_config.json'} has no place for"
    )


def test_layers_that_the_config_does_not_count(tmp_path):
    bert = copy("bert", tmp_path)
    edit_json(bert / "bert_config.json", num_hidden_layers=2)
    assert re.fullmatch(
        r".*bert_model\.ckpt: tensor bert/encoder/layer_2/.*: expected no such tensor, found one of shape .*bert_config\.json.*",
        message(CheckpointError, albert.load_encoder, bert),
    )


def test_nothing_is_assigned_before_everything_fits(google):
    rewrite(google, lambda variables: variables.pop("bert/pooler/dense/kernel"))
    checkpoint = checkpoints.find(google)
    encoder = albert.AlbertEncoder(checkpoint.config)
    before = {name: variable.numpy() for name, variable in encoder.weight_map().items()}
    message(CheckpointError, checkpoints.load_weights, encoder, checkpoint)
    for name, variable in encoder.weight_map().items():
        np.testing.assert_array_equal(variable.numpy(), before[name])


def test_config_of_another_size(google):
    edit_json(google / "albert_config.json", vocab_size=21128, hidden_size=64)
    assert message(CheckpointError, albert.load_encoder, google) == (
        f"{google / 'model.ckpt-best'}: tensor bert/embeddings/word_embeddings: "
        f"expected shape [21128, 16] by {google / 'albert_config.json'}, found [200, 16]"
    )


def test_head_count_that_does_not_divide(google):
    edit_json(google / "albert_config.json", num_attention_heads=5)
    assert message(ConfigError, albert.load_encoder, google) == (
        f"{google / 'albert_config.json'}: num_attention_heads must divide hidden_size 32, found 5"
    )


def test_unknown_activation(google):
    edit_json(google / "albert_config.json", hidden_act="swish")
    assert message(ConfigError, albert.load_encoder, google) == (
        f"{google / 'albert_config.json'}: hidden_act must be one of gelu, gelu_new, relu, tanh, linear, found 'swish'"
    )


def test_grouped_feed_forward(tmp_path):
    config = AlbertConfig(29, 13, 32, 3, 4, 64, max_position_embeddings=11)
    stored = tf1_names(config, random_weights(config), "google")
    root = "bert/encoder/transformer/group_0/inner_group_0/ffn_1/intermediate"
    stored[f"{root}/dense/kernel"] = np.ones([16, 2, 4], np.float32)
    stored[f"{root}/dense/bias"] = np.ones([16, 4], np.float32)
    write_variables(tmp_path / "albert_model.ckpt", stored)
    # The config published for it names more groups than layers, which must not hide the reason.
    write_json(tmp_path / "albert_config.json", {**google_json(config), "num_hidden_groups": 12})
    assert message(CheckpointError, albert.load_encoder, tmp_path) == (
        f"{tmp_path / 'albert_model.ckpt'}: tensor {root}/dense/kernel: expected a feed-forward kernel [hidden_size, intermediate_size], "
        "found [16, 2, 4]: the grouped feed-forward variant (google_fast), which is not supported"
    )


def test_two_tensorflow_checkpoints(google):
    for suffix in ("index", "data-00000-of-00001"):
        shutil.copy(google / f"model.ckpt-best.{suffix}", google / f"model.ckpt-7.{suffix}")
    expected = (
        f"{google}: expected one TensorFlow checkpoint or a 'checkpoint' file that names one, found 2 (model.ckpt-7, model.ckpt-best)"
    )
    assert message(CheckpointError, albert.load_encoder, google) == f"{expected} and the 'checkpoint' file is missing"
    (google / "checkpoint").write_text('model_checkpoint_path: "model.ckpt-9"\n')
    assert (
        message(CheckpointError, albert.load_encoder, google)
        == f"{expected} and the 'checkpoint' file names 'model.ckpt-9', which is not here"
    )
    (google / "checkpoint").write_text('model_checkpoint_path: "gs://bucket/model.ckpt-7"\nall_model_checkpoint_paths: "x"\n')
    assert checkpoints.find(google).path == str(google / "model.ckpt-7")
    assert checkpoints.find(google / "model.ckpt-best").path == str(google / "model.ckpt-best")


def test_no_config(google):
    (google / "albert_config.json").unlink()
    assert message(CheckpointError, albert.load_encoder, google) == (
        f"{google}: expected a config beside model.ckpt-best (albert_config*.json, bert_config*.json, config.json), found none"
    )


def test_two_configs(google):
    shutil.copy(google / "albert_config.json", google / "albert_config_tiny.json")
    assert message(CheckpointError, albert.load_encoder, google) == (
        f"{google}: expected one albert_config*.json, found albert_config.json, albert_config_tiny.json: give the path of the one to use"
    )
    assert checkpoints.find(google, config_file=str(google / "albert_config_tiny.json")).config.vocab_size == 200


def test_no_weights(tmp_path):
    (tmp_path / "vocab.txt").write_text("a\n")
    assert message(CheckpointError, albert.load_encoder, tmp_path) == (
        f"{tmp_path}: expected a TensorFlow checkpoint (*.index), model.safetensors or pytorch_model.bin, found vocab.txt"
    )
    missing = tmp_path / "albert_base_zh"
    assert message(CheckpointError, albert.load_encoder, missing) == (
        f"{missing}: expected a directory, a checkpoint prefix, a weights file or the name of a release, found nothing of that name"
    )


def test_tensorflow_and_huggingface_weights_in_one_directory(google):
    shutil.copy(DATA / "hf_albert" / "model.safetensors", google)
    assert message(CheckpointError, albert.load_encoder, google) == (
        f"{google}: expected one checkpoint, found model.ckpt-best.index and model.safetensors: give the path of the one to load"
    )


def test_unknown_variables(tmp_path):
    write_variables(tmp_path / "model.ckpt", {"resnet/conv1/kernel": np.ones([3, 5], np.float32)})
    text = message(CheckpointError, albert.load_encoder, tmp_path)
    assert text.startswith(f"{tmp_path / 'model.ckpt'}: expected variables of one format (Google ALBERT, brightmart ALBERT, Google BERT, ")
    assert text.endswith("found 1 tensors of none of them (the first is resnet/conv1/kernel)")


def test_another_model_with_berts_names(tmp_path):
    """RoBERTa's layers are named as BERT's, but its positions start at 2."""
    from safetensors.numpy import load_file, save_file  # noqa: PLC0415 - only here

    tensors = load_file(DATA / "hf_bert_pretraining" / "model.safetensors")
    save_file({name.replace("bert.", "roberta."): value for name, value in tensors.items()}, tmp_path / "model.safetensors")
    shutil.copy(DATA / "hf_bert_pretraining" / "config.json", tmp_path)
    assert message(CheckpointError, albert.load_encoder, tmp_path) == (
        f"{tmp_path / 'model.safetensors'}: tensor roberta.embeddings.word_embeddings.weight: expected embeddings.word_embeddings.weight "
        "or bert.embeddings.word_embeddings.weight, found the prefix 'roberta.' of another model"
    )


def test_huggingface_config_of_another_model(tmp_path):
    directory = copy("hf_bert_pretraining", tmp_path)
    edit_json(directory / "config.json", model_type="electra")
    assert message(ConfigError, albert.load_encoder, directory) == (
        f"{directory / 'config.json'}: model_type must be 'bert' for weights with these names, found 'electra'"
    )


def test_tf2_checkpoint_with_a_published_config(tmp_path):
    encoder = albert.load_encoder(DATA / "google_albert")
    encoder.save_weights(str(tmp_path / "model.ckpt"))
    os.remove(tmp_path / "checkpoint")
    shutil.copy(DATA / "google_albert" / "albert_config.json", tmp_path)
    assert message(ConfigError, albert.load_encoder, tmp_path) == (
        f"{tmp_path / 'albert_config.json'}: expected the config that AlbertConfig.to_json_file writes, found no key 'embedding_projection'"
    )


def test_output_matrix_that_is_not_the_word_embeddings(tmp_path):
    from safetensors.numpy import load_file, save_file  # noqa: PLC0415 - only here

    directory = copy("hf_bert_pretraining", tmp_path)
    tensors = load_file(directory / "model.safetensors")
    tensors["cls.predictions.decoder.weight"] = tensors["bert.embeddings.word_embeddings.weight"] + 1
    save_file(tensors, directory / "model.safetensors")
    albert.load_encoder(directory)
    assert message(CheckpointError, albert.load_pretraining_model, directory) == (
        f"{directory / 'model.safetensors'}: tensor cls.predictions.decoder.weight: "
        "expected the values of bert.embeddings.word_embeddings.weight, to which it is tied, found other values"
    )


def test_broken_json(google):
    (google / "albert_config.json").write_text('{\n  "vocab_size": 200,\n}\n')
    assert message(ConfigError, albert.load_encoder, google).startswith(f"{google / 'albert_config.json'}:3: found invalid JSON (")
    (google / "albert_config.json").write_text(json.dumps([1]))
    assert message(ConfigError, albert.load_encoder, google) == (
        f"{google / 'albert_config.json'}: found a JSON list, not an object, expected the config of an encoder"
    )


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_weights_that_are_no_numbers(google, value):
    def spoil(variables):
        variables["bert/embeddings/word_embeddings"][3, 5] = value

    rewrite(google, spoil)
    expected = (
        f"{google / 'model.ckpt-best'}: tensor bert/embeddings/word_embeddings: expected finite numbers, "
        "found 1 of 3,200 that are not, the first at [3, 5]"
    )
    assert message(CheckpointError, albert.load_encoder, google) == expected
    assert message(CheckpointError, albert.load_pretraining_model, google) == expected
    assert message(CheckpointError, convert, google, google.parent / "converted", "huggingface") == expected
    assert not (google.parent / "converted").exists()


@pytest.mark.parametrize(("dtype", "value"), [(np.float16, np.inf), (np.float64, 1e300), (np.float32, np.nan)])
def test_safetensors_that_are_no_numbers(tmp_path, dtype, value):
    from safetensors.numpy import load_file, save_file  # noqa: PLC0415 - only here

    directory = copy("hf_albert", tmp_path)
    tensors = load_file(directory / "model.safetensors")
    tensors["pooler.bias"] = tensors["pooler.bias"].astype(dtype)
    tensors["pooler.bias"][-1] = value
    save_file(tensors, directory / "model.safetensors")
    assert "tensor pooler.bias: expected finite numbers, found 1 of 32 that are not, the first at [31]" in message(
        CheckpointError, albert.load_encoder, directory
    )


def test_links_that_lead_nowhere_are_not_passed_over(tmp_path):
    """As a cache leaves them whose contents were moved: another file of the directory is not taken in their place."""
    for name in ("model.safetensors", "config.json"):
        directory = copy("hf_albert", tmp_path)
        (directory / name).unlink()
        (directory / name).symlink_to("../../blobs/3f2a")
        assert f"{directory / name}: found a link to ../../blobs/3f2a, where nothing is, expected" in message(
            UserError, albert.load_encoder, directory
        )
        shutil.rmtree(directory)
