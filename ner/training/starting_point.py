"""What a training run starts from: data, vocabulary, encoder."""

import dataclasses
import os
from typing import Optional, Union

import numpy as np

from albert import checkpoints
from albert.config import AlbertConfig
from albert.errors import UserError, VocabularyError
from albert.files import sha256
from albert.tokenization import load_tokenizer
from albert.vocabulary import choose_vocabulary, count_characters, write_vocabulary
from ner.data.readers import read_split
from ner.model.config import CharEncoderConfig
from ner.tags import TagSet


@dataclasses.dataclass(frozen=True)
class TrainingData:
    """The sentences of one run.

    Attributes:
      train: list of ``Example``.
      dev: list of ``Example`` that choose the best epoch; empty when there is neither a dev file nor a held-out share.
      dev_origin: where ``dev`` came from, in words.
      tag_set: ``TagSet`` of the training file.
      corpora: dict from split to the ``Corpus`` that was read; ``dev`` only where there is a dev file.
    """

    train: list
    dev: list
    dev_origin: str
    tag_set: TagSet
    corpora: dict

    def hashes(self):
        """dict from file name to the SHA-256 of its contents."""
        return {os.path.basename(corpus.path): sha256(corpus.path) for corpus in self.corpora.values()}


def load_training_data(data_dir, dev_fraction=0.0, seed=42, on_bad_line="error"):
    """Read the train and dev splits of a directory.

    Without a dev file, a random share of the training sentences is held out; the test set never chooses anything.

    Args:
      data_dir: directory with ``train.txt``, optionally ``dev.txt``, in any format of ``ner.data.readers``.
      dev_fraction: share of the training sentences to hold out when there is no dev file, in [0, 1).
      seed: decides which ones.
      on_bad_line: ``error`` or ``skip``.

    Returns:
      ``TrainingData``.

    Raises:
      UserError: a file is missing, empty or malformed, or dev holds a type that train does not.
    """
    if not 0.0 <= dev_fraction < 1.0:
        raise UserError(f"--dev_fraction: must lie in [0, 1), found {dev_fraction}")
    train = read_split(data_dir, "train", on_bad_line=on_bad_line)
    tag_set = TagSet.from_tags(train.tag_counts(), train.scheme)
    dev = read_split(data_dir, "dev", required=False, types=tag_set.types, on_bad_line=on_bad_line)
    corpora = {"train": train} if dev is None else {"train": train, "dev": dev}
    if dev is not None:
        return TrainingData(train.examples, dev.examples, dev.path, tag_set, corpora)
    held_out = int(round(dev_fraction * len(train)))
    if not held_out:
        return TrainingData(train.examples, [], "", tag_set, corpora)
    if held_out >= len(train):
        raise UserError(f"--dev_fraction: {dev_fraction} of {len(train)} sentences leaves nothing to train on")
    chosen = set(np.random.default_rng(seed).permutation(len(train))[:held_out].tolist())
    origin = f"{held_out:,} sentences held out of {train.path}"
    examples = train.examples
    return TrainingData(
        [e for i, e in enumerate(examples) if i not in chosen], [e for i, e in enumerate(examples) if i in chosen], origin, tag_set, corpora
    )


@dataclasses.dataclass(frozen=True)
class EncoderSource:
    """Where an encoder comes from.

    Attributes:
      config: its ``AlbertConfig`` or ``CharEncoderConfig``.
      vocab_file, spm_model_file: the tokenizer's file; both None when a vocabulary is to be made from the training text.
      checkpoint: what ``checkpoints.find`` gave, or None for random weights.
      vocabulary: entries of the vocabulary where no file gives them; None: as many as the config says, from the training text.
    """

    config: Union[AlbertConfig, CharEncoderConfig]
    vocab_file: Optional[str]
    spm_model_file: Optional[str]
    checkpoint: object
    vocabulary: Optional[tuple] = None


def find_encoder(init_checkpoint=None, albert_config_file=None, vocab_file=None, spm_model_file=None):
    """Decide on the encoder from flags: files given by name go before those found beside the checkpoint.

    Raises:
      UserError: neither a checkpoint nor a config is given, or a file is missing or broken.
    """
    if not init_checkpoint and not albert_config_file:
        raise UserError("--init_checkpoint: not given, and no --albert_config_file to start from random weights; expected one of the two")
    if not init_checkpoint:
        return EncoderSource(AlbertConfig.from_json_file(albert_config_file), vocab_file or None, spm_model_file or None, None)
    found = checkpoints.find(init_checkpoint, albert_config_file or None, vocab_file or None, spm_model_file or None)
    if not found.vocab_file and not found.spm_model_file:
        raise UserError(f"--vocab_file: not given, and no vocabulary lies beside {init_checkpoint}")
    # A file named by flag goes before the other kind found beside the weights.
    vocab_file = None if spm_model_file else found.vocab_file
    spm_model_file = None if vocab_file else found.spm_model_file
    return EncoderSource(found.config, vocab_file, spm_model_file, found)


def prepare_tokenizer(source, directory, texts, do_lower_case=True):
    """The run's tokenizer; its file is copied, or made from the training text, into the output directory.

    Args:
      source: ``EncoderSource``.
      directory: ``ModelDir``.
      texts: the training sentences' texts; used when the source names no vocabulary.
      do_lower_case: whether text is lower-cased.

    Returns:
      The tokenizer, its size checked against the encoder's config.
    """
    if source.vocab_file or source.spm_model_file:
        tokenizer = load_tokenizer(source.vocab_file, source.spm_model_file, do_lower_case)
        tokenizer.check_size(source.config.vocab_size)
        directory.copy_vocabulary(source.vocab_file, source.spm_model_file)
        return tokenizer
    if not texts:
        raise VocabularyError("--vocab_file: not given, and there is no training text to make a vocabulary from")
    tokens = source.vocabulary or choose_vocabulary(count_characters(texts, do_lower_case), source.config.vocab_size)
    write_vocabulary(tokens, directory.vocab_file)
    return load_tokenizer(directory.vocab_file, None, do_lower_case)
