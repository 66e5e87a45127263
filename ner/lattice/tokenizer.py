"""A tokenizer that finds words besides characters."""


class LatticeTokenizer:
    """A character tokenizer together with a lexicon: all that text needs to become a lattice LSTM's inputs.

    It has the tokenizer's attributes and methods, and ``lexicon``, whose words ``ner.batches.encoded.encode`` looks up as well.

    Args:
      tokenizer: one id per character.
      lexicon: ``WordLexicon``.
    """

    def __init__(self, tokenizer, lexicon):
        self._tokenizer = tokenizer
        self.lexicon = lexicon

    def __getattr__(self, name):
        if name == "_tokenizer":
            raise AttributeError(name)
        return getattr(self._tokenizer, name)
