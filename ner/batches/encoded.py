"""From examples to batches of ids, deterministic in the seed.

Shapes: B sentences in a batch, T characters of the longest one, padded.
"""

import dataclasses
from typing import Optional

import numpy as np

from ner.batches.tagging_batches import padded_width

# Shuffled sentences are sorted by length within pools of at most this many batches: little padding, and still a random order.
_POOL_BATCHES = 64
# And of at most this share of the batches: in a pool of all sentences the same ones would meet in every epoch.
_POOL_SHARE = 1 / 4
# Lengths are padded to a multiple of this, which keeps the number of different shapes, and so of compiled kernels, small.
PAD_TO = 8


@dataclasses.dataclass(frozen=True)
class EncodedExamples:
    """Sentences as ids, end to end in flat arrays.

    Attributes:
      word_ids: int32 [total characters], without [CLS] and [SEP].
      tag_ids: int32 [total characters], or None for text without tags.
      offsets: int64 [N + 1]; sentence ``i`` is ``word_ids[offsets[i]:offsets[i + 1]]``.
      cls_id, sep_id, pad_id: the vocabulary's special ids.
      max_seq_length: padding never makes a row longer than this many tokens, [CLS] and [SEP] included.
      lattice_words: int32 [total characters, S], ids of the words that start at each character, as ``WordLexicon.match`` gives
        them; None where no lexicon is used.
      num_gold: sentences before this number are of the training set, those from it on are silver; None where all are of one kind.
      silver_id: the first token of silver sentences, in place of ``cls_id``.
    """

    word_ids: np.ndarray
    tag_ids: np.ndarray
    offsets: np.ndarray
    cls_id: int
    sep_id: int
    pad_id: int
    max_seq_length: int
    lattice_words: Optional[np.ndarray] = None
    num_gold: Optional[int] = None
    silver_id: Optional[int] = None

    def __len__(self):
        return len(self.offsets) - 1

    @property
    def lengths(self):
        """int32 [N], characters per sentence."""
        return np.diff(self.offsets).astype(np.int32)

    def batch(self, indices, multiple=PAD_TO):
        """The model's inputs for some sentences.

        Args:
          indices: int [B].
          multiple: rows have a multiple of this many tokens.

        Returns:
          dict with ``input_word_ids`` int32 [B, T + 2], ``lengths`` int32 [B], when there is a lexicon ``lattice_words`` int32
          [B, T, S], and when there are tags ``tag_ids`` int32 [B, T]; T + 2 is the longest sentence's number of tokens rounded
          up to a multiple of ``multiple``, but at most ``max_seq_length``.

        Raises:
          ValueError: a sentence is longer than ``max_seq_length`` allows; it should have been cut into windows.
        """
        lengths = (self.offsets[indices + 1] - self.offsets[indices]).astype(np.int32)
        longest = int(lengths.max(initial=1)) + 2
        if longest > self.max_seq_length:
            raise ValueError(f"a sentence of {longest} tokens does not fit into {self.max_seq_length}")
        width = min(padded_width(longest, multiple), self.max_seq_length) - 2
        words = np.full([len(indices), width + 2], self.pad_id, np.int32)
        words[:, 0] = self.cls_id if self.num_gold is None else np.where(indices < self.num_gold, self.cls_id, self.silver_id)
        words[np.arange(len(indices)), lengths + 1] = self.sep_id
        real = np.arange(width) < lengths[:, None]
        flat = (self.offsets[indices][:, None] + np.arange(width))[real]
        words[:, 1:-1][real] = self.word_ids[flat]
        inputs = {"input_word_ids": words, "lengths": lengths}
        for name, values in (("lattice_words", self.lattice_words), ("tag_ids", self.tag_ids)):
            if values is not None:
                inputs[name] = np.zeros([len(indices), width, *values.shape[1:]], np.int32)
                inputs[name][real] = values[flat]
        return inputs


def encode(texts, tokenizer, max_seq_length, tags=None, tag_set=None, num_gold=None):
    """Look up the ids of texts, of the words in them if the tokenizer has a lexicon, and of their tags.

    Args:
      texts: sequence of N strings.
      tokenizer: one id per character, ``CharTokenizer`` or ``SentencePieceTokenizer``; or a ``LatticeTokenizer``.
      max_seq_length: longest row in tokens; no text may be longer than this less 2.
      tags: N tag sequences as long as their texts, or None.
      tag_set: ``TagSet`` that gives the tags' ids; needed with ``tags``.
      num_gold: of training sentences followed by silver ones, how many the former are.

    Returns:
      ``EncodedExamples``.
    """
    texts = [tokenizer.map_characters(text) for text in texts]
    offsets = np.zeros(len(texts) + 1, np.int64)
    np.cumsum([len(text) for text in texts], out=offsets[1:])
    word_ids = tokenizer.look_up("".join(texts))
    tag_ids = None
    if tags is not None:
        tag_ids = np.concatenate([tag_set.encode(sentence) for sentence in tags])
    lexicon = getattr(tokenizer, "lexicon", None)
    lattice_words = lexicon.match(texts) if lexicon is not None else None
    special = tokenizer.cls_id, tokenizer.sep_id, tokenizer.pad_id
    silver_id = tokenizer.mask_id if num_gold is not None else None
    return EncodedExamples(word_ids, tag_ids, offsets, *special, max_seq_length, lattice_words, num_gold, silver_id)


def num_batches(count, batch_size):
    """Batches in an epoch of ``count`` sentences."""
    return -(-count // batch_size)


def training_batches(lengths, batch_size, seed, epoch, as_0_1_0=False):
    """The batches of one epoch: every sentence once, similar lengths together, order a function of seed and epoch alone.

    All batches have the same size, the smallest with which there are no more of them, but for a random one that has what is left.

    Args:
      lengths: int [N].
      batch_size: most sentences in a batch.
      seed, epoch: ints.
      as_0_1_0: whether to make those of version 0.1.0: pools have 64 batches, however few there are, and the last batch has what is left,
        the longest sentences of the last pool.

    Returns:
      list of ``num_batches`` int64 arrays of sentence indices.
    """
    random = np.random.default_rng([seed, epoch])
    order = random.permutation(len(lengths))
    count = num_batches(len(order), batch_size)
    if as_0_1_0:
        ends, in_pool = np.minimum(np.arange(1, count + 1) * batch_size, len(order)), _POOL_BATCHES
        pools = np.split(np.arange(count), np.arange(in_pool, count, in_pool))
    else:
        sizes = np.full(count, -(-len(order) // count))
        sizes[random.integers(count)] -= sizes.sum() - len(order)
        ends, in_pool = np.cumsum(sizes), min(max(int(count * _POOL_SHARE), 1), _POOL_BATCHES)
        pools = np.array_split(np.arange(count), num_batches(count, in_pool))
    batches, begin = [], 0
    for pool in pools:
        part = order[begin : ends[pool[-1]]]
        part = part[np.argsort(lengths[part], kind="stable")]
        batches += np.split(part, ends[pool[:-1]] - begin)
        begin = ends[pool[-1]]
    return [batches[i] for i in random.permutation(count)]
