"""Checkpoints for tests: the stored reference files, and variants made from random weights under the publishers' own names.

The names here are written out once more, from the originals' variable lists, so that a wrong name in the library's tables is not
repeated by what tests them.
"""

import json
import pathlib
import shutil

import numpy as np
import tensorflow as tf

from albert.checkpoints.shapes import encoder_shapes, head_shapes

DATA = pathlib.Path(__file__).parent / "data"


def copy(name, directory):
    """A copy of a stored reference folder that a test may damage; returns its path."""
    target = directory / name
    shutil.copytree(DATA / name, target)
    return target


def random_weights(config, seed=5, heads=True):
    """float32 weights under canonical names, of a size at which a wrong formula shows."""
    rng = np.random.default_rng(seed)
    shapes = {**encoder_shapes(config), **(head_shapes(config) if heads else {})}
    weights = {name: rng.normal(size=shape) * (0.3 if len(shape) == 2 else 0.2) for name, shape in shapes.items()}
    return {name: (value + name.endswith("/gamma")).astype(np.float32) for name, value in weights.items()}


def random_inputs(config, seed=6):
    """Encoder inputs with padding, all token types and masked positions: dict of int32 arrays."""
    rng = np.random.default_rng(seed)
    length = config.max_position_embeddings - 2
    mask = (np.arange(length) < np.array([length, 3, 1])[:, None]).astype(np.int32)
    return {
        "input_word_ids": rng.integers(config.vocab_size, size=mask.shape, dtype=np.int32),
        "input_mask": mask,
        "input_type_ids": rng.integers(config.type_vocab_size, size=mask.shape, dtype=np.int32),
        "masked_lm_positions": np.array([[0, length - 1], [2, 1], [0, 0]], np.int32),
    }


def write_variables(prefix, variables):
    """A TF1 checkpoint from a dict of stored names to arrays."""
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        for name, value in variables.items():
            tf.compat.v1.get_variable(name, initializer=np.asarray(value))
        session.run(tf.compat.v1.global_variables_initializer())
        tf.compat.v1.train.Saver().save(session, str(prefix), write_meta_graph=False, write_state=False)


def read_variables(prefix):
    """All variables of a TF1 checkpoint: dict from stored name to array."""
    reader = tf.train.load_checkpoint(str(prefix))
    return {name: reader.get_tensor(name) for name in reader.get_variable_to_shape_map()}


def write_json(path, values):
    """A JSON file."""
    path.write_text(json.dumps(values), encoding="utf-8")


def edit_json(path, **changes):
    """Change keys of a JSON file; None removes one."""
    values = json.loads(path.read_text(encoding="utf-8"))
    values.update(changes)
    write_json(path, {key: value for key, value in values.items() if value is not None})


def tf1_names(config, weights, layout):
    """Canonical weights under the names of ``google`` or ``brightmart`` checkpoints."""
    blocks = {
        "google": {
            "attention/query": "attention_1/self/query",
            "attention/key": "attention_1/self/key",
            "attention/value": "attention_1/self/value",
            "attention/output": "attention_1/output/dense",
            "attention/norm": "LayerNorm",
            "ffn/intermediate": "ffn_1/intermediate/dense",
            "ffn/output": "ffn_1/intermediate/output/dense",
            "ffn/norm": "LayerNorm_1",
        },
        "brightmart": {
            "attention/query": "attention/self/query",
            "attention/key": "attention/self/key",
            "attention/value": "attention/self/value",
            "attention/output": "attention/output/dense",
            "attention/norm": "attention/output/LayerNorm",
            "ffn/intermediate": "intermediate/dense",
            "ffn/output": "output/dense",
            "ffn/norm": "output/LayerNorm",
        },
    }[layout]
    names = {
        "embeddings/word": "bert/embeddings/word_embeddings",
        "embeddings/position": "bert/embeddings/position_embeddings",
        "embeddings/type": "bert/embeddings/token_type_embeddings",
        "masked_lm/bias": "cls/predictions/output_bias",
        "sentence_order/kernel": "cls/seq_relationship/output_weights",
        "sentence_order/bias": "cls/seq_relationship/output_bias",
    }
    if layout == "brightmart":
        names["embeddings/projection/kernel"] = "bert/embeddings/word_embeddings_2"
    prefixes = {
        "embeddings/norm": "bert/embeddings/LayerNorm",
        "embeddings/projection": "bert/encoder/embedding_hidden_mapping_in",
        "pooler": "bert/pooler/dense",
        "masked_lm/dense": "cls/predictions/transform/dense",
        "masked_lm/norm": "cls/predictions/transform/LayerNorm",
    }
    for g in range(config.num_hidden_groups):
        root = f"bert/encoder/transformer/group_{g}/inner_group_0" if layout == "google" else "bert/encoder/layer_shared"
        prefixes.update({f"group_{g}/{ours}": f"{root}/{theirs}" for ours, theirs in blocks.items()})
    stored = {}
    for name, value in weights.items():
        parent, leaf = name.rsplit("/", 1)
        theirs = names.get(name) or f"{prefixes[parent]}/{leaf}"
        stored[theirs] = value.T if name == "sentence_order/kernel" else value
    return stored


def google_json(config):
    """The keys of Google's albert_config.json."""
    return {
        "attention_probs_dropout_prob": config.attention_probs_dropout_prob,
        "hidden_act": config.hidden_act,
        "hidden_dropout_prob": config.hidden_dropout_prob,
        "embedding_size": config.embedding_size,
        "hidden_size": config.hidden_size,
        "initializer_range": config.initializer_range,
        "intermediate_size": config.intermediate_size,
        "max_position_embeddings": config.max_position_embeddings,
        "num_attention_heads": config.num_attention_heads,
        "num_hidden_layers": config.num_hidden_layers,
        "num_hidden_groups": config.num_hidden_groups,
        "net_structure_type": 0,
        "layers_to_keep": [],
        "gap_size": 0,
        "num_memory_blocks": 0,
        "inner_group_num": 1,
        "down_scale_factor": 1,
        "type_vocab_size": config.type_vocab_size,
        "vocab_size": config.vocab_size,
    }


def brightmart_json(config):
    """The keys of brightmart's albert_config_<size>.json."""
    values = google_json(config)
    for key in (
        "num_hidden_groups",
        "net_structure_type",
        "layers_to_keep",
        "gap_size",
        "num_memory_blocks",
        "inner_group_num",
        "down_scale_factor",
    ):
        del values[key]
    return {**values, "directionality": "bidi", "pooler_fc_size": 768, "pooler_type": "first_token_transform", "ln_type": config.ln_type}


def write_tf1(directory, config, weights, layout):
    """A ``google`` or ``brightmart`` checkpoint directory with slots of an optimizer; returns its path."""
    directory.mkdir()
    stored = tf1_names(config, weights, layout)
    slots = {f"{name}/{slot}": np.full_like(value, 7) for name, value in stored.items() for slot in ("adam_m", "adam_v")}
    prefix = directory / ("model.ckpt-best" if layout == "google" else "albert_model.ckpt")
    write_variables(prefix, {**stored, **slots, "global_step": np.int64(11)})
    write_json(directory / "albert_config.json", google_json(config) if layout == "google" else brightmart_json(config))
    return directory
