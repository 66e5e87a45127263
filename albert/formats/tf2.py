"""TensorFlow 2 object checkpoints of this library's models: ``tf.train.Checkpoint(model=encoder)``, ``encoder.save_weights``.

A stored name is the path of attributes from the saved object to the variable. The config beside it is what
``AlbertConfig.to_json_file`` wrote.
"""

from albert.errors import ConfigError
from albert.formats.table import FileNames, Format, Row, tf_dense, tf_norm


def _claims_config(values):
    return "embedding_projection" in values


def _read_config(values):
    if not _claims_config(values):
        raise ConfigError("expected the config that AlbertConfig.to_json_file writes, found no key 'embedding_projection'")
    return values


_BLOCK = "blocks/{g}"

FORMAT = Format(
    layout="tf2",
    title="TensorFlow 2 object checkpoint of this library",
    marker=r"(^|/)blocks/\d+/query/kernel$",
    anchor="embeddings/word",
    own=("embeddings/", "blocks/", "pooler/"),
    scope="encoder/",
    files=FileNames("model.ckpt", "albert_config.json"),
    container="tensorflow2",
    claims_config=_claims_config,
    read_config=_read_config,
    write_config=dict,
    adapt=lambda config, weights: (config, weights),
    encoder=(
        Row("embeddings/word", "embeddings/word"),
        Row("embeddings/position", "embeddings/position"),
        Row("embeddings/type", "embeddings/type"),
        *tf_norm("embeddings/norm", "embeddings/norm"),
        *tf_dense("embeddings/projection", "embeddings/projection"),
        *tf_dense("group_{g}/attention/query", f"{_BLOCK}/query"),
        *tf_dense("group_{g}/attention/key", f"{_BLOCK}/key"),
        *tf_dense("group_{g}/attention/value", f"{_BLOCK}/value"),
        *tf_dense("group_{g}/attention/output", f"{_BLOCK}/attention_output"),
        *tf_norm("group_{g}/attention/norm", f"{_BLOCK}/attention_norm"),
        *tf_dense("group_{g}/ffn/intermediate", f"{_BLOCK}/intermediate"),
        *tf_dense("group_{g}/ffn/output", f"{_BLOCK}/output_dense"),
        *tf_norm("group_{g}/ffn/norm", f"{_BLOCK}/output_norm"),
        *tf_dense("pooler", "pooler"),
    ),
    heads=(
        *tf_dense("masked_lm/dense", "masked_lm/dense"),
        *tf_norm("masked_lm/norm", "masked_lm/norm"),
        Row("masked_lm/bias", "masked_lm/bias"),
        *tf_dense("sentence_order", "sentence_order"),
    ),
)
