"""A loaded checkpoint computes what the original code computes from it: every layer, both heads.

The stored golden.npz come from the original TF1 code and from HuggingFace transformers; variants that nobody published are held to
the independent float64 forward pass.
"""

import json

import numpy as np
import pytest
import tensorflow as tf

import albert
from albert import checkpoints
from albert.config import AlbertConfig
from albert.keras import keras
from tests.albert import numpy_reference
from tests.albert.checkpoint_files import DATA, copy, edit_json, random_inputs, random_weights, write_tf1

# Float32 noise of the originals is below 5e-6, the mildest mistake (erf gelu for tanh gelu) changes outputs by 7e-4.
ATOL = 1e-5


def run(model, golden):
    """A model's outputs for a golden file's inputs."""
    inputs = {"input_word_ids": golden["input_ids"], "input_mask": golden["input_mask"], "input_type_ids": golden["token_type_ids"]}
    if "masked_lm_positions" in golden:
        inputs["masked_lm_positions"] = golden["masked_lm_positions"]
    return model({name: tf.constant(value) for name, value in inputs.items()})


def assert_encoder_matches(outputs, golden):
    real = golden["input_mask"] == 1
    np.testing.assert_allclose(outputs["embedding_output"].numpy()[real], golden["embedding_output"][real], atol=ATOL, rtol=0)
    assert len(outputs["encoder_outputs"]) == len(golden["all_encoder_layers"])
    for layer, expected in zip(outputs["encoder_outputs"], golden["all_encoder_layers"]):
        np.testing.assert_allclose(layer.numpy()[real], expected[real], atol=ATOL, rtol=0)
    np.testing.assert_allclose(outputs["sequence_output"].numpy()[real], golden["sequence_output"][real], atol=ATOL, rtol=0)
    np.testing.assert_allclose(outputs["pooled_output"], golden["pooled_output"], atol=ATOL, rtol=0)


def assert_heads_match(outputs, golden):
    real = np.take_along_axis(golden["input_mask"], golden["masked_lm_positions"], axis=1) == 1
    np.testing.assert_allclose(outputs["masked_lm_logits"].numpy()[real], golden["masked_lm_logits"][real], atol=ATOL, rtol=0)
    logits = outputs["sentence_order_logits"]
    np.testing.assert_allclose(logits, golden["seq_relationship_logits"], atol=ATOL, rtol=0)
    if "seq_relationship_log_probs" in golden:
        np.testing.assert_allclose(tf.nn.log_softmax(logits), golden["seq_relationship_log_probs"], atol=ATOL, rtol=0)


@pytest.mark.numbers
@pytest.mark.parametrize(
    "path",
    [
        "google_albert",
        "google_albert/model.ckpt-best",
        "google_albert/model.ckpt-best.index",
        "brightmart_postln",
        "bert",
        "hf_albert_pretraining",
        "hf_albert_pretraining/pytorch_model.bin",
        "hf_bert_pretraining",
        "hf_bert_pretraining/pytorch_model.bin",
    ],
)
def test_encoder_and_heads_match_the_original_code(path):
    golden = np.load(DATA / path.split("/")[0] / "golden.npz")
    outputs = run(albert.load_pretraining_model(DATA / path), golden)
    assert_encoder_matches(outputs, golden)
    assert_heads_match(outputs, golden)
    assert_encoder_matches(run(albert.load_encoder(DATA / path), golden), golden)


@pytest.mark.parametrize("name", ["model.safetensors", "pytorch_model.bin"])
def test_huggingface_encoder_without_prefix(name):
    golden = np.load(DATA / "hf_albert" / "golden.npz")
    assert_encoder_matches(run(albert.load_encoder(DATA / "hf_albert" / name), golden), golden)


def test_mask_left_out_attends_everywhere():
    golden = np.load(DATA / "google_albert" / "golden.npz")
    encoder = albert.load_encoder(DATA / "google_albert")
    outputs = encoder({"input_word_ids": golden["input_ids"], "input_type_ids": golden["token_type_ids"]})
    np.testing.assert_allclose(outputs["sequence_output"], golden["nomask_sequence_output"], atol=ATOL, rtol=0)
    np.testing.assert_allclose(outputs["pooled_output"], golden["nomask_pooled_output"], atol=ATOL, rtol=0)


def test_gelu_of_a_huggingface_config_is_the_erf_form(tmp_path):
    directory = copy("hf_albert", tmp_path)
    edit_json(directory / "config.json", hidden_act="gelu")
    golden = np.load(directory / "golden_hidden_act_gelu_erf.npz")
    assert_encoder_matches(run(albert.load_encoder(directory), golden), golden)
    tanh = np.load(directory / "golden.npz")
    assert np.abs(tanh["sequence_output"] - golden["sequence_output"]).max() > 10 * ATOL  # or the test could not fail


# B 3, T 9, V 29, M 11, L 5, 3 heads of 7, and as below.
BASE = AlbertConfig(
    vocab_size=29,
    embedding_size=13,
    hidden_size=21,
    num_hidden_layers=5,
    num_attention_heads=3,
    intermediate_size=17,
    max_position_embeddings=11,
    type_vocab_size=2,
)
VARIANTS = {
    "google relu": ("google", BASE.replace(hidden_act="relu")),
    "google tanh": ("google", BASE.replace(hidden_act="tanh")),
    "google 2 groups": ("google", BASE.replace(num_hidden_groups=2)),
    "google 5 groups": ("google", BASE.replace(num_hidden_groups=5)),
    "google E == H": ("google", BASE.replace(embedding_size=21, embedding_projection="none")),
    "google E == H 2 groups relu": (
        "google",
        BASE.replace(embedding_size=21, embedding_projection="none", num_hidden_groups=2, hidden_act="relu"),
    ),
    "brightmart pre-LN": ("brightmart", BASE.replace(embedding_projection="before_sum", ln_type="preln")),
    "brightmart post-LN relu": ("brightmart", BASE.replace(embedding_projection="before_sum", hidden_act="relu")),
    "brightmart E == H": ("brightmart", BASE.replace(embedding_projection="before_sum", embedding_size=21)),
}


@pytest.mark.parametrize(("layout", "config"), VARIANTS.values(), ids=VARIANTS.keys())
def test_variants_match_the_float64_forward(layout, config, tmp_path):
    weights = random_weights(config)
    path = write_tf1(tmp_path / "variant", config, weights, layout)
    found = checkpoints.find(path)
    assert (found.layout, found.config) == (layout, config)
    inputs = random_inputs(config)
    outputs = albert.load_pretraining_model(path)(inputs)
    expected = numpy_reference.forward(config, weights, *inputs.values())
    real = inputs["input_mask"] == 1
    for layer, expected_layer in zip(outputs["encoder_outputs"], expected["encoder_outputs"]):
        np.testing.assert_allclose(layer.numpy()[real], expected_layer[real], atol=ATOL, rtol=0)
    for name in ("embedding_output", "pooled_output", "masked_lm_logits", "sentence_order_logits"):
        np.testing.assert_allclose(outputs[name], expected[name], atol=ATOL, rtol=0)


def test_brightmart_config_without_ln_type_is_post_ln(tmp_path):
    directory = copy("brightmart_postln", tmp_path)
    edit_json(directory / "albert_config.json", ln_type=None)
    golden = np.load(directory / "golden.npz")
    assert_encoder_matches(run(albert.load_encoder(directory), golden), golden)


def test_tf2_checkpoints_of_the_encoder_and_of_models_around_it(tmp_path):
    golden = np.load(DATA / "google_albert" / "golden.npz")
    encoder = albert.load_encoder(DATA / "google_albert")
    model = albert.load_pretraining_model(DATA / "google_albert")
    for name, save in {
        "checkpoint": lambda prefix: tf.train.Checkpoint(model=encoder).write(prefix),
        "weights": encoder.save_weights,
        "with heads": lambda prefix: tf.train.Checkpoint(model=model, step=tf.Variable(3)).write(prefix),
        "in a tagger": lambda prefix: tf.train.Checkpoint(tagger=tf.train.Checkpoint(encoder=encoder, crf=tf.Variable([5.0]))).write(
            prefix
        ),
    }.items():
        directory = tmp_path / name
        directory.mkdir()
        save(str(directory / "model.ckpt"))
        encoder.config.to_json_file(directory / "albert_config.json")
        assert checkpoints.find(directory).layout == "tf2", name
        assert_encoder_matches(run(albert.load_encoder(directory), golden), golden)
    assert_heads_match(run(albert.load_pretraining_model(tmp_path / "with heads"), golden), golden)


def test_optimizer_slots_of_a_tf2_checkpoint_are_ignored(tmp_path):
    encoder = albert.load_encoder(DATA / "google_albert")
    optimizer = keras.optimizers.legacy.Adam()
    variables = encoder.trainable_variables
    optimizer.apply_gradients(zip([tf.ones_like(v) for v in variables], variables))
    tf.train.Checkpoint(model=encoder, optimizer=optimizer).write(str(tmp_path / "model.ckpt"))
    encoder.config.to_json_file(tmp_path / "albert_config.json")
    loaded = albert.load_encoder(tmp_path).weight_map()
    for name, variable in encoder.weight_map().items():
        np.testing.assert_array_equal(loaded[name].numpy(), variable.numpy())


def test_load_weights_fills_a_model_made_elsewhere():
    checkpoint = checkpoints.find(DATA / "bert")
    encoder = albert.AlbertEncoder(checkpoint.config)
    assert checkpoints.load_weights(encoder, checkpoint) == ()
    golden = np.load(DATA / "bert" / "golden.npz")
    assert_encoder_matches(run(encoder, golden), golden)


def test_every_weight_is_set_in_a_fresh_encoder():
    """A loaded model is made without initial values, so that a forgotten one would be whatever memory held."""
    encoder = albert.load_encoder(DATA / "google_albert")
    assert len(encoder.trainable_variables) == len(encoder.weight_map())
    for name, variable in encoder.weight_map().items():
        assert np.all(np.isfinite(variable.numpy())), name
        assert np.any(variable.numpy()), name


def test_a_missing_pooler_can_be_allowed(tmp_path):
    directory = tmp_path / "masked_lm"
    directory.mkdir()
    config = checkpoints.find(DATA / "hf_albert_pretraining").config
    weights = {name: value for name, value in random_weights(config).items() if not name.startswith(("pooler/", "sentence_order/"))}
    from albert.checkpoints.writing import write_checkpoint  # noqa: PLC0415 - only here

    write_checkpoint(str(directory), "huggingface_albert", config, weights)
    assert json.loads((directory / "config.json").read_text())["architectures"] == ["AlbertForMaskedLM"]
    with pytest.raises(albert.CheckpointError, match=r"tensor albert\.pooler\.weight: expected shape \[21, 21\], found no such tensor"):
        albert.load_encoder(directory)
    loaded = albert.load_encoder(directory, require_pooler=False)
    np.testing.assert_array_equal(loaded.weight_map()["embeddings/word"].numpy(), weights["embeddings/word"])
    assert 0.01 < np.std(loaded.weight_map()["pooler/kernel"].numpy()) < 0.03  # initializer_range 0.02: made as in training
    np.testing.assert_array_equal(loaded.weight_map()["pooler/bias"].numpy(), 0)
