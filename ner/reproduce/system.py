"""A system before it is trained: its settings, its encoder's sizes and the number of its parameters. Imports no TensorFlow."""

from typing import Optional

from albert import command, hub
from albert.config import AlbertConfig
from albert.training.settings import EncoderFiles
from albert.training.starting_point import find_starting_point
from ner.model.config import TaggerConfig
from ner.tags import TagSet
from ner.training.settings import NetworkSettings, TrainingRun

# What the formats' own configs have, where a release gives only sizes.
_HEAD_SIZE = 64
_BERT_DROPOUT = 0.1
# Flagfiles hold these beside the settings of training.
_STEPS = ("do_train", "do_eval", "do_predict", "do_export")


def read_settings(arguments: list) -> TrainingRun:
    """The training settings that flags of ``run_ner.py`` give.

    Args:
      arguments: flags, flagfiles among them.

    Raises:
      UserError: a flag or flagfile is not known, or a value is out of range.
    """
    return command.settings_of_flags(TrainingRun, arguments, switches=_STEPS)


def encoder_config(files: EncoderFiles) -> Optional[AlbertConfig]:
    """Sizes of the encoder that training starts from, without fetching it; None for a release whose sizes nobody has stated.

    Raises:
      UserError: a file is missing or broken, or a name means nothing.
    """
    name = files.init_checkpoint
    if not name or files.albert_config_file or not hub.is_name(name):
        return find_starting_point(files).config
    release = hub.lookup(name)
    sizes = release.architecture
    if sizes is None:
        return None
    is_bert = release.layout in ("bert", "huggingface_bert")
    projection = "none" if is_bert else "before_sum" if release.layout == "brightmart" else "after_norm"
    dropout = _BERT_DROPOUT if is_bert else 0.0
    return AlbertConfig(
        **sizes,
        num_attention_heads=sizes["hidden_size"] // _HEAD_SIZE,
        num_hidden_groups=sizes["num_hidden_layers"] if is_bert else 1,
        embedding_projection=projection,
        hidden_dropout_prob=dropout,
        attention_probs_dropout_prob=dropout,
    )


def tagger_config(network: NetworkSettings, files: EncoderFiles, encoder: AlbertConfig, tag_set: TagSet) -> TaggerConfig:
    """Config of a tagger on a pretrained encoder, as training makes it; not of a lattice."""
    return TaggerConfig(
        encoder=encoder,
        tag_set=tag_set,
        max_seq_length=network.max_seq_length,
        do_lower_case=files.do_lower_case,
        rnn=network.rnn,
        lstm_cell=network.lstm_cell,
        lstm_units=network.lstm_units,
        use_crf=network.use_crf,
        dropout=network.dropout,
    )


def count_parameters(config: TaggerConfig) -> int:
    """Number of weights of a tagger on a pretrained encoder, its pooler included; not of a lattice."""
    hidden, units, num_tags = config.encoder.hidden_size, config.lstm_units, len(config.tag_set)
    count, features = _encoder_parameters(config.encoder), hidden
    if config.rnn != "none":
        gates, biases = {"lstm": (4, 1), "gru": (3, 2)}[config.rnn]
        peepholes = 3 if config.lstm_cell == "peephole" else 0
        count += 2 * units * (gates * (hidden + units + biases) + peepholes)
        features = 2 * units
    count += (features + 1) * num_tags
    return count + (num_tags * (num_tags + 2) if config.use_crf else 0)


def _encoder_parameters(config):
    hidden, inner, width = config.hidden_size, config.intermediate_size, config.embedding_norm_size
    tables = config.vocab_size * config.embedding_size + (config.max_position_embeddings + config.type_vocab_size) * width
    projection = 0
    if config.embedding_projection != "none":
        projection = (config.embedding_size + (config.embedding_projection == "after_norm")) * hidden
    block = 4 * (hidden + 1) * hidden + (hidden + 1) * inner + (inner + 1) * hidden + 4 * hidden
    return tables + 2 * width + projection + config.num_hidden_groups * block + (hidden + 1) * hidden
