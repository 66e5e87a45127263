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
    state/                   training state of an unfinished run
"""

import os

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from albert.errors import CheckpointError, UserError
from albert.files import atomic_write, read_json, write_json
from albert.tokenization import load_tokenizer
from albert.vocabulary import copy_vocabulary
from ner.lattice.lexicon import WordLexicon
from ner.lattice.tokenizer import LatticeTokenizer
from ner.model.config import TaggerConfig

VOCABULARY_FILE = "vocab.txt"
SENTENCEPIECE_FILE = "spm.model"
BEST_WEIGHTS = "best.safetensors"
LAST_WEIGHTS = "last.safetensors"
LEXICON_FILE = "lexicon.txt"
STEPS_FILE = "steps.csv"


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

    def write_config(self, config):
        """Write ``model.json`` and ``labels.txt`` for a ``TaggerConfig``."""
        config.tag_set.save(self.file("labels.txt"))
        write_json(self.file("model.json"), config.to_dict())

    def write_lexicon(self, lexicon):
        """Write the words of a ``WordLexicon``."""
        lexicon.write(self.file(LEXICON_FILE))

    def read_config(self):
        """The directory's ``TaggerConfig``. Raises UserError when this is no training output directory."""
        if not os.path.isdir(self.path):
            raise UserError(f"--model_dir: {self.path} is not a directory, expected the output directory of a training run")
        return TaggerConfig.from_dict(read_json(self.file("model.json"), "the tagger configuration written by training"))

    def read_tokenizer(self, config):
        """The tokenizer the model was trained with; for a lattice a ``LatticeTokenizer`` with its lexicon."""
        spm = self.file(SENTENCEPIECE_FILE)
        if os.path.exists(spm):
            tokenizer = load_tokenizer(spm_model_file=spm, do_lower_case=config.do_lower_case)
        else:
            tokenizer = load_tokenizer(vocab_file=self.vocab_file, do_lower_case=config.do_lower_case)
        tokenizer.check_size(config.encoder.vocab_size)
        if config.lattice is None:
            return tokenizer
        lexicon = WordLexicon.read(self.file(LEXICON_FILE), config.lattice.num_words, config.lattice.max_word_length)
        return LatticeTokenizer(tokenizer, lexicon)

    def write_weights(self, name, model):
        """Write all of a model's weights as float32 to ``name``, whole or not at all."""
        weights = {key: np.ascontiguousarray(variable.numpy()) for key, variable in model.weight_map().items()}
        with atomic_write(self.file(name), "wb") as f:
            f.write(save(weights))

    def read_weights(self, model, name=None):
        """Assign stored weights to a model.

        Args:
          model: a ``TaggerModel`` of this directory's config.
          name: file name; by default the best weights, or the last ones where no dev set chose.

        Raises:
          CheckpointError: there are none, or a tensor is missing, left over or of another shape.
        """
        if name is None:
            name = BEST_WEIGHTS if os.path.exists(self.file(BEST_WEIGHTS)) else LAST_WEIGHTS
        path = self.file(name)
        if not os.path.exists(path):
            raise CheckpointError(f"{path}: no such file, expected the weights of a finished training epoch")
        weights = model.weight_map()
        try:
            with safe_open(path, framework="numpy") as stored:
                names = set(stored.keys())
                for key in sorted(names - set(weights)):
                    raise CheckpointError(f"{path}: tensor {key}: nothing in the model's configuration takes it")
                for key, variable in weights.items():
                    if key not in names:
                        raise CheckpointError(f"{path}: tensor {key}: missing, expected shape {list(variable.shape)}")
                    value = stored.get_tensor(key)
                    if list(value.shape) != list(variable.shape):
                        raise CheckpointError(f"{path}: tensor {key}: expected shape {list(variable.shape)}, found {list(value.shape)}")
                    variable.assign(value.astype(np.float32))
        except SafetensorError as e:
            raise CheckpointError(f"{path}: not a readable safetensors file: {e}") from e
