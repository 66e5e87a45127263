"""Published config files, read by their own conventions and written back."""

import json

import pytest

from albert.checkpoints.shapes import encoder_shapes, head_shapes
from albert.config import AlbertConfig
from albert.errors import ConfigError, FieldError
from albert.formats import FORMATS
from albert.pretraining_model import AlbertForPretraining

_BERT_KEYS = {
    "attention_probs_dropout_prob": 0.1,
    "directionality": "bidi",
    "hidden_act": "gelu",
    "hidden_dropout_prob": 0.1,
    "hidden_size": 768,
    "initializer_range": 0.02,
    "intermediate_size": 3072,
    "max_position_embeddings": 512,
    "num_attention_heads": 12,
    "num_hidden_layers": 12,
    "pooler_fc_size": 768,
    "pooler_num_attention_heads": 12,
    "pooler_num_fc_layers": 3,
    "pooler_size_per_head": 128,
    "pooler_type": "first_token_transform",
    "type_vocab_size": 2,
    "vocab_size": 21128,
}
_GOOGLE_ZH = {
    "attention_probs_dropout_prob": 0,
    "hidden_act": "relu",
    "hidden_dropout_prob": 0,
    "embedding_size": 128,
    "hidden_size": 768,
    "initializer_range": 0.02,
    "intermediate_size": 3072,
    "max_position_embeddings": 512,
    "num_attention_heads": 12,
    "num_hidden_layers": 12,
    "num_hidden_groups": 1,
    "net_structure_type": 0,
    "layers_to_keep": [],
    "gap_size": 0,
    "num_memory_blocks": 0,
    "inner_group_num": 1,
    "down_scale_factor": 1,
    "type_vocab_size": 2,
    "vocab_size": 21128,
}
# The config files as published: key by key, with the layout their checkpoints have and fields worth stating.
PUBLISHED = {
    "chinese_L-12_H-768_A-12, BERT-wwm, BERT-wwm-ext": (
        _BERT_KEYS,
        "bert",
        {"embedding_size": 768, "num_hidden_groups": 12, "embedding_projection": "none", "hidden_act": "gelu", "hidden_dropout_prob": 0.1},
    ),
    "brightmart albert_config_base": (
        {**_BERT_KEYS, "attention_probs_dropout_prob": 0.0, "hidden_dropout_prob": 0.0, "embedding_size": 128},
        "brightmart",
        {"embedding_projection": "before_sum", "ln_type": "postln", "num_hidden_groups": 1, "hidden_dropout_prob": 0.0},
    ),
    "brightmart albert_tiny, with ln_type": (
        {**_BERT_KEYS, "embedding_size": 128, "hidden_size": 312, "intermediate_size": 1248, "num_hidden_layers": 4, "ln_type": "postln"},
        "brightmart",
        {"hidden_size": 312, "ln_type": "postln", "embedding_projection": "before_sum"},
    ),
    "brightmart pre-LN": ({**_BERT_KEYS, "embedding_size": 128, "ln_type": "preln"}, "brightmart", {"ln_type": "preln"}),
    "google albert_base_zh": (_GOOGLE_ZH, "google", {"hidden_act": "relu", "embedding_projection": "after_norm", "num_hidden_groups": 1}),
    "google v2, no layers_to_keep": (
        {key: value for key, value in {**_GOOGLE_ZH, "hidden_act": "gelu", "vocab_size": 30000}.items() if key != "layers_to_keep"},
        "google",
        {"vocab_size": 30000, "hidden_act": "gelu"},
    ),
    "google names, E == H": ({**_GOOGLE_ZH, "embedding_size": 768}, "google", {"embedding_projection": "none"}),
    "huggingface albert_chinese_base": (
        {
            **_GOOGLE_ZH,
            "architectures": ["AlbertForMaskedLM"],
            "model_type": "albert",
            "bos_token_id": 2,
            "eos_token_id": 3,
            "pad_token_id": 0,
            "classifier_dropout_prob": 0.1,
            "layer_norm_eps": 1e-12,
        },
        "huggingface_albert",
        {"embedding_projection": "after_norm", "hidden_act": "relu"},
    ),
    "huggingface albert, E == H": (
        {**_GOOGLE_ZH, "model_type": "albert", "embedding_size": 768, "hidden_act": "gelu_new"},
        "huggingface_albert",
        {"embedding_projection": "after_norm", "hidden_act": "gelu"},
    ),
    "huggingface bert-base-chinese": (
        {
            **_BERT_KEYS,
            "architectures": ["BertForMaskedLM"],
            "model_type": "bert",
            "layer_norm_eps": 1e-12,
            "pad_token_id": 0,
            "position_embedding_type": "absolute",
            "use_cache": True,
            "gradient_checkpointing": False,
            "classifier_dropout": None,
            "torch_dtype": "float32",
            "transformers_version": "4.25.1",
        },
        "huggingface_bert",
        {"hidden_act": "gelu_erf", "num_hidden_groups": 12, "embedding_projection": "none"},
    ),
}


@pytest.mark.parametrize(("values", "layout", "fields"), PUBLISHED.values(), ids=PUBLISHED.keys())
def test_published_configs(values, layout, fields, tmp_path):
    path = tmp_path / "config.json"
    path.write_text(json.dumps(values), encoding="utf-8")
    config = AlbertConfig.from_json_file(path, layout)
    assert {name: getattr(config, name) for name in fields} == fields
    assert AlbertConfig.from_json_file(path) == config  # the keys alone show the layout as well
    assert AlbertConfig.from_dict(config.to_dict(layout), layout) == config
    config.to_json_file(path)
    assert AlbertConfig.from_json_file(path) == config


@pytest.mark.parametrize("layout", ["bert", "brightmart", "google"])
def test_unknown_key_of_a_tensorflow_config(layout):
    values = {"bert": _BERT_KEYS, "brightmart": {**_BERT_KEYS, "embedding_size": 128}, "google": _GOOGLE_ZH}[layout]
    with pytest.raises(ConfigError, match="^unknown key 'hiden_size'$"):
        AlbertConfig.from_dict({**values, "hiden_size": 768}, layout)


@pytest.mark.parametrize(
    "key", ["hidden_act", "hidden_dropout_prob", "vocab_size", "num_attention_heads", "max_position_embeddings", "type_vocab_size"]
)
def test_missing_key(key):
    values = {k: v for k, v in _GOOGLE_ZH.items() if k != key}
    with pytest.raises(ConfigError, match=f"^missing key '{key}'$"):
        AlbertConfig.from_dict(values, "google")


@pytest.mark.parametrize(
    ("layout", "changes", "reason"),
    [
        ("google", {"inner_group_num": 2}, r"inner_group_num must be 1 \(other variants have no published weights\), found 2"),
        ("google", {"net_structure_type": 1}, "net_structure_type must be 0"),
        ("google", {"layers_to_keep": [3]}, r"layers_to_keep must be \[\]"),
        ("google", {"ln_type": "preln"}, "ln_type must be 'postln' for Google ALBERT, found 'preln'"),
        ("google", {"embedding_size": None}, "missing key 'embedding_size'"),
        ("google", {"layer_norm_eps": 1e-5}, "unknown key 'layer_norm_eps'"),
        ("google", {"num_hidden_groups": 13}, "num_hidden_groups must not exceed num_hidden_layers 12, found 13"),
        ("google", {"hidden_act": "gelu_erf"}, "hidden_act must be one of gelu, gelu_new, relu, tanh, linear, found 'gelu_erf'"),
        ("google", {"hidden_size": "768"}, "hidden_size: found '768', expected a whole number in"),
        ("google", {"hidden_dropout_prob": 1}, r"hidden_dropout_prob: found 1, expected a number in \[0, 1\)"),
        ("bert", {"directionality": "left"}, "directionality must be 'bidi'"),
        ("bert", {"embedding_size": 128}, "embedding_size must be 768 for BERT, found 128"),
        ("bert", {"num_hidden_groups": 1}, "num_hidden_groups must be 12 for BERT, found 1"),
        ("brightmart", {"embedding_size": 128, "num_hidden_groups": 2}, "num_hidden_groups must be 1 for brightmart, found 2"),
        ("brightmart", {"embedding_size": 128, "ln_type": "sandwich"}, "ln_type: found 'sandwich', expected one of postln, preln"),
        ("huggingface_bert", {"position_embedding_type": "relative_key"}, "position_embedding_type must be 'absolute'"),
        ("huggingface_bert", {"is_decoder": True}, "is_decoder must be False"),
        ("huggingface_bert", {"hidden_act": "silu"}, "hidden_act must be one of gelu, gelu_python, gelu_new, .*, found 'silu'"),
        ("huggingface_bert", {"model_type": "roberta"}, "model_type must be 'bert' for weights with these names, found 'roberta'"),
        ("huggingface_albert", {"num_hidden_layers": 18, "num_hidden_groups": 14, "embedding_size": 128}, "found 14 groups for 18 layers"),
        ("pytorch", {}, "layout must be one of google, brightmart, bert, huggingface_albert, huggingface_bert, tf2, found 'pytorch'"),
    ],
)
def test_refused(layout, changes, reason):
    values = {**(_GOOGLE_ZH if layout == "google" else _BERT_KEYS), **changes}
    with pytest.raises(ConfigError, match=f"^.*{reason}"):
        AlbertConfig.from_dict({key: value for key, value in values.items() if value is not None}, layout)


DAMAGED = (None, True, False, 0, -1, 1.5, 1e9, float("nan"), float("inf"), -float("inf"), 10**300, "3", "", [], [3], {}, {"a": 1}, "\ud800")


@pytest.mark.parametrize("layout", ["google", "brightmart", "bert", "huggingface_albert", "huggingface_bert", None])
def test_damaged_values(layout):
    """Whatever stands in the place of a value: a config in which it is used as it should be, or one line that names the key."""
    base = _GOOGLE_ZH if layout in ("google", "huggingface_albert") else _BERT_KEYS
    if layout == "brightmart":
        base = {**base, "embedding_size": 128}
    for key in base:
        for value in DAMAGED:
            try:
                config = AlbertConfig.from_dict({**base, key: value}, layout)
            except ConfigError as e:
                assert "\n" not in str(e) and len(str(e)) < 300
            else:
                for number in (config.initializer_range, config.layer_norm_eps, config.hidden_dropout_prob):
                    assert 0 <= number < 101
                assert 0 < config.hidden_size <= 65536 and 0 < config.num_hidden_layers <= 1000


@pytest.mark.parametrize("key", ["layer_norm_eps", "initializer_range", "hidden_dropout_prob", "attention_probs_dropout_prob"])
@pytest.mark.parametrize("value", [float("nan"), float("inf"), -1, -1e-12, "1e-12", None])
def test_numbers_that_would_spoil_every_result(key, value):
    with pytest.raises(FieldError, match=f"^{key}: found .*, expected a number in "):
        AlbertConfig(29, 13, 32, 3, 4, 64, **{key: value})


@pytest.mark.parametrize(
    "changes",
    [
        {"num_hidden_layers": 10**9},
        {"num_hidden_layers": 10**7, "num_hidden_groups": 10**7},
        {"vocab_size": 10**12},
        {"hidden_size": 10**300},
    ],
)
@pytest.mark.parametrize("layout", ["google", "brightmart", "bert", "huggingface_albert", "huggingface_bert"])
def test_a_model_without_end_is_refused_at_once(changes, layout):
    values = {**(_GOOGLE_ZH if layout in ("google", "huggingface_albert") else _BERT_KEYS), **changes}
    if layout == "brightmart":
        values["embedding_size"] = 128
    with pytest.raises(ConfigError, match="expected a whole number in|must be"):
        AlbertConfig.from_dict(values, layout)


@pytest.mark.parametrize(
    ("changes", "layout", "reason"),
    [
        ({"hidden_act": "gelu_erf"}, "google", "gelu_erf cannot be said in a google config"),
        ({"layer_norm_eps": 1e-5}, "google", "layer_norm_eps must be 1e-12 for google"),
        ({"ln_type": "preln"}, "huggingface_albert", "ln_type must be 'postln' for huggingface"),
        ({"embedding_projection": "before_sum"}, "google", "embedding_projection must be 'after_norm' for google, found 'before_sum'"),
        ({}, "brightmart", "embedding_projection must be 'before_sum' for brightmart, found 'after_norm'"),
        ({}, "bert", "embedding_projection must be 'none' for bert"),
    ],
)
def test_what_a_layout_cannot_say(changes, layout, reason):
    config = AlbertConfig.from_dict(_GOOGLE_ZH).replace(**changes)
    with pytest.raises(ConfigError, match=reason):
        config.to_dict(layout)


@pytest.mark.parametrize("name", [None, "", "linear", "LINEAR"])
def test_no_activation(name):
    assert AlbertConfig.from_dict({**_GOOGLE_ZH, "hidden_act": name}).hidden_act == "linear"


def test_every_layer_of_bert_has_its_own_block():
    """int(i / L * G) rounds down to the previous layer for some L when G == L."""
    for layers in range(1, 50):
        config = AlbertConfig(5, 3, 3, layers, 1, 2, num_hidden_groups=layers, embedding_projection="none")
        assert [config.group_of_layer(i) for i in range(layers)] == list(range(layers))


def test_groups_of_albert():
    config = AlbertConfig(5, 3, 3, 7, 1, 2, num_hidden_groups=3)
    assert [config.group_of_layer(i) for i in range(7)] == [0, 0, 0, 1, 1, 2, 2]


@pytest.mark.parametrize(
    "config",
    [
        AlbertConfig(29, 13, 21, 5, 3, 17, num_hidden_groups=2, max_position_embeddings=11),
        AlbertConfig(29, 13, 21, 5, 3, 17, embedding_projection="before_sum", max_position_embeddings=11),
        AlbertConfig(29, 21, 21, 5, 3, 17, num_hidden_groups=5, embedding_projection="none", max_position_embeddings=11, type_vocab_size=7),
    ],
)
def test_shapes_without_a_model_are_the_models(config):
    expected = {name: tuple(variable.shape) for name, variable in AlbertForPretraining(config).weight_map().items()}
    assert {**encoder_shapes(config), **head_shapes(config)} == expected


@pytest.mark.parametrize("layout", FORMATS)
def test_no_layout_reads_an_empty_config(layout):
    with pytest.raises(ConfigError):
        FORMATS[layout].read_config({})
