"""A training output directory: what is in it, how it is written and read.

::

    model.json               architecture, tags and text settings (TaggerConfig)
    labels.txt               one tag per line, in the order of the model's outputs
    vocab.txt | spm.model    the tokenizer's file
    lexicon.txt              words of the lattice LSTM, those with vectors first; other models have none
    best.safetensors         weights of the epoch the dev set chose
    last.safetensors         weights of the last finished epoch
    run.json                 flags, versions and data the run was made with
    history.csv              one line per epoch
    steps.csv                one line per --log_steps steps
    metrics.json             scores of the last evaluation
    README.md                the model card
    plots/                   pictures of the run
    state/                   training state of an unfinished run
"""

import glob
import os
from collections.abc import Mapping
from typing import Optional

import numpy as np
from safetensors.numpy import save

from albert.checkpoints.files.safetensors import SafetensorsFile
from albert.checkpoints.files.weights_file import FLOATS
from albert.errors import CheckpointError, ConfigError, FieldError, UserError
from albert.files import atomic_write, write_json
from albert.foreign import printable
from albert.tokenization import load_tokenizer
from albert.vocabulary import copy_vocabulary
from ner.lattice.lexicon import WordLexicon
from ner.lattice.tokenizer import LatticeTokenizer
from ner.model.config import SILVER, TaggerConfig
from ner.tags import TagSet

VOCABULARY_FILE = "vocab.txt"
SENTENCEPIECE_FILE = "spm.model"
BEST_WEIGHTS = "best.safetensors"
LAST_WEIGHTS = "last.safetensors"
LEXICON_FILE = "lexicon.txt"
STEPS_FILE = "steps.csv"
LABELS_FILE = "labels.txt"
PLOTS_DIRECTORY = "plots"
METRICS_FILE = "metrics.json"
CARD_FILE = "README.md"


def is_token_classifier(path):
    """True if a directory holds a HuggingFace model and not a training output."""
    return os.path.isfile(os.path.join(path, "config.json")) and not os.path.lexists(os.path.join(path, "model.json"))


def find_model(path, offline=None):
    """The directory of a trained model: ``path``, or where a tagger fetched by the name of its release lies.

    Args:
      path: a directory, or a name as ``albert.hub.resolve`` takes it.
      offline: True to fetch nothing; by default as the environment says.

    Raises:
      UserError: it is a release's name, but an encoder's.
      FetchError: it cannot be fetched.
    """
    path = os.fspath(path)
    if os.path.exists(path):
        return path
    from albert import hub  # noqa: PLC0415 - what is on disk needs nothing of this, which takes a tenth of a second
    from albert.checkpoints.proof import fetch  # noqa: PLC0415

    if not hub.is_name(path):
        return path
    release = hub.lookup(path)
    if release.architecture and release.task != "token-classification":
        raise UserError(f"{path}: expected a trained tagger, found the name of an encoder to train one from")
    return fetch(path, offline)


class ModelDir:
    """Paths and contents of one training output directory.

    Args:
      path: the directory.
    """

    def __init__(self, path):
        self.path = os.fspath(path)

    def file(self, name):
        """Path of a file in the directory."""
        return os.path.join(self.path, name)

    def pictures(self):
        """Paths of the pictures of the run, sorted."""
        return sorted(glob.glob(os.path.join(glob.escape(self.file(PLOTS_DIRECTORY)), "*.png")))

    @property
    def vocab_file(self):
        """Path of the directory's ``vocab.txt``."""
        return self.file(VOCABULARY_FILE)

    def copy_vocabulary(self, vocab_file=None, spm_model_file=None):
        """Copy the tokenizer's file, one of the two, into the directory under its usual name."""
        source, target = (vocab_file, self.vocab_file) if vocab_file else (spm_model_file, self.file(SENTENCEPIECE_FILE))
        if os.path.exists(target) and os.path.samefile(source, target):
            return
        copy_vocabulary(source, target)

    def find_vocabulary(self):
        """(vocab_file, spm_model_file): the tokenizer's file, and None for the other kind."""
        spm = self.file(SENTENCEPIECE_FILE)
        # A link that leads nowhere is an error, not a reason to take another file.
        return (None, spm) if os.path.lexists(spm) else (self.vocab_file, None)

    def write_config(self, config):
        """Write ``model.json`` and ``labels.txt`` for a ``TaggerConfig``."""
        config.tag_set.save(self.file(LABELS_FILE))
        write_json(self.file("model.json"), config.to_dict())

    def write_lexicon(self, lexicon):
        """Write the words of a ``WordLexicon``."""
        lexicon.write(self.file(LEXICON_FILE))

    def read_config(self):
        """The directory's ``TaggerConfig``.

        Raises:
          UserError: this is no training output directory, or ``model.json`` is damaged, or says other than the labels or the weights.
        """
        if not os.path.isdir(self.path):
            raise FieldError("{model_dir}: {} is not a directory, expected the output directory of a training run", self.path)
        if is_token_classifier(self.path):
            raise UserError(
                f"{self.path}: expected a training output, found a HuggingFace model: albert-ner convert-tagger makes one of it"
            )
        path = self.file("model.json")
        config = TaggerConfig.from_json_file(path, "the tagger configuration written by training")
        if os.path.lexists(self.file(LABELS_FILE)):
            tag_set = TagSet.load(self.file(LABELS_FILE))
            if tag_set != config.tag_set:
                found = f"tags {' '.join(tag_set.tags)}"
                raise ConfigError(f"{self.file(LABELS_FILE)}: found {printable(found, 300)}, expected those of {path}")
        self._check_amount(config)
        return config

    def _check_amount(self, config):
        """Refuse a config of a larger model than the stored weights are, before memory is taken for it."""
        path = self.file(self.weights_name())
        if os.path.isfile(path):
            numbers = self.count_weights()
            name, least = max(config.least_numbers().items(), key=lambda item: item[1])
            if least > numbers:
                raise ConfigError(f"{self.file('model.json')}: {name}: found a size for {least:,} numbers, but {path} has only {numbers:,}")

    def count_weights(self) -> int:
        """Number of numbers that the model's weights are, by the header of their file."""
        return sum(tensor.size for tensor in SafetensorsFile(self.file(self.weights_name())).tensors.values())

    def read_tokenizer(self, config):
        """The tokenizer the model was trained with; for a lattice a ``LatticeTokenizer`` with its lexicon."""
        tokenizer = load_tokenizer(*self.find_vocabulary(), config.do_lower_case, config.character_map)
        tokenizer.check_size(config.encoder.vocab_size)
        if config.guideline == SILVER:
            tokenizer.cls_id = tokenizer.mask_id
        if config.lattice is None:
            return tokenizer
        lexicon = WordLexicon.read(self.file(LEXICON_FILE), config.lattice.num_words, config.lattice.max_word_length)
        return LatticeTokenizer(tokenizer, lexicon)

    def weights_name(self):
        """Name of the file of the weights to use: the best ones, or the last ones where no dev set chose."""
        return BEST_WEIGHTS if os.path.lexists(self.file(BEST_WEIGHTS)) else LAST_WEIGHTS

    def write_weights(self, name, model):
        """Write all of a model's weights as float32 to ``name``, whole or not at all."""
        weights = {key: np.ascontiguousarray(variable.numpy()) for key, variable in model.weight_map().items()}
        with atomic_write(self.file(name), "wb") as f:
            f.write(save(weights))

    def read_weights(self, model, name=None):
        """Assign stored weights to a model.

        Args:
          model: a ``TaggerModel`` of this directory's config.
          name: file name; by default that of the weights to use.

        Raises:
          CheckpointError: there are none, or a tensor is missing, left over, of another shape, or holds numbers that are not finite. Unless
            it is the numbers, no variable has changed.
        """
        variables = model.weight_map()
        stored = self.open_weights({key: tuple(variable.shape) for key, variable in variables.items()}, name)
        for key, variable in variables.items():
            variable.assign(stored.read_finite(key))

    def open_weights(self, shapes: Mapping[str, tuple[int, ...]], name: Optional[str] = None) -> SafetensorsFile:
        """A file of weights of which names, shapes and types are checked, and no values are read.

        Args:
          shapes: dict from the name of each weight of the model to its shape.
          name: file name; by default that of the weights to use.

        Raises:
          CheckpointError: there are none, or a tensor is missing, left over, or of another shape or type.
        """
        path = self.file(name or self.weights_name())
        stored = SafetensorsFile(path)
        for problem in stored.problems:
            raise problem
        for key in sorted(set(stored.tensors) - set(shapes)):
            raise CheckpointError(f"{path}: tensor {printable(key)}: nothing in the model's configuration takes it")
        for key, shape in shapes.items():
            if key not in stored.tensors:
                raise CheckpointError(f"{path}: tensor {key}: missing, expected shape {list(shape)}")
            if stored.tensors[key].shape != shape:
                raise stored.error(key, f"shape {list(shape)}", list(stored.tensors[key].shape))
            if stored.tensors[key].dtype not in FLOATS:
                raise stored.error(key, f"one of {', '.join(FLOATS)}", stored.tensors[key].dtype)
        return stored
