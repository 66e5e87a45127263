"""Reading and writing the config files of published formats: their keys ↔ the fields of ``AlbertConfig``.

Works on plain dicts. A key that could change the forward pass is read, checked to hold the one value this library implements,
or refused; nothing is taken from a default the file does not state, except where every published code has the same one.
"""

from albert.errors import ConfigError
from albert.fields import shown

# The deepest Transformer that was ever trained has as many. Each may be counted through before anything else is known of a config.
MOST_LAYERS = 1000

# Keys of variants nobody published weights for: legal only with the value that switches the variant off.
TF_FIXED = {"directionality": "bidi", "pooler_type": "first_token_transform"}
ALBERT_FIXED = {
    "net_structure_type": 0,
    "layers_to_keep": [],
    "gap_size": 0,
    "num_memory_blocks": 0,
    "inner_group_num": 1,
    "down_scale_factor": 1,
}

# What a BERT config holds, in the order in which it is written.
BERT_KEYS = (
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

# Keys of the pooler variants that the original BERT code reads from no config: any value means the same.
_TF_IRRELEVANT = ("pooler_fc_size", "pooler_num_attention_heads", "pooler_num_fc_layers", "pooler_size_per_head")
_TF_REQUIRED = (
    "hidden_act",
    "hidden_dropout_prob",
    "attention_probs_dropout_prob",
    "max_position_embeddings",
    "type_vocab_size",
)
# The original get_activation: no name, an empty name and "linear" all mean no activation. ``gelu`` is its tanh form, which
# HuggingFace calls gelu_new.
_TF_ACTIVATIONS = {"gelu": "gelu", "gelu_new": "gelu", "relu": "relu", "tanh": "tanh", "linear": "linear", "": "linear", None: "linear"}
_TF_EPSILON = 1e-12  # a constant of the original code, in no TF config


def read_tf(values):
    """Fields of a config of the original TensorFlow code, and every unknown key, which ``AlbertConfig`` then refuses by name."""
    for key in _TF_IRRELEVANT:
        values.pop(key, None)
    check_fixed(values, TF_FIXED)
    values["hidden_act"] = activation(values, _TF_ACTIVATIONS)
    for key in _TF_REQUIRED:
        if key not in values:
            raise ConfigError(f"missing key {key!r}")
    for key in ("embedding_projection", "layer_norm_eps"):
        if key in values:
            raise ConfigError(f"unknown key {key!r}")
    return values


def write_tf(fields, layout, keys):
    """The keys of a TensorFlow config, of which ``keys`` are fields."""
    if fields["hidden_act"] == "gelu_erf":
        raise ConfigError(f"hidden_act gelu_erf cannot be said in a {layout} config, whose gelu is the tanh form")
    if fields["layer_norm_eps"] != _TF_EPSILON:
        raise ConfigError(
            f"layer_norm_eps must be {_TF_EPSILON} for {layout}, whose code has it as a constant, found {fields['layer_norm_eps']!r}"
        )
    return {key: fields[key] for key in keys}


def check_fixed(values, fixed):
    """Take the keys of ``fixed`` out of a config; ConfigError for one with another value."""
    for key, expected in fixed.items():
        found = values.pop(key, expected)
        if found != expected:
            raise ConfigError(f"{key} must be {expected!r} (other variants have no published weights), found {shown(found)}")


def activation(values, names):
    """The activation that a config's ``hidden_act`` means: ``names`` maps what may stand there to names of ``AlbertConfig``."""
    if "hidden_act" not in values:
        raise ConfigError("missing key 'hidden_act'")
    name = values["hidden_act"]
    key = name.lower() if isinstance(name, str) else name
    if not isinstance(key, (str, type(None))) or key not in names:
        known = ", ".join(n for n in names if n)
        raise ConfigError(f"hidden_act must be one of {known}, found {shown(name)}")
    return names[key]


def expect(values, key, expected, title):
    """Take a key out of a config that may be absent; ConfigError if it has another value than the one the format implies."""
    found = values.pop(key, expected)
    if found != expected:
        raise ConfigError(f"{key} must be {shown(expected)} for {title}, found {shown(found)}")


def require(fields, key, expected, layout):
    """ConfigError for a field with another value than the one that a layout's configs imply."""
    if fields[key] != expected:
        raise ConfigError(f"{key} must be {expected!r} for {layout}, found {fields[key]!r}")


def unshared(values):
    """BERT as this library's encoder: E == H, one block of weights per layer."""
    hidden_size, layers = values.get("hidden_size"), values.get("num_hidden_layers")
    for key, expected in (("embedding_size", hidden_size), ("num_hidden_groups", layers)):
        expect(values, key, expected, "BERT")
        if expected is not None:
            values[key] = expected
    values["embedding_projection"] = "none"
    return values
