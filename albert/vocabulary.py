"""Character vocabularies made from text."""

import collections
import os
import shutil

from albert.errors import VocabularyError
from albert.files import atomic_write
from albert.tokenization import lower_case
from albert.vocabulary_file import read_with_remarks

SPECIAL_TOKENS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")


def count_characters(texts, do_lower_case=True):
    """Number of lookups of each vocabulary entry in some texts.

    Args:
      texts: iterable of strings.
      do_lower_case: as the tokenizer that will use the vocabulary.

    Returns:
      ``collections.Counter`` from character to count; white space and control characters are left out.
    """
    counts = collections.Counter()
    for text in texts:
        counts.update(text)
    if do_lower_case:
        lowered = collections.Counter()
        for character, count in counts.items():
            lowered[lower_case(character)] += count
        counts = lowered
    return collections.Counter({c: n for c, n in counts.items() if len(c) == 1 and c.isprintable() and not c.isspace()})


def choose_vocabulary(counts, size):
    """The ``size`` entries of a vocabulary: special tokens, then characters by falling count, then ``[unused…]`` to fill up.

    Args:
      counts: mapping from character to count.
      size: entries wanted; the special tokens are five of them.

    Returns:
      list of ``size`` different strings.

    Raises:
      VocabularyError: ``size`` leaves no room for a single character.
    """
    if size <= len(SPECIAL_TOKENS):
        raise VocabularyError(f"vocab_size: must be above {len(SPECIAL_TOKENS)}, the number of special tokens, found {size}")
    ranked = sorted(counts, key=lambda c: (-counts[c], c))[: size - len(SPECIAL_TOKENS)]
    unused = size - len(SPECIAL_TOKENS) - len(ranked)
    return [*SPECIAL_TOKENS, *ranked, *(f"[unused{i + 1}]" for i in range(unused))]


def write_vocabulary(tokens, path):
    """Write a ``vocab.txt``: one entry per line, its line number its id."""
    with atomic_write(path) as f:
        f.writelines(token + "\n" for token in tokens)


def copy_vocabulary(source, target):
    """Copy a vocabulary or SentencePiece model byte for byte; a ``tokenizer.json``, or a ``vocab.txt`` that is read with a remark, becomes
    a plain ``vocab.txt``."""
    if os.fspath(target).endswith(".txt"):
        tokens, remarks = read_with_remarks(source)
        if remarks or os.fspath(source).endswith(".json"):
            write_vocabulary(tokens, target)
            return
    with open(source, "rb") as f, atomic_write(target, "wb") as copy:
        shutil.copyfileobj(f, copy)
