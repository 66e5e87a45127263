"""The encoder's configuration, read from every published config file."""

import dataclasses
import json
import os

from albert.errors import ConfigError

LAYOUTS = ("google", "brightmart", "bert", "huggingface_albert", "huggingface_bert")
ACTIVATIONS = ("gelu", "gelu_erf", "relu", "tanh", "linear")

# Keys that published configs carry and that change nothing in this library's forward pass.
_IGNORED_TF_KEYS = {
    "directionality",
    "pooler_fc_size",
    "pooler_num_attention_heads",
    "pooler_num_fc_layers",
    "pooler_size_per_head",
    "pooler_type",
    "bi_directional",
}
# Keys of variants nobody published weights for: legal only with the value that switches the variant off.
_NEUTRAL_KEYS = {
    "net_structure_type": 0,
    "layers_to_keep": [],
    "gap_size": 0,
    "num_memory_blocks": 0,
    "inner_group_num": 1,
    "down_scale_factor": 1,
}
_HF_NEUTRAL_KEYS = {"position_embedding_type": "absolute", "is_decoder": False, "add_cross_attention": False}


@dataclasses.dataclass(frozen=True)
class AlbertConfig:
    """Architecture of an ALBERT or BERT encoder (immutable; every field is validated).

    Attributes:
      vocab_size: V, number of word-embedding rows.
      embedding_size: E, width of the word embeddings.
      hidden_size: H, width of every transformer layer.
      num_hidden_layers: L, how many times a block is applied.
      num_hidden_groups: G, how many blocks with weights of their own there are; 1 for ALBERT, L for BERT.
        Layer ``i`` uses block ``int(i / L * G)``.
      num_attention_heads: heads per layer; must divide H.
      intermediate_size: F, width of the feed-forward layer.
      hidden_act: ``gelu`` (the tanh form of the original code), ``gelu_erf``, ``relu``, ``tanh`` or ``linear``.
      hidden_dropout_prob, attention_probs_dropout_prob: dropout rates in [0, 1).
      max_position_embeddings: M, the longest input in tokens.
      type_vocab_size: number of token types.
      initializer_range: standard deviation of the truncated normal initializer.
      layer_norm_eps: epsilon inside the square root of layer normalisation; 1e-12 in every published model.
      embedding_projection: where E becomes H. ``after_norm``: word + position + type in width E, layer norm, dense with
        bias (Google ALBERT). ``before_sum``: word embedding times a matrix without bias, then position and type in width
        H, layer norm (brightmart). ``none``: E == H and no projection (BERT; ALBERT with E == H).
      ln_type: ``postln`` (norm after the residual sum) or ``preln`` (norm before attention and feed-forward, and no
        final norm, as brightmart's code has it).
    """

    vocab_size: int
    embedding_size: int
    hidden_size: int
    num_hidden_layers: int
    num_attention_heads: int
    intermediate_size: int
    num_hidden_groups: int = 1
    hidden_act: str = "gelu"
    hidden_dropout_prob: float = 0.0
    attention_probs_dropout_prob: float = 0.0
    max_position_embeddings: int = 512
    type_vocab_size: int = 2
    initializer_range: float = 0.02
    layer_norm_eps: float = 1e-12
    embedding_projection: str = "after_norm"
    ln_type: str = "postln"

    def __post_init__(self):
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            if field.type is int:
                if isinstance(value, bool) or not isinstance(value, int) or value < 1:
                    raise ConfigError(f"config: {field.name} must be a positive integer, found {value!r}")
            elif field.type is float and (isinstance(value, bool) or not isinstance(value, (int, float))):
                raise ConfigError(f"config: {field.name} must be a number, found {value!r}")
        for name in ("hidden_dropout_prob", "attention_probs_dropout_prob"):
            if not 0.0 <= getattr(self, name) < 1.0:
                raise ConfigError(f"config: {name} must lie in [0, 1), found {getattr(self, name)!r}")
        if self.hidden_size % self.num_attention_heads:
            raise ConfigError(
                f"config: num_attention_heads must divide hidden_size, found {self.num_attention_heads} heads for hidden_size {self.hidden_size}"
            )
        if self.num_hidden_groups > self.num_hidden_layers:
            raise ConfigError(
                f"config: num_hidden_groups must not exceed num_hidden_layers, found {self.num_hidden_groups} groups for {self.num_hidden_layers} layers"
            )
        _check_choice("hidden_act", self.hidden_act, ACTIVATIONS)
        _check_choice("embedding_projection", self.embedding_projection, ("after_norm", "before_sum", "none"))
        _check_choice("ln_type", self.ln_type, ("postln", "preln"))
        if self.embedding_projection == "none" and self.embedding_size != self.hidden_size:
            raise ConfigError(
                f"config: embedding_size must equal hidden_size when there is no projection, found {self.embedding_size} and {self.hidden_size}"
            )

    @property
    def embedding_norm_size(self):
        """Width in which word, position and type embeddings are summed and normalised: E for Google ALBERT, else H."""
        return self.embedding_size if self.embedding_projection == "after_norm" else self.hidden_size

    @property
    def head_size(self):
        """Width of one attention head, H / num_attention_heads."""
        return self.hidden_size // self.num_attention_heads

    def group_of_layer(self, layer):
        """Index of the block that layer ``layer`` (0-based) uses: int(layer / L * G), as in the original code."""
        return int(layer / self.num_hidden_layers * self.num_hidden_groups)

    @classmethod
    def from_dict(cls, values, layout=None):
        """Config from the keys of a published config file or of :meth:`to_dict`.

        Args:
          values: the parsed JSON object.
          layout: which format's conventions the keys follow, one of ``LAYOUTS``; by default told from the keys
            themselves: ``model_type`` → HuggingFace, ``num_hidden_groups`` → Google ALBERT, ``embedding_size`` without
            it → brightmart, neither → BERT. Loading a checkpoint passes the layout its variable names show.

        Raises:
          ConfigError: a key is unknown, missing, or asks for something this library does not implement.
        """
        if not isinstance(values, dict):
            raise ConfigError(f"config: expected a JSON object, found {type(values).__name__}")
        values = dict(values)
        if "embedding_projection" in values:
            return cls._from_known(values)
        if layout is None:
            layout = _guess_layout(values)
        if layout not in LAYOUTS:
            raise ConfigError(f"config: layout must be one of {', '.join(LAYOUTS)}, found {layout!r}")
        return cls._from_known(_READERS[layout](values))

    @classmethod
    def _from_known(cls, values):
        fields = {field.name: field for field in dataclasses.fields(cls)}
        unknown = sorted(set(values) - set(fields))
        if unknown:
            raise ConfigError(f"config: unknown key {unknown[0]!r}" + (f" (and {len(unknown) - 1} more)" if unknown[1:] else ""))
        missing = [f.name for f in fields.values() if f.name not in values and f.default is dataclasses.MISSING]
        if missing:
            raise ConfigError(f"config: missing key {missing[0]!r}" + (f" (and {', '.join(missing[1:])})" if missing[1:] else ""))
        return cls(**values)

    @classmethod
    def from_json_file(cls, path, layout=None):
        """Config from a JSON file; see :meth:`from_dict`. Raises ConfigError with the file's name."""
        try:
            with open(path, encoding="utf-8-sig") as f:
                values = json.load(f)
        except OSError as e:
            raise ConfigError(f"{os.fspath(path)}: cannot read the config: {e.strerror}") from e
        except UnicodeDecodeError as e:
            raise ConfigError(f"{os.fspath(path)}: the config is not UTF-8 (byte {e.start})") from e
        except json.JSONDecodeError as e:
            raise ConfigError(f"{os.fspath(path)}:{e.lineno}: the config is not JSON: {e.msg}") from e
        try:
            return cls.from_dict(values, layout)
        except ConfigError as e:
            raise ConfigError(f"{os.fspath(path)}: {e}") from e

    def to_dict(self):
        """All fields as a JSON-ready dict; ``from_dict`` gives an equal config back."""
        return dataclasses.asdict(self)

    def to_json_file(self, path):
        """Write :meth:`to_dict` as indented JSON."""
        with open(path, "w", encoding="utf-8") as f:
            json.dump(self.to_dict(), f, indent=2)
            f.write("\n")

    def replace(self, **changes):
        """A copy with some fields changed, validated again."""
        return dataclasses.replace(self, **changes)


def _check_choice(name, value, choices):
    if value not in choices:
        raise ConfigError(f"config: {name} must be one of {', '.join(choices)}, found {value!r}")


def _guess_layout(values):
    if "model_type" in values:
        layout = f"huggingface_{values['model_type']}"
        if layout not in LAYOUTS:
            raise ConfigError(f"config: model_type must be albert or bert, found {values['model_type']!r}")
        return layout
    if "num_hidden_groups" in values:
        return "google"
    return "brightmart" if "embedding_size" in values else "bert"


def _drop_neutral(values, neutral):
    for key, expected in neutral.items():
        found = values.pop(key, expected)
        if found != expected:
            raise ConfigError(f"config: {key} must be {expected!r} (other variants have no published weights), found {found!r}")


def _read_tf(values):
    for key in _IGNORED_TF_KEYS:
        values.pop(key, None)
    _drop_neutral(values, _NEUTRAL_KEYS)
    activation = values.get("hidden_act")
    if activation == "":
        values["hidden_act"] = "linear"
    elif activation == "gelu_new":
        values["hidden_act"] = "gelu"
    for key in ("hidden_act", "max_position_embeddings", "type_vocab_size"):
        if key not in values:
            raise ConfigError(f"config: missing key {key!r}")
    return values


def _read_google(values):
    values = _read_tf(values)
    ln_type = values.pop("ln_type", "postln")
    if ln_type != "postln":
        raise ConfigError(f"config: ln_type must be postln for Google's layout, found {ln_type!r}")
    same = values.get("embedding_size") == values.get("hidden_size")
    values["embedding_projection"] = "none" if same else "after_norm"
    return values


def _read_brightmart(values):
    values = _read_tf(values)
    groups = values.pop("num_hidden_groups", 1)
    if groups != 1:
        raise ConfigError(f"config: num_hidden_groups must be 1 for brightmart's layout, found {groups!r}")
    values["embedding_projection"] = "before_sum"
    return values


def _read_bert(values):
    values = _read_tf(values)
    ln_type = values.pop("ln_type", "postln")
    if ln_type != "postln":
        raise ConfigError(f"config: ln_type must be postln for BERT's layout, found {ln_type!r}")
    return _unshared(values)


def _unshared(values):
    embedding_size = values.setdefault("embedding_size", values.get("hidden_size"))
    if embedding_size != values.get("hidden_size"):
        raise ConfigError(
            f"config: embedding_size must equal hidden_size for BERT, found {embedding_size!r} and {values.get('hidden_size')!r}"
        )
    if "num_hidden_layers" in values:
        groups = values.setdefault("num_hidden_groups", values["num_hidden_layers"])
        if groups != values["num_hidden_layers"]:
            raise ConfigError(f"config: num_hidden_groups must equal num_hidden_layers for BERT, found {groups!r}")
    values["embedding_projection"] = "none"
    return values


def _read_huggingface(values):
    """The keys of a HuggingFace config that matter; the rest (task heads, generation, library versions) is theirs."""
    _drop_neutral(values, {**_NEUTRAL_KEYS, **_HF_NEUTRAL_KEYS})
    known = {field.name for field in dataclasses.fields(AlbertConfig)} - {"embedding_projection", "ln_type"}
    values = {key: value for key, value in values.items() if key in known}
    # In HuggingFace's ACT2FN "gelu" is the erf form and the other two are the tanh form of the original code.
    names = {"gelu": "gelu_erf", "gelu_new": "gelu", "gelu_pytorch_tanh": "gelu"}
    if "hidden_act" not in values:
        raise ConfigError("config: missing key 'hidden_act'")
    values["hidden_act"] = names.get(values["hidden_act"], values["hidden_act"])
    return values


def _read_huggingface_albert(values):
    values = _read_huggingface(values)
    values["embedding_projection"] = "after_norm"
    return values


def _read_huggingface_bert(values):
    return _unshared(_read_huggingface(values))


_READERS = {
    "google": _read_google,
    "brightmart": _read_brightmart,
    "bert": _read_bert,
    "huggingface_albert": _read_huggingface_albert,
    "huggingface_bert": _read_huggingface_bert,
}
