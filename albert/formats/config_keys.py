"""The config files of every published layout, both ways: their keys ↔ the fields of ``AlbertConfig``.

Works on plain dicts. A key that could change the forward pass is read, checked to hold the one value this library implements,
or refused; nothing is taken from a default the file does not state, except where every published code has the same one.
"""

from albert.errors import ConfigError

LAYOUTS = ("google", "brightmart", "bert", "huggingface_albert", "huggingface_bert")

# Keys of the pooler variants that the original BERT code reads from no config: any value means the same.
_TF_IRRELEVANT = ("pooler_fc_size", "pooler_num_attention_heads", "pooler_num_fc_layers", "pooler_size_per_head")
# Keys of variants nobody published weights for: legal only with the value that switches the variant off.
_TF_FIXED = {"directionality": "bidi", "pooler_type": "first_token_transform"}
_ALBERT_FIXED = {
    "net_structure_type": 0,
    "layers_to_keep": [],
    "gap_size": 0,
    "num_memory_blocks": 0,
    "inner_group_num": 1,
    "down_scale_factor": 1,
}
_HF_FIXED = {"position_embedding_type": "absolute", "is_decoder": False, "add_cross_attention": False}

_TF_REQUIRED = (
    "hidden_act",
    "hidden_dropout_prob",
    "attention_probs_dropout_prob",
    "max_position_embeddings",
    "type_vocab_size",
)
_TF_FIELDS = {
    "vocab_size",
    "hidden_size",
    "num_hidden_layers",
    "num_attention_heads",
    "intermediate_size",
    "initializer_range",
    *_TF_REQUIRED,
}
_HF_FIELDS = {*_TF_FIELDS, "embedding_size", "num_hidden_groups", "layer_norm_eps"}

# The original get_activation: no name, an empty name and "linear" all mean no activation. ``gelu`` is its tanh form, which
# HuggingFace calls gelu_new.
_TF_ACTIVATIONS = {"gelu": "gelu", "gelu_new": "gelu", "relu": "relu", "tanh": "tanh", "linear": "linear", "": "linear", None: "linear"}
# In HuggingFace's ACT2FN "gelu" is the erf form.
_HF_ACTIVATIONS = {
    "gelu": "gelu_erf",
    "gelu_python": "gelu_erf",
    "gelu_new": "gelu",
    "gelu_fast": "gelu",
    "gelu_pytorch_tanh": "gelu",
    "relu": "relu",
    "tanh": "tanh",
    "linear": "linear",
}
_HF_ACTIVATION_NAMES = {"gelu_erf": "gelu", "gelu": "gelu_new", "relu": "relu", "tanh": "tanh", "linear": "linear"}
_TF_EPSILON = 1e-12  # a constant of the original code, in no TF config


def layout_of(values):
    """The layout whose conventions a config's keys show; for reading a config that has no checkpoint beside it.

    ``model_type`` → HuggingFace, ``num_hidden_groups`` → Google ALBERT, ``embedding_size`` without it → brightmart, neither → BERT.
    """
    if "model_type" in values:
        layout = f"huggingface_{values['model_type']}"
        if layout not in LAYOUTS:
            raise ConfigError(f"model_type must be albert or bert, found {values['model_type']!r}")
        return layout
    if "num_hidden_groups" in values:
        return "google"
    return "brightmart" if "embedding_size" in values else "bert"


def read(values, layout):
    """The fields of ``AlbertConfig`` in a published config.

    Args:
      values: the parsed JSON object.
      layout: one of ``LAYOUTS``.

    Returns:
      dict of fields; in TF layouts also every unknown key, which ``AlbertConfig`` then refuses by name.

    Raises:
      ConfigError: a key asks for a variant that this library does not implement, or is missing.
    """
    return _READERS[layout](dict(values))


def write(fields, layout):
    """The keys of a published config for the fields of an ``AlbertConfig``; the reverse of :func:`read`.

    Raises:
      ConfigError: the layout has no way to say what a field holds.
    """
    return _WRITERS[layout](dict(fields))


def _check_fixed(values, fixed):
    for key, expected in fixed.items():
        found = values.pop(key, expected)
        if found != expected:
            raise ConfigError(f"{key} must be {expected!r} (other variants have no published weights), found {found!r}")


def _activation(values, names):
    if "hidden_act" not in values:
        raise ConfigError("missing key 'hidden_act'")
    name = values["hidden_act"]
    key = name.lower() if isinstance(name, str) else name
    if key not in names:
        known = ", ".join(n for n in names if n)
        raise ConfigError(f"hidden_act must be one of {known}, found {name!r}")
    return names[key]


def _read_tf(values):
    for key in _TF_IRRELEVANT:
        values.pop(key, None)
    _check_fixed(values, _TF_FIXED)
    values["hidden_act"] = _activation(values, _TF_ACTIVATIONS)
    for key in _TF_REQUIRED:
        if key not in values:
            raise ConfigError(f"missing key {key!r}")
    for key in ("embedding_projection", "layer_norm_eps"):
        if key in values:
            raise ConfigError(f"unknown key {key!r}")
    return values


def _read_google(values):
    _check_fixed(values, _ALBERT_FIXED)
    values = _read_tf(values)
    _expect(values, "ln_type", "postln", "Google ALBERT")
    if "embedding_size" not in values:
        raise ConfigError("missing key 'embedding_size'")
    values["embedding_projection"] = "none" if values["embedding_size"] == values.get("hidden_size") else "after_norm"
    return values


def _read_brightmart(values):
    _check_fixed(values, _ALBERT_FIXED)
    values = _read_tf(values)
    _expect(values, "num_hidden_groups", 1, "brightmart")
    # The first releases' configs predate pre-LN and say nothing: post-LN.
    values.setdefault("ln_type", "postln")
    values["embedding_projection"] = "before_sum"
    return values


def _read_bert(values):
    values = _read_tf(values)
    _expect(values, "ln_type", "postln", "BERT")
    return _unshared(values)


def _expect(values, key, expected, layout):
    found = values.pop(key, expected)
    if found != expected:
        raise ConfigError(f"{key} must be {expected!r} for {layout}, found {found!r}")


def _unshared(values):
    """BERT as this library's encoder: E == H, one block of weights per layer."""
    hidden_size, layers = values.get("hidden_size"), values.get("num_hidden_layers")
    for key, expected in (("embedding_size", hidden_size), ("num_hidden_groups", layers)):
        found = values.pop(key, expected)
        if found != expected:
            raise ConfigError(f"{key} must be {expected!r} for BERT, found {found!r}")
        if expected is not None:
            values[key] = expected
    values["embedding_projection"] = "none"
    return values


def _read_huggingface(values, model_type):
    """The keys of a HuggingFace config that matter; the rest (task heads, generation, library versions) is theirs."""
    found = values.get("model_type", model_type)
    if found != model_type:
        raise ConfigError(f"model_type must be {model_type!r} for weights with these names, found {found!r}")
    _check_fixed(values, {**_ALBERT_FIXED, **_HF_FIXED})
    values = {key: value for key, value in values.items() if key in _HF_FIELDS}
    values["hidden_act"] = _activation(values, _HF_ACTIVATIONS)
    return values


def _read_huggingface_albert(values):
    values = _read_huggingface(values, "albert")
    if "embedding_size" not in values:
        raise ConfigError("missing key 'embedding_size'")
    _check_same_groups(values)
    # AlbertTransformer has its embedding_hidden_mapping_in whether or not E == H.
    values["embedding_projection"] = "after_norm"
    return values


def _read_huggingface_bert(values):
    return _unshared(_read_huggingface(values, "bert"))


def _write_tf(fields, layout, keys):
    if fields["hidden_act"] == "gelu_erf":
        raise ConfigError(f"hidden_act gelu_erf cannot be said in a {layout} config, whose gelu is the tanh form")
    if fields["layer_norm_eps"] != _TF_EPSILON:
        raise ConfigError(
            f"layer_norm_eps must be {_TF_EPSILON} for {layout}, whose code has it as a constant, found {fields['layer_norm_eps']!r}"
        )
    return {key: fields[key] for key in keys}


_BERT_KEYS = (
    "attention_probs_dropout_prob",
    "hidden_act",
    "hidden_dropout_prob",
    "hidden_size",
    "initializer_range",
    "intermediate_size",
    "max_position_embeddings",
    "num_attention_heads",
    "num_hidden_layers",
    "type_vocab_size",
    "vocab_size",
)


def _require(fields, key, expected, layout):
    if fields[key] != expected:
        raise ConfigError(f"{key} must be {expected!r} for {layout}, found {fields[key]!r}")


def _write_google(fields):
    _require(fields, "ln_type", "postln", "google")
    same = fields["embedding_size"] == fields["hidden_size"]
    _require(fields, "embedding_projection", "none" if same else "after_norm", "google")
    values = _write_tf(fields, "google", (*_BERT_KEYS, "embedding_size", "num_hidden_groups"))
    return {**values, **_ALBERT_FIXED}


def _write_brightmart(fields):
    _require(fields, "embedding_projection", "before_sum", "brightmart")
    _require(fields, "num_hidden_groups", 1, "brightmart")
    return {**_write_tf(fields, "brightmart", (*_BERT_KEYS, "embedding_size", "ln_type")), **_TF_FIXED}


def _write_bert(fields):
    _require(fields, "ln_type", "postln", "bert")
    _require(fields, "embedding_projection", "none", "bert")
    _require(fields, "num_hidden_groups", fields["num_hidden_layers"], "bert")
    return {**_write_tf(fields, "bert", _BERT_KEYS), **_TF_FIXED}


def _write_huggingface(fields, model_type, keys):
    _require(fields, "ln_type", "postln", "huggingface")
    values = {"model_type": model_type, **{key: fields[key] for key in keys}, "layer_norm_eps": fields["layer_norm_eps"]}
    values["hidden_act"] = _HF_ACTIVATION_NAMES[fields["hidden_act"]]
    return values


def _check_same_groups(fields):
    """transformers rounds the group of a layer, int(i / (L / G)), unlike the original int(i / L * G); for some L and G that differs."""
    layers, groups = fields.get("num_hidden_layers"), fields.get("num_hidden_groups", 1)
    if not isinstance(layers, int) or not isinstance(groups, int) or groups < 1 or groups == layers:
        return  # one block for each layer; anything broken AlbertConfig refuses by name
    for i in range(layers):
        if int(i / (layers / groups)) != int(i / layers * groups):
            raise ConfigError(f"num_hidden_groups must give layer {i} one group in both codes, found {groups} groups for {layers} layers")


def _write_huggingface_albert(fields):
    _check_same_groups(fields)
    _require(fields, "embedding_projection", "after_norm", "huggingface")
    return {**_write_huggingface(fields, "albert", (*_BERT_KEYS, "embedding_size", "num_hidden_groups")), "inner_group_num": 1}


def _write_huggingface_bert(fields):
    _require(fields, "embedding_projection", "none", "huggingface")
    _require(fields, "num_hidden_groups", fields["num_hidden_layers"], "huggingface")
    return _write_huggingface(fields, "bert", _BERT_KEYS)


_READERS = {
    "google": _read_google,
    "brightmart": _read_brightmart,
    "bert": _read_bert,
    "huggingface_albert": _read_huggingface_albert,
    "huggingface_bert": _read_huggingface_bert,
}
_WRITERS = {
    "google": _write_google,
    "brightmart": _write_brightmart,
    "bert": _write_bert,
    "huggingface_albert": _write_huggingface_albert,
    "huggingface_bert": _write_huggingface_bert,
}
