"""``tokenizer.json``, the file of HuggingFace's fast tokenizers, where a repository has no ``vocab.txt``."""

from albert.errors import VocabularyError
from albert.files import read_json

NAME = "tokenizer.json"


def read_entries(path):
    """The vocabulary in a ``tokenizer.json``.

    Args:
      path: the file; its model must be WordPiece, as BERT's is.

    Returns:
      list of entries, in order of their ids.

    Raises:
      VocabularyError: the file is broken, its model is of another kind, or its ids are not 0 … V - 1, each once.
    """
    contents = read_json(path, "a tokenizer of HuggingFace's tokenizers library", error=VocabularyError)
    model = contents.get("model")
    kind = model.get("type", "WordPiece" if "max_input_chars_per_word" in model else None) if isinstance(model, dict) else None
    if kind != "WordPiece":
        raise VocabularyError(f"{path}: expected a WordPiece model, found {kind}; its own file beside it, spiece.model or so, may do")
    ids = dict(model["vocab"]) if isinstance(model.get("vocab"), dict) else {}
    added = contents.get("added_tokens")
    for token in added if isinstance(added, list) else ():
        if isinstance(token, dict) and isinstance(token.get("content"), str):
            ids.setdefault(token["content"], token.get("id"))
    entries = [None] * len(ids)
    for entry, number in ids.items():
        if not entry or "\n" in entry or entry.endswith("\r"):
            raise VocabularyError(f"{path}: expected entries that a vocab.txt can hold, found {entry!r}")
        if type(number) is not int or not 0 <= number < len(ids) or entries[number] is not None:
            raise VocabularyError(f"{path}: expected the ids 0 to {len(ids) - 1}, each once, found {number!r} for {entry!r}")
        entries[number] = entry
    return entries
