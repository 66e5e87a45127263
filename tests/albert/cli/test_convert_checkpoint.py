"""Conversion between layouts: what comes out, what it proves, what it refuses; and the report of inspect_checkpoint."""

import json
import subprocess
import sys

import numpy as np
import pytest

import albert
from albert import checkpoints, formats
from albert.checkpoints import loading
from albert.cli.convert_checkpoint import compare, convert
from albert.cli.inspect_checkpoint import describe
from albert.config import AlbertConfig
from albert.errors import CheckpointError, ConfigError, UserError
from tests.albert.checkpoint_files import DATA, copy, edit_json, random_weights, read_variables, write_tf1

HEADS = loading.HEADS
# V 29, E 13, H 21 (3 heads of 7), F 17, L 5, M 11, as in the other checkpoint tests.
BASE = AlbertConfig(29, 13, 21, 5, 3, 17, max_position_embeddings=11)
E_EQUALS_H = BASE.replace(embedding_size=21, embedding_projection="none")


def weights_of(path):
    """All weights of a checkpoint with both heads."""
    return loading.weights_of(checkpoints.find(path), HEADS)


def assert_same_weights(first, second):
    first, second = weights_of(first), weights_of(second)
    assert set(first) == set(second)
    for name, value in first.items():
        np.testing.assert_array_equal(value, second[name], err_msg=name)


def chain(start, directory, *formats):
    """Convert step by step; returns the paths of every step. Each step differs by less than 1e-5 from the one before."""
    paths = [start]
    for i, output_format in enumerate(formats):
        paths.append(directory / f"{i}_{output_format}")
        _, result, differences = convert(paths[-2], paths[-1], output_format)
        assert max(differences.values()) < 1e-5
        layers = result.config.num_hidden_layers
        names = {"embedding_output", "pooled_output", "masked_lm_logits", "sentence_order_logits"}
        assert set(differences) == names | {f"encoder_outputs[{i}]" for i in range(layers)}
    return paths


@pytest.mark.parametrize(
    ("start", "formats"),
    [
        ("google_albert", ["huggingface", "google"]),
        ("google_albert", ["tf2", "huggingface", "tf2", "google"]),
        ("bert", ["huggingface", "bert"]),
        ("bert", ["google", "bert", "tf2", "bert"]),
        ("brightmart_postln", ["tf2", "brightmart"]),
        ("hf_albert_pretraining", ["google", "huggingface"]),
        ("hf_bert_pretraining", ["tf2", "huggingface"]),
    ],
)
def test_there_and_back_gives_the_same_weights(start, formats, tmp_path):
    paths = chain(DATA / start, tmp_path, *formats)
    assert_same_weights(paths[0], paths[-1])
    assert checkpoints.find(paths[0]).config == checkpoints.find(paths[-1]).config


def test_brightmart_to_google_and_on(tmp_path):
    """The projection is folded into the word embeddings: E == H from there on."""
    paths = chain(DATA / "brightmart_postln", tmp_path, "google", "huggingface", "google", "brightmart", "google", "bert", "huggingface")
    assert checkpoints.find(paths[1]).config.embedding_projection == "none"
    assert "bert/encoder/embedding_hidden_mapping_in/kernel" not in read_variables(paths[1] / "model.ckpt-best")
    for i in (3, 5):
        assert_same_weights(paths[1], paths[i])
    # HuggingFace's ALBERT always projects, brightmart always multiplies: by the identity.
    np.testing.assert_array_equal(weights_of(paths[2])["embeddings/projection/kernel"], np.eye(32))
    np.testing.assert_array_equal(read_variables(paths[4] / "albert_model.ckpt")["bert/embeddings/word_embeddings_2"], np.eye(32))
    assert [checkpoints.find(path).layout for path in paths[6:]] == ["bert", "huggingface_bert"]
    assert max(compare(checkpoints.find(paths[0]), checkpoints.find(paths[-1]), HEADS).values()) < 1e-5


def test_shared_blocks_are_repeated_for_bert(tmp_path):
    config = E_EQUALS_H.replace(num_hidden_groups=2)
    source = write_tf1(tmp_path / "google", config, random_weights(config), "google")
    _, result, differences = convert(source, tmp_path / "bert", "bert")
    assert max(differences.values()) == 0
    stored, original = read_variables(result.path), weights_of(source)
    for layer, group in enumerate([0, 0, 0, 1, 1]):
        kernel = stored[f"bert/encoder/layer_{layer}/attention/self/query/kernel"]
        np.testing.assert_array_equal(kernel, original[f"group_{group}/attention/query/kernel"])


@pytest.mark.parametrize(
    ("layout", "config", "target", "reason"),
    [
        (
            "google",
            BASE,
            "brightmart",
            "it normalises word + position + type in width E, then projects to H; brightmart's layout normalises in width H",
        ),
        ("google", BASE, "bert", "it normalises word + position + type in width E, then projects to H; BERT has width H throughout"),
        ("google", E_EQUALS_H.replace(num_hidden_groups=5), "brightmart", "it has 5 blocks of weights; brightmart's layout shares one"),
        (
            "brightmart",
            BASE.replace(embedding_projection="before_sum", ln_type="preln"),
            "google",
            "it is pre-LN, which only brightmart's layout has: the others normalise after the residual sum",
        ),
    ],
)
def test_impossible_conversions_give_the_reason(layout, config, target, reason, tmp_path):
    source = write_tf1(tmp_path / "source", config, random_weights(config), layout)
    with pytest.raises(CheckpointError) as caught:
        convert(source, tmp_path / "result", target)
    assert str(caught.value) == f"--output_format={target}: this checkpoint cannot be converted exactly: {reason}"
    assert [path.name for path in tmp_path.iterdir()] == ["source"]


def test_projection_of_equal_width_that_is_not_the_identity(tmp_path):
    config = BASE.replace(embedding_size=21)
    directory = tmp_path / "hf"
    directory.mkdir()
    from albert.checkpoints.writing import write_checkpoint  # noqa: PLC0415 - only here

    write_checkpoint(str(directory), "huggingface_albert", config, random_weights(config))
    with pytest.raises(
        CheckpointError, match="a projection after the embeddings' layer norm that is not the identity; Google's layout then has none"
    ):
        convert(directory, tmp_path / "result", "google")


def test_what_a_config_cannot_say(tmp_path):
    directory = copy("hf_bert_pretraining", tmp_path)  # its gelu is the erf form
    with pytest.raises(ConfigError, match="gelu_erf cannot be said in a bert config"):
        convert(directory, tmp_path / "result", "bert")
    assert [path.name for path in tmp_path.iterdir()] == ["hf_bert_pretraining"]


def test_pre_ln_converts_to_tf2_and_back(tmp_path):
    config = BASE.replace(embedding_projection="before_sum", ln_type="preln")
    source = write_tf1(tmp_path / "source", config, random_weights(config), "brightmart")
    paths = chain(source, tmp_path, "tf2", "brightmart")
    assert json.loads((paths[-1] / "albert_config.json").read_text())["ln_type"] == "preln"
    assert_same_weights(source, paths[-1])


@pytest.mark.parametrize(
    ("start", "target", "files"),
    [
        (
            "brightmart_postln",
            "google",
            ["albert_config.json", "model.ckpt-best.data-00000-of-00001", "model.ckpt-best.index", "vocab_chinese.txt"],
        ),
        (
            "brightmart_postln",
            "brightmart",
            ["albert_config.json", "albert_model.ckpt.data-00000-of-00001", "albert_model.ckpt.index", "vocab.txt"],
        ),
        ("bert", "bert", ["bert_config.json", "bert_model.ckpt.data-00000-of-00001", "bert_model.ckpt.index", "vocab.txt"]),
        ("google_albert", "huggingface", ["config.json", "model.safetensors", "tokenizer_config.json", "vocab.txt"]),
        ("google_albert", "tf2", ["albert_config.json", "model.ckpt.data-00000-of-00001", "model.ckpt.index", "vocab.txt"]),
    ],
)
def test_files_of_each_target(start, target, files, tmp_path):
    convert(DATA / start, tmp_path / "out", target)
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == files
    vocabulary = next(path for path in (tmp_path / "out").iterdir() if path.name.startswith("vocab"))
    assert vocabulary.read_bytes() == (DATA / start / "vocab.txt").read_bytes()


def test_huggingface_files_say_what_transformers_needs(tmp_path):
    convert(DATA / "google_albert", tmp_path / "out", "huggingface")
    config = json.loads((tmp_path / "out" / "config.json").read_text())
    assert (config["model_type"], config["architectures"], config["hidden_act"]) == ("albert", ["AlbertForPreTraining"], "gelu_new")
    assert (config["pad_token_id"], config["bos_token_id"], config["eos_token_id"]) == (0, 11, 12)  # of this vocabulary, not BERT's
    tokenizer = json.loads((tmp_path / "out" / "tokenizer_config.json").read_text())
    assert (tokenizer["tokenizer_class"], tokenizer["do_lower_case"]) == ("BertTokenizer", True)
    header = (tmp_path / "out" / "model.safetensors").read_bytes()[8:200]
    assert b'"__metadata__":{"format":"pt"}' in header


def test_sentencepiece_model_is_copied_under_the_targets_name(tmp_path):
    source = copy("google_albert", tmp_path)
    (source / "vocab.txt").unlink()
    (source / "30k-clean.model").write_bytes(b"model")
    convert(source, tmp_path / "hf", "huggingface")
    assert (tmp_path / "hf" / "spiece.model").read_bytes() == b"model"
    assert json.loads((tmp_path / "hf" / "tokenizer_config.json").read_text())["tokenizer_class"] == "AlbertTokenizer"


def test_encoder_without_heads(tmp_path):
    _, result, differences = convert(DATA / "hf_albert", tmp_path / "google", "google")
    assert not [name for name in differences if "logits" in name]
    assert not [name for name in result.source.tensors if name.startswith("cls/")]
    convert(tmp_path / "google", tmp_path / "hf", "huggingface")
    assert json.loads((tmp_path / "hf" / "config.json").read_text())["architectures"] == ["AlbertModel"]
    assert "embeddings.word_embeddings.weight" in checkpoints.find(tmp_path / "hf").source.tensors


def test_refuses_to_overwrite(tmp_path):
    (tmp_path / "out").mkdir()
    with pytest.raises(UserError) as caught:
        convert(DATA / "bert", tmp_path / "out", "huggingface")
    assert str(caught.value) == f"--output_path: {tmp_path / 'out'} exists, expected the name of a new directory"


def test_a_result_that_differs_is_not_kept(tmp_path, monkeypatch):
    def wrong(config, weights, target):
        weights["group_0/ffn/norm/gamma"] = weights["group_0/ffn/norm/gamma"] * np.float32(1.001)
        return config, weights, "google"

    monkeypatch.setattr(formats, "adapt", wrong)
    with pytest.raises(CheckpointError, match=r"expected the converted .* to differ by at most 0\.0001, found .*; nothing was written"):
        convert(DATA / "google_albert", tmp_path / "out", "google")
    assert not list(tmp_path.iterdir())


def test_differences_are_largest_absolute(tmp_path):
    source = checkpoints.find(DATA / "google_albert")
    weights = loading.weights_of(source, HEADS)
    from albert.checkpoints.writing import write_checkpoint  # noqa: PLC0415 - only here

    for name, change in {"shifted": -0.25, "beyond": np.float32(3e38)}.items():
        (tmp_path / name).mkdir()
        changed = {**weights, "sentence_order/bias": weights["sentence_order/bias"] + np.float32(change)}
        write_checkpoint(str(tmp_path / name), "google", source.config, changed)
        differences = compare(source, checkpoints.find(tmp_path / name), HEADS)
        assert differences["sentence_order_logits"] == pytest.approx(abs(change), rel=1e-6)
        assert max(value for output, value in differences.items() if output != "sentence_order_logits") == 0


def command(module, *arguments):
    """Run one of the two commands; returns the finished process."""
    return subprocess.run([sys.executable, "-m", module, *map(str, arguments)], capture_output=True, text=True, timeout=120, check=False)


def test_the_commands(tmp_path):
    arguments = [f"--input_path={DATA / 'brightmart_postln'}", f"--output_path={tmp_path / 'out'}", "--output_format=google"]
    done = command("albert.convert_checkpoint", *arguments)
    assert (done.returncode, done.stderr) == (0, "")
    assert "(brightmart ALBERT) -> " in done.stdout
    assert "pretraining heads: masked_lm, sentence_order\n" in done.stdout
    assert float(done.stdout.split()[-1]) < 1e-5
    again = command("albert.convert_checkpoint", *arguments)
    assert (again.returncode, again.stdout) == (1, "")
    assert again.stderr == f"error: --output_path: {tmp_path / 'out'} exists, expected the name of a new directory\n"

    done = command("albert.inspect_checkpoint", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith("the encoder can be loaded\n")
    assert command("albert.inspect_checkpoint", tmp_path).returncode == 1
    missing = command("albert.inspect_checkpoint")
    assert (missing.returncode, missing.stderr) == (2, "error: expected PATH, found 0 arguments; see --help\n")


def test_inspect_lists_what_is_loaded_and_what_is_ignored():
    lines, ok = describe(DATA / "google_albert")
    text = "\n".join(lines)
    assert ok
    assert "Google ALBERT (TensorFlow 1 checkpoint)" in text
    assert "3 layers from 1 block of weights, V=200 E=16 H=32 F=64, 4 heads, gelu, postln" in text
    parameters = sum(int(np.prod(v.shape)) for v in albert.load_encoder(DATA / "google_albert").weight_map().values())
    assert f"25 of 25 tensors, {parameters:,} parameters" in text
    rows = {line.split()[0]: line.split()[1:] for line in lines if line.startswith(("bert/", "cls/", "global_step", "(every"))}
    assert rows["bert/pooler/dense/kernel"] == ["32x32", "float32", "pooler/kernel"]
    assert rows["cls/seq_relationship/output_weights"] == ["2x32", "float32", "sentence_order/kernel", "(transposed)"]
    assert rows["global_step"] == ["scalar", "int64", "ignored:", "not", "part", "of", "the", "encoder"]
    assert sum("adam_m" in line for line in lines) == 1
    assert sum("adam_m" in line for line in describe(DATA / "google_albert", show_all=True)[0]) == 32


def test_inspect_reports_every_problem_of_a_broken_checkpoint(tmp_path):
    directory = copy("bert", tmp_path)
    edit_json(directory / "bert_config.json", vocab_size=201, num_hidden_layers=4)
    lines, ok = describe(directory)
    problems = [line for line in lines if line.startswith("problem: ")]
    assert not ok
    assert len(problems) == 16 + 2  # the fourth layer; word embeddings and the masked-LM bias
    assert lines[-1] == "the encoder cannot be loaded"
    (directory / "bert_config.json").unlink()
    lines, ok = describe(directory)
    assert not ok
    assert any("expected a config beside bert_model.ckpt" in line for line in lines)
    assert any(line.startswith("bert/pooler/dense/kernel") for line in lines)


def test_inspect_of_a_truncated_file_still_lists_it(tmp_path):
    directory = copy("bert", tmp_path)
    data = directory / "bert_model.ckpt.data-00000-of-00001"
    size = data.stat().st_size
    data.write_bytes(data.read_bytes()[:-1])
    lines, ok = describe(directory)
    assert not ok
    assert any(line.startswith("bert/pooler/dense/kernel") for line in lines)
    assert [line for line in lines if line.startswith("problem: ")] == [
        f"problem: {data}: tensor global_step: expected {size} bytes up to its end, found a file of {size - 1} bytes: it is truncated"
    ]
