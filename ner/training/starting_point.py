"""The data and the vocabulary that a training run starts from."""

import dataclasses
import os
from typing import Optional

import numpy as np

from albert.character_map import NONE, simplify
from albert.errors import FieldError
from albert.files import sha256
from albert.tokenization import load_tokenizer
from albert.vocabulary import choose_vocabulary, count_characters, write_vocabulary
from ner.data.readers import read_examples
from ner.data.splits import files_of
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
      silver: list of ``Example`` tagged by other rules, of which the network is told; empty where there are none.
      silver_file: the file they came from.
    """

    train: list
    dev: list
    dev_origin: str
    tag_set: TagSet
    corpora: dict
    silver: list = ()
    silver_file: Optional[str] = None

    @property
    def texts(self):
        """The texts that are trained on: list of strings."""
        return [example.text for example in (*self.train, *self.silver)]

    def hashes(self):
        """dict from file name to the SHA-256 of its contents; of a directory's files, their names have its name before them."""
        found = {}
        for corpus in self.corpora.values():
            if corpus.sha256:
                found[corpus.path] = corpus.sha256
                continue
            directory = f"{os.path.basename(corpus.path)}/" if os.path.isdir(corpus.path) else ""
            found.update({f"{directory}{os.path.basename(path)}": sha256(path) for path in files_of(corpus.path)})
        return {**found, "silver": sha256(self.silver_file)} if self.silver_file else found

    def with_characters(self, character_map):
        """The same with the training sentences as a character map gives them; whoever tags the others maps them himself."""
        if character_map == NONE:
            return self
        train, silver = ([dataclasses.replace(e, text=simplify(e.text)) for e in examples] for examples in (self.train, self.silver))
        return dataclasses.replace(self, train=train, silver=silver)


def load_training_data(settings, dev_fraction=0.0, seed=42, silver_file=None, dev_block=None):
    """Read the train and dev splits of a data set.

    Without a dev file, a random share of the training sentences is held out; the test set never chooses anything.

    Args:
      settings: ``DataSettings`` of a directory with ``train.txt``, optionally ``dev.txt``, in any format of ``ner.data.readers``; or of
        data from Python.
      dev_fraction: share of the training sentences to hold out when there is no dev file, in [0, 1).
      seed: decides which ones.
      silver_file: file of sentences tagged by other rules, or None.
      dev_block: consecutive sentences that are held out together; 1 by default. In blocks, documents stay whole, and dev is a fairer test.

    Returns:
      ``TrainingData``.

    Raises:
      UserError: a file is missing, empty or malformed, or dev holds a type that train does not.
    """
    if not 0.0 <= dev_fraction < 1.0:
        raise FieldError("{dev_fraction}: found {}, expected a number in [0, 1)", dev_fraction)
    train = settings.read("train")
    tag_set = TagSet.from_tags(train.tag_counts(), train.scheme)
    dev = settings.read("dev", required=False, types=tag_set.types)
    corpora = {"train": train} if dev is None else {"train": train, "dev": dev}
    silver = read_examples(silver_file, types=tag_set.types, **settings.reading).examples if silver_file else []
    if dev is not None:
        return TrainingData(train.examples, dev.examples, dev.path, tag_set, corpora, silver, silver_file)
    held_out = int(round(dev_fraction * len(train)))
    if not held_out:
        return TrainingData(train.examples, [], "", tag_set, corpora, silver, silver_file)
    if held_out >= len(train):
        raise FieldError("{dev_fraction}: {} of {} sentences leaves nothing to train on", dev_fraction, len(train))
    chosen = _held_out(len(train), held_out, dev_block or 1, seed)
    origin = f"{held_out:,} sentences held out of {train.path}"
    parts = [[e for i, e in enumerate(train.examples) if (i in chosen) == is_dev] for is_dev in (False, True)]
    return TrainingData(*parts, origin, tag_set, corpora, silver, silver_file)


def _held_out(count, held_out, block, seed):
    """Numbers of the sentences that are held out: a set of ``held_out`` of ``count``, in blocks of ``block`` consecutive ones."""
    order = np.random.default_rng(seed).permutation(-(-count // block))
    sentences = (block * order[:, None] + np.arange(block)).ravel()
    return set(sentences[sentences < count][:held_out].tolist())


def read_tokenizer(start, do_lower_case=True):
    """The tokenizer of the file that a ``StartingPoint`` names, its size checked against the config; None where it names none."""
    if not start.vocab_file and not start.spm_model_file:
        return None
    tokenizer = load_tokenizer(start.vocab_file, start.spm_model_file, do_lower_case)
    tokenizer.check_size(start.config.vocab_size)
    return tokenizer


def check_vocabulary(start, texts, do_lower_case=True):
    """Check that the vocabulary which a ``StartingPoint`` names, if any, knows most characters of the training texts.

    Raises:
      VocabularyError: it does not.
    """
    tokenizer = read_tokenizer(start, do_lower_case)
    if tokenizer is not None:
        tokenizer.check_known(tokenizer.encode("".join("".join(texts).split())), "the training text")


def prepare_tokenizer(start, directory, texts, do_lower_case=True, vocabulary=None):
    """The run's tokenizer; its file is copied, or made from the training text, into the output directory.

    Args:
      start: ``StartingPoint``.
      directory: ``ModelDir``.
      texts: the training sentences' texts, of whose characters a vocabulary is made where there is none.
      do_lower_case: whether text is lower-cased.
      vocabulary: entries of the vocabulary where no file gives them; by default as many as the config says.

    Returns:
      The tokenizer, its size checked against the encoder's config.
    """
    tokenizer = read_tokenizer(start, do_lower_case)
    if tokenizer is not None:
        directory.copy_vocabulary(start.vocab_file, start.spm_model_file)
        return tokenizer
    if not texts:
        raise FieldError("{vocab_file}: not given, and there is no training text to make a vocabulary from")
    tokens = vocabulary or choose_vocabulary(count_characters(texts, do_lower_case), start.config.vocab_size)
    write_vocabulary(tokens, directory.vocab_file)
    return load_tokenizer(directory.vocab_file, None, do_lower_case)
