"""From settings to a network: encoder, recurrent layer, CRF, and the words and vectors they start from.

Every system of the paper's comparison is a choice of these settings; all else is the same for each.
"""

import dataclasses
import hashlib
from typing import Optional

import numpy as np

from albert import checkpoints
from albert.errors import FieldError
from albert.files import sha256
from albert.tokenization import load_tokenizer
from albert.training.starting_point import StartingPoint, find_starting_point
from albert.vocabulary import SPECIAL_TOKENS, choose_vocabulary, count_characters
from ner.lattice.lexicon import WordLexicon
from ner.lattice.sources import lexicon_words
from ner.lattice.tokenizer import LatticeTokenizer
from ner.lattice.vectors import read_vectors
from ner.model.config import CharEncoderConfig, LatticeConfig, TaggerConfig
from ner.model.network import TaggerModel
from ner.training.starting_point import check_vocabulary, prepare_tokenizer, read_tokenizer

# A character seen once in training cannot be told from an unseen one: it trains the vector of unknown characters.
_MIN_CHARACTER_COUNT = 2


def find_encoder(files, network):
    """The pretrained encoder to start from: ``StartingPoint``, or None for character vectors.

    Args:
      files: ``EncoderFiles``.
      network: ``NetworkSettings``.

    Raises:
      UserError: a file is missing or broken.
    """
    return None if network.encoder == "char" else find_starting_point(files)


@dataclasses.dataclass(frozen=True)
class Recipe:
    """A network to be trained, and what it starts from.

    Attributes:
      start: ``StartingPoint`` of the encoder; for character vectors with a ``CharEncoderConfig``.
      config: ``TaggerConfig``.
      lexicon: ``WordLexicon`` of a lattice or SoftLexicon, else None.
      char_vectors, word_vectors: dicts from character or word to its pretrained vector; empty where there are none.
      vocabulary: entries of the vocabulary where no file gives them, else None.
      origin: JSON-ready dict of what, besides config and data, decides the weights that training starts from.
    """

    start: StartingPoint
    config: TaggerConfig
    lexicon: Optional[WordLexicon]
    char_vectors: dict
    word_vectors: dict
    vocabulary: Optional[tuple]
    origin: dict

    def prepare(self, directory, texts):
        """Write what describes the model into a ``ModelDir``. Returns the tokenizer."""
        tokenizer = prepare_tokenizer(self.start, directory, texts, self.config.do_lower_case, self.vocabulary)
        tokenizer.character_map = self.config.character_map
        if self.lexicon is not None:
            directory.write_lexicon(self.lexicon)
            tokenizer = LatticeTokenizer(tokenizer, self.lexicon)
        directory.write_config(self.config)
        return tokenizer

    def read_vocabulary(self):
        """dict from entry to id, of the vocabulary that is given; empty where it is made of the training text.

        Raises:
          UserError: its file is broken or does not fit the encoder.
        """
        tokenizer = read_tokenizer(self.start, self.config.do_lower_case)
        return tokenizer.vocab if tokenizer else {token: row for row, token in enumerate(self.vocabulary or ())}

    def make_model(self):
        """The ``TaggerModel`` with the weights that training starts from. Raises UserError for broken files: nothing is written yet."""
        vocabulary, checkpoint = self.read_vocabulary(), self.start.checkpoint
        model = TaggerModel(self.config, checkpoints.load_encoder(checkpoint, require_pooler=False) if checkpoint else None)
        if self.char_vectors:
            _fill(model.encoder.embeddings.word, vocabulary, self.char_vectors)
        if self.word_vectors:
            own = self.lexicon.words[: self.lexicon.num_words]
            _fill(model.words.word, {word: row for row, word in enumerate(own, start=1)}, self.word_vectors)
        if self.config.softlexicon:
            model.words.frequency.assign(self.lexicon.frequencies)
        return model

    def describe(self):
        """Description of the words and vectors: list of lines for the log."""
        lines = []
        if self.char_vectors:
            lines.append(f"character vectors: {len(self.char_vectors):,} of {self.config.encoder.vocab_size:,} pretrained")
        if self.lexicon is not None:
            own = self.lexicon.num_words
            lines.append(f"lexicon: {len(self.lexicon.words):,} words, {own:,} with vectors, {len(self.word_vectors):,} of them pretrained")
        return lines


def build_recipe(files, network, start, data, edge_punctuation=True):
    """The recipe that the settings describe.

    Args:
      files: ``EncoderFiles``.
      network: ``NetworkSettings``.
      start: what ``find_encoder`` returned.
      data: ``TrainingData``.
      edge_punctuation: as the field of ``TaggerConfig``.

    Raises:
      UserError: a setting is out of range, or a file is missing or malformed.
    """
    texts = data.texts
    char_vectors, word_vectors, lexicon, vocabulary, origin = {}, {}, None, None, {"init_checkpoint": files.init_checkpoint}
    if start is None:
        if network.char_vectors:
            char_vectors = read_vectors(network.char_vectors, lambda word: len(word) == 1, network.char_embedding_size)
            _require_some(char_vectors, "char_vectors", network.char_vectors, "single characters")
            origin["char_vectors"] = sha256(network.char_vectors)
        start, vocabulary = _start_of_characters(files, network, texts, char_vectors)
    check_vocabulary(start, texts, files.do_lower_case)
    if network.reads_words:
        lattice = LatticeConfig(0, network.word_embedding_size, network.max_word_length)
        words = set(lexicon_words(network.word_lexicon, texts, lattice.max_word_length))
        if network.word_vectors:
            word_vectors = read_vectors(network.word_vectors, words.__contains__, lattice.word_embedding_size)
            _require_some(word_vectors, "word_vectors", network.word_vectors, "the lexicon's words")
            origin["word_vectors"] = sha256(network.word_vectors)
        lexicon = WordLexicon.choose(words, texts, lattice.max_word_length, word_vectors)
        origin["lexicon"] = hashlib.sha256("\n".join(lexicon.words).encode("utf-8", "surrogatepass")).hexdigest()
    config = TaggerConfig(
        encoder=start.config,
        tag_set=data.tag_set,
        max_seq_length=network.max_seq_length,
        do_lower_case=files.do_lower_case,
        rnn=network.rnn,
        lstm_cell=network.lstm_cell,
        lstm_units=network.lstm_units,
        lattice=dataclasses.replace(lattice, num_words=lexicon.num_words) if lexicon is not None else None,
        use_crf=network.use_crf,
        dropout=network.dropout,
        character_map=network.character_map,
        softlexicon=network.softlexicon,
        silver=bool(data.silver),
        edge_punctuation=edge_punctuation,
    )
    return Recipe(start, config, lexicon, char_vectors, word_vectors, vocabulary, origin)


def _require_some(vectors, name, path, words):
    if not vectors:
        raise FieldError(f"{{{name}}}: {{}}: found vectors of none of {words}, expected some", path)


def _start_of_characters(files, network, texts, char_vectors):
    """(``StartingPoint``, vocabulary): a given vocabulary, or one of the training text's characters and those with pretrained vectors."""
    if files.vocab_file:
        size = load_tokenizer(files.vocab_file, None, files.do_lower_case).vocab_size
        return StartingPoint(CharEncoderConfig(size, network.char_embedding_size), vocab_file=files.vocab_file), None
    counts = {c: n for c, n in count_characters(texts, files.do_lower_case).items() if n >= _MIN_CHARACTER_COUNT}
    counts.update({c: 0 for c in char_vectors if c not in counts and c.isprintable() and not c.isspace()})
    tokens = choose_vocabulary(counts, len(counts) + len(SPECIAL_TOKENS)) if counts else SPECIAL_TOKENS
    return StartingPoint(CharEncoderConfig(len(tokens), network.char_embedding_size)), tuple(tokens)


def _fill(table, rows, vectors):
    """Put vectors into the rows of a table; ``rows`` maps each row's word to its number."""
    values = table.numpy()
    known = [(row, vectors[word]) for word, row in rows.items() if word in vectors]
    if known:
        places, found = zip(*known)
        values[list(places)] = np.stack(found)
        table.assign(values)
