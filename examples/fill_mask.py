"""Fills the blanks of a text by a pretrained model.

::

    python examples/fill_mask.py --checkpoint=albert_base_zh '江苏省[MASK]京市' 北京是中国的首〇。

A blank is [MASK], 〇 or □. Without texts, lines are read from standard input. Every blank is filled with the others still open; the
output is one line per blank: its offset in the text, then the likeliest characters with their probabilities.
"""

import sys

import numpy as np
from absl import flags

from albert import checkpoints, command
from albert.errors import CheckpointError, UserError
from albert.tokenization import load_tokenizer

BLANKS = "〇□"


def fill(model, tokenizer, text, top_k=5):
    """The likeliest characters for each blank of a text.

    Args:
      model: ``albert.AlbertForPretraining``.
      tokenizer: its tokenizer.
      text: string with blanks.
      top_k: how many characters for each.

    Returns:
      list of (offset, [(character, probability), …]), one for each blank; offsets count each blank as one character.

    Raises:
      UserError: there is no blank, or the text is longer than the model's positions.
    """
    text = text.replace("[MASK]", BLANKS[0])
    offsets = [i for i, character in enumerate(text) if character in BLANKS]
    if not offsets:
        raise UserError(f"{text!r}: no blank, expected [MASK], {' or '.join(BLANKS)}")
    limit = model.config.max_position_embeddings - 2
    if len(text) > limit:
        raise UserError(f"{text[:20]!r}…: {len(text)} characters, expected at most {limit}")
    ids = tokenizer.encode(text).copy()
    ids[offsets] = tokenizer.mask_id
    ids = np.concatenate([[tokenizer.cls_id], ids, [tokenizer.sep_id]]).astype(np.int32)
    positions = np.array(offsets, np.int32) + 1
    logits = np.asarray(model({"input_word_ids": ids[None], "masked_lm_positions": positions[None]})["masked_lm_logits"][0], np.float64)
    probabilities = np.exp(logits - logits.max(axis=1, keepdims=True))
    probabilities /= probabilities.sum(axis=1, keepdims=True)
    tokens = list(tokenizer.vocab)
    best = np.argsort(-probabilities, axis=1, kind="stable")[:, :top_k]
    return [(offset, [(tokens[i], float(row[i])) for i in ids]) for offset, ids, row in zip(offsets, best, probabilities)]


def main(arguments):
    """The command; see the module."""
    options = flags.FLAGS
    found = checkpoints.find(options.checkpoint, None, options.vocab_file, options.spm_model_file)
    vocab_file = None if options.spm_model_file else found.vocab_file
    if not vocab_file and not found.spm_model_file:
        raise CheckpointError(f"--vocab_file: not given, and no vocabulary lies beside {options.checkpoint}")
    tokenizer = load_tokenizer(vocab_file, None if vocab_file else found.spm_model_file, options.do_lower_case)
    tokenizer.check_size(found.config.vocab_size, found.config_file)
    model = checkpoints.load_pretraining_model(found)
    for line in arguments[1:] or sys.stdin:
        text = line.rstrip("\n")
        if not text:
            continue
        print(text)
        for offset, characters in fill(model, tokenizer, text, options.top_k):
            print(f"{offset:4}  " + "  ".join(f"{character} {100 * probability:.1f} %" for character, probability in characters))


if __name__ == "__main__":
    flags.DEFINE_string("checkpoint", None, "A checkpoint with its masked-LM head, in any published layout.", required=True)
    flags.DEFINE_string("vocab_file", None, "Its vocab.txt, if not the one beside it.")
    flags.DEFINE_string("spm_model_file", None, "Its SentencePiece model, if not the one beside it.")
    flags.DEFINE_bool("do_lower_case", True, "Lower-case the text, as in pretraining.")
    flags.DEFINE_integer("top_k", 5, "Characters shown for each blank.", lower_bound=1)
    command.run(main, arguments=["[TEXT…]"])
