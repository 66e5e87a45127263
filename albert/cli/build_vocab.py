"""Make a character vocabulary from text.

::

    python -m albert.build_vocab --input='corpus/*.txt.xz' --vocab_size=8000 --output=vocab.txt

The special tokens come first, then the characters asked for by ``--include_characters``, then all others by falling count. Text is
often half-width (50%) in one corpus and full-width (５０％) in another; with ``--full_width_forms`` every ASCII character that gets in
brings its full-width form along, and ``run_pretraining.py --full_width_prob`` then shows the model both.
"""

import os

from absl import flags

from albert import command
from albert.errors import UserError
from albert.pretraining.text import find_files, read_lines
from albert.tokenization import lower_case
from albert.vocabulary import SPECIAL_TOKENS, choose_vocabulary, count_characters, write_vocabulary

# U+FF01 … U+FF5E are U+0021 … U+007E moved by this much.
FULL_WIDTH_OFFSET = 0xFEE0
_ASCII = [chr(c) for c in range(0x21, 0x7F)]


def build_vocabulary(patterns, vocab_size, do_lower_case=True, include_characters="", full_width_forms=True, min_count=1):
    """Choose the entries of a vocabulary.

    Args:
      patterns: paths or glob patterns of text files; see ``albert.pretraining.text``.
      vocab_size: number of entries, special tokens included.
      do_lower_case: as the tokenizer that will use it.
      include_characters: characters that get in whatever their count.
      full_width_forms: whether each ASCII character that occurs brings its full-width form along.
      min_count: a character that occurs less often stays out, unless included by one of the above.

    Returns:
      (tokens, counts): list of ``vocab_size`` strings, and the ``Counter`` of all characters found.

    Raises:
      UserError: a file is missing or broken, or there is no text.
      VocabularyError: ``vocab_size`` has no room for what must get in.
    """
    paths = [path for pattern in patterns for path in find_files(pattern, "input")]
    counts = count_characters((line for path in paths for line in read_lines(path)), do_lower_case)
    if not counts:
        raise UserError(f"--input: no characters in {len(paths)} files ({paths[0]}, …), expected text")
    included = [lower_case(c) if do_lower_case else c for c in include_characters]
    if full_width_forms:
        included += [chr(ord(c) + FULL_WIDTH_OFFSET) for c in _ASCII if c in counts]
    included = list(dict.fromkeys(c for c in included if len(c) == 1 and not c.isspace()))
    room = vocab_size - len(SPECIAL_TOKENS) - 1
    if len(included) > room:
        raise UserError(
            f"--vocab_size: {vocab_size} leaves no room for {len(SPECIAL_TOKENS)} special tokens, {len(included)} included "
            "characters and one other; expected more"
        )
    # Above every count, in the order they were asked for.
    ranks = {c: n for c, n in counts.items() if n >= min_count}
    highest = max(counts.values())
    ranks.update({c: highest + len(included) - i for i, c in enumerate(included)})
    return choose_vocabulary(ranks, vocab_size), counts


def main(_):
    """The command; see the module."""
    options = flags.FLAGS
    if os.path.exists(options.output) and not options.overwrite:
        raise UserError(f"--output: {options.output} exists; give another name, or --overwrite to replace it")
    if options.vocab_size < 1 or options.min_count < 1:
        raise UserError(f"--vocab_size and --min_count: expected at least 1, found {options.vocab_size} and {options.min_count}")
    tokens, counts = build_vocabulary(
        options.input,
        options.vocab_size,
        options.do_lower_case,
        options.include_characters,
        options.full_width_forms,
        options.min_count,
    )
    try:
        write_vocabulary(tokens, options.output)
    except OSError as e:
        raise UserError(f"--output: cannot write {options.output}: {e.strerror}") from e
    total = sum(counts.values())
    covered = sum(counts[token] for token in tokens)
    unused = sum(token.startswith("[unused") for token in tokens)
    print(f"{options.output}: {len(tokens):,} entries, {unused:,} of them unused")
    print(f"{total:,} characters, {len(counts):,} different; {100 * covered / total:.4f} % are in the vocabulary")


if __name__ == "__main__":
    command.define_list("input", None, "Text files, by path or glob pattern, separated by commas; .xz, .gz and .bz2 too.", required=True)
    flags.DEFINE_integer("vocab_size", 8000, "Number of entries, the five special tokens among them.")
    flags.DEFINE_string("output", None, "The vocab.txt to write.", required=True)
    flags.DEFINE_bool("overwrite", False, "Replace --output if it exists.")
    flags.DEFINE_bool("do_lower_case", True, "Lower-case the text, as the tokenizer will.")
    flags.DEFINE_string("include_characters", "", "Characters that get in whatever their count.")
    flags.DEFINE_bool("full_width_forms", True, "Every ASCII character that occurs brings its full-width form along.")
    flags.DEFINE_integer("min_count", 1, "Characters that occur less often stay out; [unused…] entries fill the room.")
    command.run(main)
